"""Steps that the commands with a lockfile share."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from filesync.cli.options import Common
from filesync.core.commands import command
from filesync.core.text import plural, printable

if TYPE_CHECKING:
    from filesync.core.decide.selection import Selection
    from filesync.core.lockfile.lock import Lockfile
    from filesync.core.run import Filters


def locked_selection(lock: Lockfile, filters: Filters) -> Selection:
    """Return what filters select of a lockfile; FilesyncError if that is nothing."""
    from filesync.core.decide.selection import Selection, purposes_of

    selection = Selection(filters, purposes_of((), lock.files))
    of = f"the lockfile's {plural(len(lock.files), 'file')}"
    selection.check(lock.files, lock.stores, of)
    return selection


def warn_of_expired(common: Common, lock: Lockfile, keys: Collection[str]) -> None:
    """Say which of the ids lead to nothing any more."""
    now = time.time()
    expired = sorted(key for key in keys if (lock.files[key].expires_at or now + 1) <= now)
    if expired:
        more = f" and {len(expired) - 1:,} more" if len(expired) > 1 else ""
        common.warn(
            f"the file of {printable(expired[0])}{more} has expired: "
            f"run {command('apply')} to upload it again"
        )
