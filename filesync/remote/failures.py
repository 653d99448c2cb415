"""What went wrong with one attempt, as facts for the retry and as a sentence for people.

Everything a server says passes through `clean` on its way into a message: the key replaced,
control characters escaped, and not more of it than a person reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from filesync.core.text import printable
from filesync.remote import decode
from filesync.remote.retry import Failed, Outcome, wished_wait

_LONGEST_MESSAGE = 300
_TAG = re.compile(r"<(style|script).*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)

Redact = Callable[[str], str]


def clean(text: str, redact: Redact, longest: int = _LONGEST_MESSAGE) -> str:
    """Return a server's text, fit to be shown on one line."""
    text = printable(redact(" ".join(text.split())))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def request_id(headers: Mapping[str, str], redact: Redact) -> str:
    """Return " (request ID)" with the answer's x-request-id, or "" if it has none."""
    found = clean(headers.get("x-request-id", ""), redact, 100)
    return f" (request {found})" if found else ""


def refusal(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    sent: bool,
    redact: Redact,
    wall_clock: Callable[[], float],
) -> Failed:
    """Return the failure that an answer with a status outside 2xx means."""
    message, code, api_error = _error_of(body)
    should_retry = {"true": True, "false": False}.get(headers.get("x-should-retry", "").lower())
    outcome = Outcome(
        status,
        sent=sent,
        code=None if code is None else clean(code, redact),
        api_error=api_error,
        wait=wished_wait(headers, wall_clock),
        should_retry=should_retry,
    )
    if 300 <= status < 400:
        place = clean(_place(headers.get("location", "")), redact, 100)
        message = f"it points to {place}" if place else "it points elsewhere"
        hint = "redirects are not followed, as the key would go along: set base_url to that place"
    else:
        message = clean(message, redact)
        hint = _HINTS.get(status, "")
    reason = f"HTTP {status}{': ' if message else ''}{message}{request_id(headers, redact)}"
    return Failed(outcome, reason, hint, web_page=decode.looks_like_html(body))


_HINTS = {
    403: "the key may not do this: check its rights, OPENAI_ORG_ID and OPENAI_PROJECT_ID",
    407: "the proxy wants a password: set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT",
    413: "some servers take smaller files than the API does",
}


def _error_of(body: bytes) -> tuple[str, str | None, bool]:
    """Return message, code and whether it has the API's shape, from whatever a server sends."""
    try:
        raw = decode.parse_json(body)
    except decode.BadAnswer:
        text = body.decode("utf-8", "replace")
        return (_TAG.sub(" ", text) if decode.looks_like_html(body) else text), None, False
    return _in_json(raw)


def _in_json(raw: object) -> tuple[str, str | None, bool]:
    error = raw.get("error", raw) if isinstance(raw, dict) else raw
    if not isinstance(error, dict):
        # What OAuth says: a code, and a sentence beside it.
        more = raw.get("error_description") if isinstance(raw, dict) else None
        return f"{error}: {more}" if isinstance(more, str) and more else str(error), None, False
    # `detail` is FastAPI's word for it, which many compatible servers are built on.
    message = error.get("message") or error.get("detail") or ""
    code = error.get("code")
    shaped = error is not raw and isinstance(error.get("message"), str)
    return str(message), code if isinstance(code, str) else None, shaped


def is_error(raw: object) -> bool:
    """Say whether the JSON of a success is an error all the same, as some gateways send."""
    return isinstance(raw, dict) and bool(raw.get("error")) and not raw.get("id")


def message_of(raw: object) -> str:
    """Return the words of an error."""
    return _in_json(raw)[0]


def _place(location: str) -> str:
    """Return where a redirect leads, without what may give access: its query and its login."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
