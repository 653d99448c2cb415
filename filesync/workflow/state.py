"""Where the journals and the apply lease of a run are: on this disk, or in an object store."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from filesync.core.commands import command
from filesync.core.env_names import with_env
from filesync.core.recovery.journal import Attempt, History, read_history
from filesync.core.recovery.store_journal import read_traces
from filesync.core.run import Run, Shard
from filesync.errors import FilesyncError
from filesync.local import journal as local_journal
from filesync.local.journal import journal_path
from filesync.local.store_journal import StoreJournal, read_store_journal, store_journal_path

if TYPE_CHECKING:
    from filesync.core.lockfile.lock import Lockfile
    from filesync.core.object_url import ObjectUrl
    from filesync.core.recovery.journal_writer import JournalWriter
    from filesync.core.recovery.store_journal import StoreJournalWriter
    from filesync.core.stores.observed import StoreTrace
    from filesync.storage.lease import Lease

# The leases that this process holds, by the URL of their object: a run that has one opens its
# workspace more than once.
_held: dict[str, Lease] = {}


class RunState(NamedTuple):
    """The journals of a run; `folder` is the URL where they are, None for beside the manifest."""

    run: Run
    project: str
    base_url: str
    folder: str | None

    @property
    def path(self) -> str:
        """Return the path of the journal on this disk."""
        run = self.run
        return journal_path(run.manifest, self.project, self.base_url, run.env, run.shard)

    @property
    def url(self) -> ObjectUrl | None:
        """Return the URL of the state object, None where the state is on this disk."""
        if self.folder is None:
            return None
        from filesync.core.object_url import object_url

        name = os.path.basename(self.path).removesuffix(".journal")
        return object_url(f"{self.folder}/{name}.state")

    def history(self) -> History:
        """Return what the journal of uploads says."""
        if self.url is None:
            return local_journal.read_journal(self.path)
        return read_history(self._log())

    def traces(self) -> dict[str, StoreTrace]:
        """Return what the journal of vector stores says, by the store's key."""
        if self.url is None:
            return read_store_journal(store_journal_path(self.path))
        return read_traces(self._log())

    def journal(self, known: Callable[[], Lockfile]) -> AbstractContextManager[JournalWriter]:
        """Open the journal of uploads; `known` gives the lockfile that the run began with."""
        if self.url is None:
            return local_journal.Journal(self.run.manifest, self.path)
        from filesync.storage.journal import StoredJournal

        return StoredJournal(self.lease(), known())

    @contextmanager
    def store_journal(self) -> Iterator[StoreJournalWriter]:
        """Open the journal of vector stores."""
        if self.url is None:
            with StoreJournal(self.run.manifest, store_journal_path(self.path)) as journal:
                yield journal
            return
        from filesync.storage.journal import StoredStoreJournal

        yield StoredStoreJournal(self.lease())

    def end(self, attempts: Iterable[Attempt]) -> None:
        """Record that these attempts are over."""
        if self.url is None:
            local_journal.end_attempts(self.run.manifest, self.path, attempts)
        elif numbers := [one.number for one in attempts]:
            with self.journal(self._nothing_known) as journal:
                for number in numbers:
                    journal.end(number)
            self.lease().flush()

    def rename(self, names: Mapping[str, str]) -> None:
        """Give the attempts the new names of their keys."""
        if self.url is None:
            local_journal.rename_in_journal(self.path, names)
        else:
            log = self.lease().log()
            self.lease().replace_log(local_journal.renamed(log, names))

    def may_write(self) -> None:
        """Raise LeaseLost where another run may have taken over; on a disk none can."""
        if self.url is not None:
            self.lease().check()

    def when_lost(self, call: Callable[[], None]) -> None:
        """Call this from another thread as soon as the lease is lost."""
        if self.url is not None:
            self.lease().when_lost(call)

    def lease(self) -> Lease:
        """Return the lease that this run holds in the object store."""
        url = self.url
        if url is None or url.text not in _held:
            raise FilesyncError("this run does not hold its lockfile", "run filesync again")
        return _held[url.text]

    @contextmanager
    def hold(
        self, *, timeout: float, on_wait: Callable[[str], None], begins: bool = False
    ) -> Iterator[None]:
        """Hold the lease in the object store; where the state is on this disk, nothing.

        A run on the whole lockfile is refused while a shard is at work, unless it is a shard that
        `begins` its piece.
        """
        url = self.url
        if url is None:
            yield
            return
        from filesync.storage.lease import acquire
        from filesync.storage.state_object import StatePlace

        place = StatePlace(url)
        with acquire(place, timeout=timeout, on_wait=on_wait) as lease:
            if self.run.shard is None and not begins:
                self._refuse_while_shards_run()
            _held[url.text] = lease
            try:
                yield
            finally:
                del _held[url.text]

    def _refuse_while_shards_run(self) -> None:
        from filesync.storage.lease import is_held
        from filesync.storage.state_object import StatePlace

        url = self.url
        assert url is not None
        stem = with_env(os.path.splitext(os.path.basename(self.run.manifest))[0], self.run.env)
        who = os.path.basename(self.path).removesuffix(".journal").rpartition("-")[2]
        pattern = re.compile(rf"{re.escape(stem)}\.(\d+)-of-(\d+)-{who}\.state")
        for key in StatePlace(url).siblings():
            found = pattern.fullmatch(key.rpartition("/")[2])
            if found is None:
                continue
            place = StatePlace(url.at(key))
            state = place.read()
            if state is not None and is_held(place, state):
                raise FilesyncError(
                    f"shard {Shard(int(found[1]), int(found[2]))} of this lockfile is at work: "
                    f"{state.state.owner}",
                    f"let it finish, then run {command('lock', 'merge')}",
                )

    def _log(self) -> bytes:
        from filesync.storage.state_object import StatePlace

        url = self.url
        assert url is not None
        if url.text in _held:
            return _held[url.text].log()
        place = StatePlace(url)
        found = place.read()
        return b"" if found is None else place.log(found.state)

    def _nothing_known(self) -> Lockfile:
        from filesync.core.lockfile.lock import Lockfile

        return Lockfile(self.project, self.base_url)
