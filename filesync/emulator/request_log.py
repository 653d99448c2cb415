"""What was asked, and how it was answered: a record a request, without keys and contents."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from filesync.emulator.errors import Json

KEPT = 1000
# The query parameters that are recorded; another may hold anything, a key for one.
_QUERY = (
    *("limit", "order", "after", "before", "purpose", "filter"),
    *("page", "page_size", "pagination_token"),
)


class RequestLog:
    """The last requests, the oldest first; each goes to `on_request` as well."""

    def __init__(self, api_key: str | None, on_request: Callable[[Json], None]) -> None:
        self._secret = api_key
        self._on_request = on_request
        self._lock = threading.Lock()
        self._records: deque[Json] = deque(maxlen=KEPT)

    def add(self, record: Json) -> None:
        """Keep a record."""
        record["query"] = {
            name: self._clean(value) for name, value in record["query"].items() if name in _QUERY
        }
        record["path"] = self._clean(record["path"])
        with self._lock:
            self._records.append(record)
        self._on_request(record)

    def records(self) -> list[Json]:
        """Return what is kept."""
        with self._lock:
            return list(self._records)

    def _clean(self, text: str) -> str:
        return text.replace(self._secret, "(key)") if self._secret else text
