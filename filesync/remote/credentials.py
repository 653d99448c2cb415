"""What a server knows us by: a key that stays as it is, or a token that is renewed.

Credentials go into a header of every request, so they are checked for everything that would make
a header illegal: the HTTP library's own complaint would print them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from filesync.errors import FilesyncError

HEADER_SAFE = re.compile("[!-~]+")  # printable ASCII without the space


class Credentials(Protocol):
    """The headers that prove who asks; safe to use from many threads."""

    @property
    def source(self) -> str:
        """The variable that it comes from, for a person whom the server refuses."""
        ...

    def headers(self) -> Mapping[str, str]:
        """Return the headers for one request; raises FilesyncError where none can be had."""
        ...

    def secrets(self) -> Sequence[str]:
        """Return everything that must not appear in any message."""
        ...

    def renew(self) -> bool:
        """Say, after a 401, whether the next headers will be others."""
        ...


@dataclass(frozen=True)
class ApiKey:
    """A key or a bearer token from the environment; `header` carries it.

    `source` is the variable that it comes from.
    """

    key: str = field(repr=False)
    header: str = "Authorization"
    source: str = "OPENAI_API_KEY"

    def headers(self) -> Mapping[str, str]:
        """Return the one header: as a bearer token if it is `Authorization`, otherwise as it is."""
        bearer = self.header == "Authorization"
        return {self.header: f"Bearer {self.key}" if bearer else self.key}

    def secrets(self) -> Sequence[str]:
        """Return the key."""
        return (self.key,)

    def renew(self) -> bool:
        """Return False: there is no other key."""
        return False


def credential(environ: Mapping[str, str], name: str) -> str | None:
    """Return a variable of the environment that goes into a header, None if it is not set.

    Raises FilesyncError if no header can carry it; the message does not show it.
    """
    # Stripped: a key read from a file often brings its newline.
    value = environ.get(name, "").strip()
    if value and not HEADER_SAFE.fullmatch(value):
        raise FilesyncError(
            f"{name} has spaces, control characters or letters outside ASCII in it",
            "copy it again (not shown here, to keep it secret)",
        )
    return value or None
