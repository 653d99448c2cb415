"""Where the API is and who asks: the base URL and the credentials, checked before any use.

The key goes into a header of every request, so it is checked here for everything that would
make a header illegal: the HTTP library's own complaint would print it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from filesync.core.text import quoted
from filesync.errors import FilesyncError

_HEADER_SAFE = re.compile("[!-~]+")  # printable ASCII without the space
_VERSION = re.compile(r"v\d")  # also of "v1beta"


@dataclass(frozen=True)
class Endpoint:
    """A server of the Files API and the credentials for it; `url` has no slash at its end."""

    url: str
    api_key: str = field(repr=False)
    organization: str | None = None
    project: str | None = None

    @classmethod
    def from_env(
        cls, url: str, environ: Mapping[str, str], *, allow_insecure_http: bool
    ) -> Endpoint:
        """Return the endpoint at `url` with the credentials that the official clients read.

        Raises FilesyncError for a URL or a credential that cannot be used, and for plain http
        to another machine unless `allow_insecure_http`; no message shows a credential.
        """
        url = _checked_url(url)
        plain = urlsplit(url).scheme == "http"
        if plain and not is_loopback(url) and not allow_insecure_http:
            raise FilesyncError(
                f"{url} is plain http: the API key would be readable on the way",
                "use https, or pass --allow-insecure-http if that network is yours",
            )
        key = _credential(environ, "OPENAI_API_KEY")
        if key is None:
            raise FilesyncError(
                "OPENAI_API_KEY is not set",
                "set it, or try filesync without a key or a network: --base-url emulator:DIR",
            )
        return cls(
            url,
            key,
            _credential(environ, "OPENAI_ORG_ID"),
            _credential(environ, "OPENAI_PROJECT_ID"),
        )

    @property
    def guess(self) -> str:
        """A question, for a hint, where the URL names no version as the API's do; else ""."""
        if any(_VERSION.match(part) for part in urlsplit(self.url).path.split("/")):
            return ""
        return f"did you mean {self.url}/v1?"


def is_loopback(url: str) -> bool:
    """Tell whether `url` names this machine: localhost, *.localhost, 127.0.0.0/8 or ::1."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_url(url: str) -> str:
    """Return `url` without the slashes at its end, or say what a base URL must not have."""
    if "@" in url:  # before any message could show it
        raise FilesyncError(
            "the base URL holds a user name or password",
            "leave them out: the key comes from OPENAI_API_KEY",
        )
    try:
        complaint = _complaint(url)
    except ValueError:
        complaint = "is not a URL"
    if complaint:
        raise FilesyncError(
            f"the base URL {quoted(url)} {complaint}",
            "it should look like https://api.openai.com/v1",
        )
    return url.rstrip("/")


def _complaint(url: str) -> str:
    parts = urlsplit(url)
    # A backslash: parsers disagree on where the host ends.
    if not _HEADER_SAFE.fullmatch(url) or "\\" in url:
        return "has characters that cannot be in a URL"
    if parts.scheme not in ("http", "https"):
        return "does not begin with https:// or http://"
    if not parts.hostname or parts.port == 0:  # reading the port checks its range
        return "names no host"
    if "?" in url or "#" in url:
        return "has a query or a fragment"
    parts.hostname.encode("idna")  # an over-long label would fail in the resolver, as UnicodeError
    return ""


def _credential(environ: Mapping[str, str], name: str) -> str | None:
    # Stripped: a key read from a file often brings its newline.
    value = environ.get(name, "").strip()
    if value and not _HEADER_SAFE.fullmatch(value):
        raise FilesyncError(
            f"{name} has spaces, control characters or letters outside ASCII in it",
            "copy it again (not shown here, to keep it secret)",
        )
    return value or None
