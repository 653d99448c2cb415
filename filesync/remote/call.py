"""The description of one API request, before it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from filesync.remote.answers import MOST_OBJECT
from filesync.remote.decode import parse_json
from filesync.remote.retry import Kind


class Payload(Protocol):
    """A request's body: exactly `size` bytes, from the start at each iteration."""

    @property
    def content_type(self) -> str: ...

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class JsonPayload:
    """A small JSON document as a request's body."""

    content_type = "application/json"

    def __init__(self, document: Mapping[str, object]) -> None:
        self._bytes = json.dumps(document).encode()
        self.size = len(self._bytes)

    def __iter__(self) -> Iterator[bytes]:
        yield self._bytes


class Call(NamedTuple):
    """One request to send; `path` is below the base URL and already quoted.

    what    completes "could not …" in messages, safe to print
    doubt   says what may have happened if a request that cannot be repeated got no clear answer
    slow    the server may take long to answer
    headers in addition to those of every request
    read    returns the JSON of an answer's body; BadAnswer if that is none
    """

    method: str
    path: str
    what: str
    kind: Kind = Kind.REPEATABLE
    params: Mapping[str, str] = {}
    payload: Payload | None = None
    doubt: str = ""
    slow: bool = False
    headers: Mapping[str, str] = {}
    most_bytes: int = MOST_OBJECT
    read: Callable[[bytes], object] = parse_json
