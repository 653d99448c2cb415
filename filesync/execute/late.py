"""Files of interrupted uploads that nobody needs any more, listed too early to be sure of.

Nothing but its looks says that such a file is ours. Another's of the same looks may be listed
sooner than ours, so nothing is deleted before `looks_suffice` says that a single one is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from filesync.core.events import Note
from filesync.core.lockfile.lock import Lockfile
from filesync.core.recovery.journal import LISTING_LAG_SECONDS, Attempt, History
from filesync.core.recovery.recover import listing_is_past, recover
from filesync.errors import FilesyncError
from filesync.execute.context import ApplyContext

_PAUSE_SECONDS = 3.0


def made_in_vain(
    attempts: Sequence[Attempt], lock: Lockfile, context: ApplyContext
) -> dict[str, str]:
    """Look until it is sure which files the attempts made, and return them, by id with key.

    Nothing where the run is stopped or the listing fails: the journal keeps them for the next run.
    """
    if not attempts:
        return {}
    sent = max(one.sent or one.at for one in attempts)
    history = History({one.number: one for one in attempts})
    told = False
    while True:
        try:
            remote = {file.id: file for file in context.client.list_files()}
        except FilesyncError:
            return {}
        history.unproven.update(remote)
        found = recover(history, lock, remote, context.now())
        unsure = found.unsure or found.unsettled
        if not unsure or listing_is_past(sent, context.now()):
            return found.wrong | {entry.id: key for key, entry in found.entries}
        if not told:
            context.watch(
                Note(
                    "an interrupted upload has left a file that is not needed: looking for up to "
                    f"{LISTING_LAG_SECONDS} s to be sure which"
                )
            )
            told = True
        if context.stop.wait(_PAUSE_SECONDS):
            return {}
