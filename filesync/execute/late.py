"""Files of interrupted uploads that nobody needs any more, listed too early to be sure of.

Nothing but its looks says that such a file is ours. Another's of the same looks may be listed
sooner than ours, so nothing is deleted until any file would be listed: only a single one is ours.
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
    """Wait until the listing shows everything, and return what the attempts made, by id with key.

    Nothing where the run is stopped or the listing fails: the journal keeps them for the next run.
    """
    sent = max((one.sent or one.at for one in attempts), default=0)
    if not sent:
        return {}
    if not listing_is_past(sent, context.now()):
        context.watch(
            Note(
                "an interrupted upload has left a file that is not needed: waiting up to "
                f"{LISTING_LAG_SECONDS} s to be sure which"
            )
        )
    while not listing_is_past(sent, context.now()):
        if context.stop.wait(_PAUSE_SECONDS):
            return {}
    try:
        remote = {file.id: file for file in context.client.list_files()}
    except FilesyncError:
        return {}
    history = History({one.number: one for one in attempts})
    found = recover(history, lock, remote, context.now())
    return found.wrong | {entry.id: key for key, entry in found.entries}
