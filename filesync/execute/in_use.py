"""Who still uses a file, looked up right before it is deleted: a delete cannot be undone.

The API has no reverse look-up. All fine-tuning jobs, batches and vector stores are listed. A
store's members are listed too where that takes fewer requests than asking it for each file;
otherwise it is asked for each file. See the routes in docs/design/api.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import NamedTuple

from filesync.core.events import Note
from filesync.core.model import Job
from filesync.core.text import plural, printable
from filesync.errors import FilesyncError, Interrupted, NoSuchRoute, unless_gone
from filesync.execute.context import ApplyContext
from filesync.remote.client import Reader

_AT_ONCE = 8
_PAGE = 100
_PAGES_UNTOLD = 10
# Files deleted on one look-up: what goes in about a quarter of a minute at the API's usual pace. A
# look-up that takes many requests is for more files.
_SMALLEST_BATCH = 256
_FILES_PER_REQUEST = 8
_NOTE_SECONDS = 5.0
_NOTED_FROM = 20  # requests; fewer take no time worth a word


class Usage(NamedTuple):
    """Why files stay, by id, e.g. "in use by batch batch_1 (in_progress)".

    `warnings` say which look-ups failed.

    A server without a route has nothing that uses files there. Where a look-up failed, every
    file counts as used: what is not known to be free stays.
    """

    users: dict[str, str]
    warnings: list[str]


class Users:
    """Looks up who uses files, again and again during one run; `batch` files are for one look-up.

    What a store holds is asked again only where the listing shows that the store has changed.
    `left` maps a file to our own stores that this run has detached it from: those do not count,
    even if the server still shows it there for a while.
    """

    def __init__(
        self, context: ApplyContext, left: Mapping[str, Collection[str]] = MappingProxyType({})
    ) -> None:
        self._left = left
        self._client: Reader = context.client
        self.watch = context.watch
        self._context = context
        self._members: dict[str, tuple[Job, frozenset[str]]] = {}
        self._listing = 3
        self._warned: set[str] = set()
        self._noted = 0.0

    @property
    def batch(self) -> int:
        """Return how many files may be deleted on one look-up."""
        return max(_SMALLEST_BATCH, _FILES_PER_REQUEST * self._listing)

    def look_up(self, file_ids: Sequence[str]) -> Usage:
        """Return which of the files are in use; raises Interrupted, and no other error.

        A warning is given once in a run.
        """
        usage = Usage({}, [])
        lists: list[tuple[str, Callable[[], list[Job]]]] = [
            ("fine-tuning jobs", self._client.list_fine_tuning_jobs),
            ("batches", self._client.list_batches),
            ("vector stores", self._client.list_vector_stores),
        ]
        missing = []
        asked = set(file_ids)
        self._listing = 0
        for what, list_them in lists:
            try:
                jobs = _listed(list_them)
                if jobs is None:
                    missing.append(what)
                    continue
                self._listing += 1 + len(jobs) // _PAGE
                if what == "vector stores":
                    self._ask_stores(jobs, file_ids, usage)
                    continue
            except Interrupted:
                raise
            except FilesyncError as error:
                usage.warnings.append(f"whether {what} use the files is not known: {error.message}")
                for file_id in file_ids:
                    usage.users.setdefault(file_id, f"{what} may use it")
                continue
            for job in jobs:
                if not job.finished:
                    for file_id in asked & set(job.files):
                        status = printable(job.status) or "no status"
                        user = f"in use by {job.kind} {job.id} ({status})"
                        usage.users.setdefault(file_id, user)
        if missing:
            usage.warnings.append(
                f"this server has no {' and no '.join(missing)} to look up, "
                "so nothing there is taken to use the files"
            )
        new = [one for one in usage.warnings if one not in self._warned]
        self._warned.update(new)
        return usage._replace(warnings=new)

    def _ask_stores(self, stores: Iterable[Job], file_ids: Sequence[str], usage: Usage) -> None:
        now = self._context.now()
        holding = [store for store in stores if store.may_hold_files(now)]
        listed = [store for store in holding if self._is_cheaper_whole(store, len(file_ids))]
        whole = {store.id for store in listed}
        pairs = [
            (store, file_id)
            for store in holding
            if store.id not in whole
            for file_id in file_ids
            if file_id not in usage.users and store.id not in self._left.get(file_id, ())
        ]
        changed = [store for store in listed if self._known(store) is None]
        self._note(len(file_ids), len(changed) + len(pairs), len(holding))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for store, members in zip(changed, pool.map(self._list, changed), strict=True):
                self._members[store.id] = store, members
            for (store, file_id), there in zip(pairs, pool.map(self._attached, pairs), strict=True):
                if there:
                    usage.users.setdefault(file_id, f"in use by vector store {store.id}")
        for store in listed:
            for file_id in (self._known(store) or frozenset()).intersection(file_ids):
                if store.id in self._left.get(file_id, ()):
                    continue
                usage.users.setdefault(file_id, f"in use by vector store {store.id}")

    def _is_cheaper_whole(self, store: Job, files: int) -> bool:
        # One that does not say how many files it holds is taken to have some pages.
        pages = _PAGES_UNTOLD if store.size is None else -(-store.size // _PAGE)
        return pages <= files

    def _known(self, store: Job) -> frozenset[str] | None:
        """Return a store's members if they are known and it has not changed since."""
        known = self._members.get(store.id)
        return known[1] if known is not None and known[0] == store else None

    def _list(self, store: Job) -> frozenset[str]:
        self._note_again()
        members = unless_gone(lambda: self._client.stores.list_members(store.id))
        return frozenset(one.id for one in members or ())  # none of a store that is gone

    def _attached(self, pair: tuple[Job, str]) -> bool:
        self._note_again()
        return self._client.is_attached(pair[0].id, pair[1])

    def _note(self, files: int, requests: int, stores: int) -> None:
        if requests < _NOTED_FROM:
            self._noted = float("inf")
            return
        self._noted = time.monotonic()
        self.watch(
            Note(
                f"looking up who uses {plural(files, 'file')}: {plural(stores, 'vector store')}, "
                f"{plural(requests, 'request')}"
            )
        )

    def _note_again(self) -> None:
        if time.monotonic() - self._noted >= _NOTE_SECONDS:
            self._noted = time.monotonic()
            self.watch(Note("still looking up who uses the files to delete"))


def _listed(list_them: Callable[[], list[Job]]) -> list[Job] | None:
    """Return what a route lists, None where the server has no such route."""
    try:
        return unless_gone(list_them)
    except NoSuchRoute:
        return None
