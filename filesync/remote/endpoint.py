"""Where the API is and who asks: the base URL, checked before any use, and the credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from filesync.core.servers import path_fault
from filesync.core.text import quoted
from filesync.errors import FilesyncError
from filesync.remote.credentials import HEADER_SAFE, Credentials

_VERSION = re.compile(r"v\d")  # also of "v1beta"


@dataclass(frozen=True)
class Endpoint:
    """A server of the Files API and the credentials for it; `url` has no slash at its end."""

    url: str
    credentials: Credentials
    organization: str | None = None
    project: str | None = None

    @property
    def guess(self) -> str:
        """A question, for a hint, where the URL does not name the API's version; else ""."""
        parts = urlsplit(self.url).path.split("/")
        if re.fullmatch(r"v\d+", parts[-1]) and parts[-1] != "v1":
            return f"the API's version is v1: did you mean {self.url.rpartition('/')[0]}/v1?"
        if parts[-2:] == ["v1", "v1"]:
            return f"did you mean {self.url.rpartition('/')[0]}?"
        if any(_VERSION.match(part) for part in parts):
            return ""
        return f"did you mean {self.url}/v1?"


def checked_url(url: str) -> str:
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
    if not HEADER_SAFE.fullmatch(url) or "\\" in url:
        return "has characters that cannot be in a URL"
    if parts.scheme not in ("http", "https"):
        return "does not begin with https:// or http://"
    if not parts.hostname or parts.port == 0:  # reading the port checks its range
        return "names no host"
    if "?" in url or "#" in url:
        return "has a query or a fragment"
    if fault := path_fault(url):
        return fault
    parts.hostname.encode("idna")  # an over-long label would fail in the resolver, as UnicodeError
    return ""
