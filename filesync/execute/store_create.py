"""Creating a vector store, once: a request without a clear answer is looked for by its mark."""

from __future__ import annotations

import time

from filesync.core.events import Note
from filesync.core.recovery.journal import LISTING_LAG_SECONDS
from filesync.core.recovery.store_journal import StoreJournalWriter, begin_line, made_line
from filesync.core.stores.model import MARK, DesiredStore, RemoteStore
from filesync.core.text import printable
from filesync.errors import AmbiguousError, Interrupted
from filesync.execute.context import ApplyContext

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
# A store whose creation ends without a clear answer this often will hardly be created.
_MOST_TRIES = 3


def create_store(
    context: ApplyContext, journal: StoreJournalWriter, want: DesiredStore, begun: int | None
) -> RemoteStore:
    """Return the store that the manifest asks for, created or found.

    `begun` is when an interrupted run asked for it, in Unix seconds, None if none did.
    """
    if begun is not None:
        found = _found(context, want, LISTING_LAG_SECONDS - (context.now() - begun))
        if found is not None:
            journal.write(made_line(want.key, found.id))
            return found
    for number in range(1, _MOST_TRIES + 1):
        journal.write(begin_line(want.key, context.now()))
        try:
            made = context.client.stores.create(
                name=want.entry.name,
                description=want.entry.description,
                expires_after=want.entry.expires_after,
                metadata=want.metadata,
            )
        except AmbiguousError:
            again = _found(context, want, LISTING_LAG_SECONDS)
            if again is not None:
                journal.write(made_line(want.key, again.id))
                return again
            if number == _MOST_TRIES:
                raise
        else:
            journal.write(made_line(want.key, made.id))
            return made
    raise AssertionError("the last try returns or raises")


def _found(context: ApplyContext, want: DesiredStore, seconds: float) -> RemoteStore | None:
    """Return the store with the mark, None if it is not listed within so many seconds."""
    context.watch(
        Note(f"no clear answer about the vector store {printable(want.key)}: looking first")
    )
    deadline = time.monotonic() + max(seconds, 0)
    pause = _FIRST_PAUSE
    while True:
        marked = [
            one
            for one in context.client.stores.list_stores()
            if one.metadata is not None
            and one.metadata.get(MARK) == want.metadata[MARK]
            and not one.expired
        ]
        if marked:
            return min(marked, key=lambda one: (one.created_at, one.id))
        if time.monotonic() + pause > deadline:
            return None
        if context.stop.wait(pause):
            raise Interrupted("interrupted")
        pause = min(pause * 2, _LONGEST_PAUSE)
