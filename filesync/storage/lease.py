"""The apply lease in an object store: one run at a time, and a journal that only it can write.

One thread writes for the whole run. What other threads add meanwhile goes into the next write
together, so the files of a run share its round trips; while nothing is added, it renews the
lease. A lease that was not renewed for TTL_SECONDS by the store's own clock is dead, and whoever
waits takes it over, with the journal. This machine's clock is used only to measure how long ago
something was, never to compare with another's.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Self

from filesync.core.text import printable
from filesync.errors import FilesyncError, LeaseLost, ObjectChanged, ObjectStoreError
from filesync.storage.state_object import Found, Owner, State, StatePlace

if TYPE_CHECKING:
    from obstore import UpdateVersion

TTL_SECONDS = 60.0
"""A lease that was not renewed for so long is dead."""
_RENEWALS = 4  # in that time
_TRIES = 3  # renewals that the store answers too late, before the lease is given up
_POLL_SECONDS = 2.0
_SEGMENT_BYTES = 1 << 16
# So long a line that need not be durable waits for one that must be.
_LINGER_SECONDS = 0.5


def acquire(
    place: StatePlace, *, timeout: float, on_wait: Callable[[str], None] = lambda _message: None
) -> Lease:
    """Take the lease; wait up to `timeout` seconds for a run that has it, naming it to `on_wait`.

    Raises FilesyncError if it is still held then, ObjectStoreError for what the store refuses.
    """
    me = _me()
    deadline = time.monotonic() + timeout
    told = False
    while True:
        since = _clock()
        found = place.read()
        try:
            if found is None:
                state = State(me)
                return Lease(place, state, place.create(state), since)
            if found.state.owner is None or _is_dead(place, found, me):
                state = found.state._replace(owner=me, turn=found.state.turn + 1)
                return Lease(place, state, place.replace(state, found.version), since)
        except ObjectChanged:
            if _answer_was_lost(place, me):
                continue
            found = place.read()
            if found is None or found.state.owner is None:
                continue  # another was quicker, and has ended already
        left = deadline - time.monotonic()
        if left <= 0:
            raise FilesyncError(
                f"another run holds this lockfile: {found.state.owner}",
                "let it finish, or wait longer with --lock-timeout SECONDS; if it was killed, "
                f"its lease ends {TTL_SECONDS:g} seconds after its last sign of life",
            )
        if not told:
            told = True
            on_wait(
                f"waiting for another run on this lockfile, {timeout:g} seconds at most "
                f"(--lock-timeout): {found.state.owner}"
            )
        time.sleep(min(_POLL_SECONDS, TTL_SECONDS / _RENEWALS, left))


def is_held(place: StatePlace, found: Found) -> bool:
    """Say whether the lease of a state is held by a run that gives signs of life."""
    return found.state.owner is not None and not _is_dead(place, found, _me())


def _me() -> Owner:
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    return Owner(secrets.token_hex(8), f"process {os.getpid()} on {socket.gethostname()}", since)


def _is_dead(place: StatePlace, found: Found, me: Owner) -> bool:
    now: datetime = place.now(me.token)
    return (now - found.modified).total_seconds() > TTL_SECONDS


def _answer_was_lost(place: StatePlace, me: Owner) -> bool:
    """Free a lease that is ours although the answer said that it is not: a retry met itself."""
    found = place.read()
    if found is None or found.state.owner is None or found.state.owner.token != me.token:
        return False
    place.replace(found.state._replace(owner=None, turn=found.state.turn + 1), found.version)
    return True


def _clock() -> float:
    """Return seconds that also pass while the machine sleeps, where the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Lease:
    """A lease that is held, with the journal in the same object; safe to use from threads.

    Every method raises LeaseLost once the lease is another's, or could not be renewed in time.
    """

    def __init__(
        self, place: StatePlace, state: State, version: UpdateVersion, since: float
    ) -> None:
        self._place = place
        self._state = state
        self._version = version
        self._renewed = since
        self._changed = threading.Condition()
        self._pending: list[bytes] = []
        self._added = 0  # lines
        self._written = 0
        self._wanted = 0  # up to here somebody waits
        self._forced = 0  # renewals asked for, and made
        self._made = 0
        self._log: bytes | None = None  # to put in the place of the whole journal
        self._error: FilesyncError | None = None
        self._closing = False
        self._on_lost: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._write_on, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.release()

    @property
    def owner(self) -> Owner | None:
        """Return who this is."""
        return self._state.owner

    def when_lost(self, call: Callable[[], None]) -> None:
        """Call this, from another thread, as soon as the lease is seen to be lost."""
        self._on_lost = call

    def log(self) -> bytes:
        """Return the whole journal, with what was added so far."""
        self.flush()
        return self._place.log(self._state)

    def add(self, line: bytes, *, durable: bool) -> None:
        """Add a line to the journal; if it must be `durable`, it is in the store on return.

        One that need not be goes with the next that must, or within half a second.
        """
        with self._changed:
            self._check()
            self._pending.append(line)
            self._added += 1
            self._changed.notify_all()
            if durable:
                self._wait_for(self._added)

    def flush(self) -> None:
        """Have all that was added in the store on return."""
        with self._changed:
            self._check()
            self._wait_for(self._added)

    def check(self) -> None:
        """Return only if the lease is certainly ours: renewed so lately that none can have it.

        A renewal counts from its request: what the store answers late may be another's by then.
        """
        for _ in range(_TRIES):
            if self._is_fresh():
                return
            self._renew()
        if not self._is_fresh():
            raise LeaseLost(
                "the lease could not be renewed in time: the store answers after more than "
                f"{TTL_SECONDS / 2:g} seconds",
                "nothing more was written; run filesync again when the store is well",
            )

    def _is_fresh(self) -> bool:
        return self._error is None and _clock() - self._renewed < TTL_SECONDS / 2

    def _renew(self) -> None:
        """Return when one more renewal was answered."""
        with self._changed:
            self._check()
            self._forced += 1
            mine = self._forced
            self._changed.notify_all()
            while self._made < mine and self._error is None:
                self._changed.wait()
            self._check()

    def replace_log(self, log: bytes) -> None:
        """Put this in the place of the whole journal."""
        with self._changed:
            self._check()
            self._log, self._pending = log, []
            self._added += 1
            self._changed.notify_all()
            self._wait_for(self._added)

    def release(self) -> None:
        """Write what is left, and let the lease go; one that is lost already stays as it is."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _wait_for(self, upto: int) -> None:
        self._wanted = max(self._wanted, upto)
        self._changed.notify_all()
        while self._written < upto and self._error is None:
            self._changed.wait()
        if self._written < upto:
            self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise _again(self._error)
        if self._closing:
            raise LeaseLost("this run has let its lease go", "run filesync again")

    # ---- the thread that writes ----------------------------------------------------------------

    def _write_on(self) -> None:
        while self._error is None:
            with self._changed:
                self._await_work()
                closing, forced, upto = self._closing, self._forced, self._added
                lines, self._pending = b"".join(self._pending), []
                log, self._log = self._log, None
            try:
                self._write(lines, log, last=closing)
                error = None
            except FilesyncError as failed:
                error = failed
            except Exception as failed:  # a thread that ends silently would let all others wait
                error = LeaseLost(f"the lease could not be renewed: {failed!r}")
            with self._changed:
                self._error = error
                if error is None:
                    self._written, self._made = upto, forced
                self._changed.notify_all()
            if closing:
                return
        if not self._closing:
            self._on_lost()

    def _await_work(self) -> None:
        """Wait until there is something to write, or the lease is to be renewed."""
        while True:
            urgent = self._written < self._wanted or self._made < self._forced
            if self._closing or urgent or self._log is not None:
                return
            due = self._renewed + TTL_SECONDS / _RENEWALS - _clock()
            if due <= 0:
                return
            if self._pending:
                if not self._changed.wait(min(due, _LINGER_SECONDS)):
                    return
            else:
                self._changed.wait(due)

    def _write(self, lines: bytes, log: bytes | None, *, last: bool) -> None:
        state = self._state
        tail, segments = state.tail + lines, state.segments
        if log is not None:
            tail, segments = log + lines, ()
        turn = state.turn + 1
        if len(tail) > _SEGMENT_BYTES:
            assert state.owner is not None
            name = f"{state.owner.token}-{turn:08d}"
            self._repeated(lambda: self._place.add_segment(name, tail))
            tail, segments = b"", (*segments, name)
        self._put(State(None if last else state.owner, turn, segments, tail))
        if log is not None:
            try:
                self._place.remove_segments(segments)
            except ObjectStoreError:
                return  # they are removed with the next ones

    def _put(self, state: State) -> None:
        """Replace the state; what was written is checked where no answer says it."""

        def put() -> None:
            began = _clock()
            try:
                self._version = self._place.replace(state, self._version)
            except ObjectStoreError:
                # Whether it was written, only the object says: an answer may have been lost.
                found = self._place.read()
                if found is None or found.state not in (state, self._state):
                    raise self._lost(found) from None
                self._version = found.version
                if found.state != state:
                    raise
            self._state, self._renewed = state, began

        self._repeated(put)

    def _repeated(self, call: Callable[[], None]) -> None:
        """Call again while the store fails and the lease lives on."""
        while True:
            try:
                call()
            except LeaseLost:
                raise
            except ObjectStoreError as error:
                if _clock() - self._renewed > TTL_SECONDS / 2:
                    raise LeaseLost(
                        f"the lease could not be renewed in time: {error.message}", error.hint
                    ) from None
                time.sleep(min(1.0, TTL_SECONDS / 60))
            else:
                return

    def _lost(self, found: Found | None) -> LeaseLost:
        place = self._place.url.shown
        if found is None:
            return LeaseLost(
                f"the state {place} was removed while this run used it",
                "run filesync again: what was uploaded is looked for on the platform",
            )
        owner = found.state.owner
        by = "another run" if owner is None else str(owner)
        return LeaseLost(
            f"this run lost its lease on the lockfile: it was taken over by {printable(by)}",
            "nothing more was written; let the other run finish, then run filesync again",
        )


def _again(error: FilesyncError) -> FilesyncError:
    """Return an error to be raised in one more thread."""
    return LeaseLost(error.message, error.hint)
