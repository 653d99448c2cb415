"""A job's identity, exchanged for a short-lived token: no key has to be stored anywhere.

The identity is a JWT, from GitHub's OIDC service or from a file that the platform mounts. The
token is kept in memory only and is renewed 1,200 s before it expires, as the official client does
(openai-python, `auth/_workload.py`), or after half its life if that is sooner.
"""

from __future__ import annotations

import codecs
import math
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from filesync.core.text import printable
from filesync.errors import ApiError, AuthError, FilesyncError, Interrupted, RemoteError
from filesync.remote import decode
from filesync.remote.call import Call, JsonPayload
from filesync.remote.credentials import HEADER_SAFE, ApiKey
from filesync.remote.endpoint import Endpoint
from filesync.remote.timing import ClientSettings
from filesync.remote.transport import Transport

EXCHANGE_URL = "https://auth.openai.com/oauth/token"
AUDIENCE = "https://api.openai.com/v1"
"""Whom GitHub's token is meant for; the official client asks other clouds for the same."""

_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_JWT = "urn:ietf:params:oauth:token-type:jwt"
_RENEW_SECONDS = 1200.0
_JUST_RENEWED_SECONDS = 5.0
_LONGEST_TOKEN = 1 << 16  # bytes; of a file that may be anything
_REFUSED = (400, 401, 403, 404, 422)  # of a job's identity
_NO_TOKEN = "the answer has no usable token"
_PACE = 1000.0  # requests a minute, which two do not come near


class SubjectToken(Protocol):
    """Where the job's identity comes from."""

    def get(self) -> str:
        """Return the JWT; raises FilesyncError."""
        ...

    def secrets(self) -> Sequence[str]:
        """Return what must not appear in any message, besides the JWT itself."""
        ...


class TokenFile(NamedTuple):
    """A JWT in a file, read again each time: platforms replace it."""

    path: str

    def get(self) -> str:
        """Return the file's content without space around it."""
        try:
            with open(self.path, "rb") as file:
                content = file.read(_LONGEST_TOKEN)
        except OSError as error:
            raise FilesyncError(
                f"cannot read the token file {printable(self.path)}: {error.strerror}",
                "check OPENAI_SUBJECT_TOKEN_FILE",
            ) from None
        token = content.removeprefix(codecs.BOM_UTF8).decode("ascii", "replace").strip()
        if not HEADER_SAFE.fullmatch(token):
            raise FilesyncError(
                f"the token file {printable(self.path)} holds no token",
                "check OPENAI_SUBJECT_TOKEN_FILE: the file holds one JWT and nothing else",
            )
        return token

    def secrets(self) -> Sequence[str]:
        """Return nothing: the path may be shown."""
        return ()


class GitHubToken:
    """The identity of a GitHub Actions job that has `permissions: id-token: write`."""

    def __init__(self, endpoint: Endpoint, settings: ClientSettings) -> None:
        self._endpoint, self._settings = endpoint, settings

    def get(self) -> str:
        """Ask GitHub for a JWT that is meant for OpenAI."""
        joint = "&" if "?" in self._endpoint.url else "?"
        path = f"{joint}audience={quote(AUDIENCE, safe='')}"
        call = Call("GET", path, "get the job's identity token from GitHub")
        hint = "check that the job has `permissions: id-token: write`"
        token, _ = _ask(
            self._endpoint,
            call,
            self._settings,
            "value",
            hint=hint,
            variable="ACTIONS_ID_TOKEN_REQUEST_URL",
        )
        return token

    def secrets(self) -> Sequence[str]:
        """Return the token that the request itself is made with."""
        return self._endpoint.credentials.secrets()


class Identity(NamedTuple):
    """Who the job is to OpenAI: its provider and the service account that it acts as."""

    provider_id: str
    service_account_id: str


class ExchangedToken:
    """Credentials that begin as a job's identity; see the module."""

    def __init__(
        self, subject: SubjectToken, identity: Identity, url: str, settings: ClientSettings
    ) -> None:
        self._subject, self._identity, self._url = subject, identity, url
        self._settings = settings
        self._lock = threading.Lock()
        self._token = ""
        self._made_at = self._renew_at = self._expires_at = 0.0
        self._seen: list[str] = []
        self._sent = threading.local()  # the token that a thread has sent last

    @property
    def source(self) -> str:
        """The variable with the account that the token is for."""
        return "OPENAI_SERVICE_ACCOUNT_ID"

    def headers(self) -> Mapping[str, str]:
        """Return the bearer token, a new one if it is time; one thread asks, the others wait."""
        with self._lock:
            now = self._settings.monotonic()
            if not self._token or now >= self._renew_at:
                try:
                    self._exchange(now)
                except RemoteError:
                    if not self._token or now >= self._expires_at:
                        raise
                    # The old one still does; the next request tries again.
            self._sent.token = self._token
            return {"Authorization": f"Bearer {self._token}"}

    def secrets(self) -> Sequence[str]:
        """Return every token there was in this run, in the exchange or out of it."""
        return (*self._seen, *self._subject.secrets())

    def renew(self) -> bool:
        """Drop a token that the server refuses, unless it has just been renewed.

        Many requests may be refused at once; another one's thread may have renewed it already.
        """
        with self._lock:
            if self._sent.token != self._token:
                return True
            if self._settings.monotonic() - self._made_at < _JUST_RENEWED_SECONDS:
                return False
            self._token = ""
            return True

    def _exchange(self, now: float) -> None:
        subject = self._subject.get()
        self._seen.append(subject)
        document = {
            "grant_type": _GRANT,
            "subject_token": subject,
            "subject_token_type": _JWT,
            "identity_provider_id": self._identity.provider_id,
            "service_account_id": self._identity.service_account_id,
        }
        # The document holds the identity; as the endpoint's key it is kept out of every message.
        endpoint = Endpoint(self._url, _Unsent(subject))
        what = "exchange the job's identity for a token"
        call = Call("POST", "", what, payload=JsonPayload(document))
        hint = "check OPENAI_IDENTITY_PROVIDER_ID, OPENAI_SERVICE_ACCOUNT_ID and what they allow"
        token, lives = _ask(
            endpoint,
            call,
            self._settings,
            "access_token",
            hint=hint,
            variable="OPENAI_TOKEN_EXCHANGE_URL",
        )
        self._seen.append(token)
        self._token, self._made_at = token, now
        self._expires_at = now + lives
        self._renew_at = now + lives - min(_RENEW_SECONDS, lives / 2)


class _Unsent(ApiKey):
    """A secret that goes in the body of a request, not in a header."""

    def headers(self) -> Mapping[str, str]:
        return {}


def github_token(url: str, key: str, settings: ClientSettings) -> GitHubToken:
    """Return the identity of a job, asked for at `url` with the job's own request token."""
    return GitHubToken(Endpoint(url, ApiKey(key)), settings)


def _ask(
    endpoint: Endpoint,
    call: Call,
    settings: ClientSettings,
    field: str,
    *,
    hint: str,
    variable: str,
) -> tuple[str, float]:
    """Return the token in `field` of the answer, and how many seconds it lives; see `_life`.

    Raises AuthError if the job's identity is refused, RemoteError for any other failure; the
    message names the host that was asked.
    """

    def parse(raw: object) -> tuple[str, float]:
        answer = decode.json_object(raw)
        token = answer.get(field)
        if not isinstance(token, str) or not HEADER_SAFE.fullmatch(token):
            raise decode.BadAnswer(_NO_TOKEN)
        return token, _life(answer.get("expires_in"))

    host = urlsplit(endpoint.url).netloc
    transport = Transport(endpoint, requests_per_minute=_PACE, settings=settings)
    try:
        return transport.json(call, parse)
    except Interrupted:
        raise
    except RemoteError as error:
        message = f"{error.message} (asked {host})"
        if isinstance(error, ApiError) and error.status in _REFUSED:
            raise AuthError(message, hint, status=error.status, code=error.code) from None
        # What is said of base_url is about another server than this one.
        elsewhere = not error.hint or "base_url" in error.hint or error.hint == endpoint.guess
        advice = f"check the network, and {variable} if it is set" if elsewhere else error.hint
        raise RemoteError(message, advice) from None
    finally:
        transport.close()


def _life(said: object) -> float:
    """Return the seconds of a token's life; one that nobody tells does until it is refused."""
    if said is None:
        return math.inf
    if isinstance(said, str) and said.isascii() and said.isdigit():
        return float(said)
    if isinstance(said, bool) or not isinstance(said, int | float) or not said >= 0:
        raise decode.BadAnswer(_NO_TOKEN)
    return float(said)
