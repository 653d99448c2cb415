"""The vector stores of a plan: made, filled, and only then emptied of what has been replaced.

The order is the safety: a new version is in the store and indexed, and in the lockfile, before the
old one is detached. One document that fails keeps its predecessor and holds up no other.

store_settings  the stores themselves
store_members   the documents in them
store_lost      what a detach has detached elsewhere, too
store_ledger    what these share: lock, journal, report
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from filesync.core.stores.change import StoreChange
from filesync.execute.store_ledger import StoreLedger
from filesync.execute.store_lost import StoreLosses
from filesync.execute.store_members import StoreMembers
from filesync.execute.store_settings import StoreSettings


class InStores(NamedTuple):
    """What the stores of a run say of files that are to be deleted.

    `kept` are files that a store still needs: what should replace them is not indexed. `left` maps
    a file to the stores that it was detached from.
    """

    kept: set[str]
    left: Mapping[str, set[str]]


def apply_stores(
    rows: Sequence[StoreChange], ledger: StoreLedger, fresh: Mapping[str, str], *, deletes: bool
) -> InStores:
    """Do all that the plan says of stores; one document's failure never stops another's.

    `fresh` maps a key to the file that this run gave it; without `deletes` no store is deleted.
    """
    settings, members = StoreSettings(ledger), StoreMembers(ledger, fresh)
    losses = StoreLosses(ledger, rows)
    # Until it is shown that nothing needs them, all that leave are needed.
    kept = {old for row in rows for one in row.members for old in one.old_ids}
    opened = [one for row in rows if (one := settings.open(row)) is not None]
    for one in opened:
        ledger.guarded(one.row.key, one.row.action, partial(members.fill, one))
    members.wait(opened)
    ledger.saver.now()
    if not ledger.stopped:
        for one in opened:
            ledger.guarded(one.row.key, one.row.action, partial(members.detach, one))
        losses.reattach(opened)
        still = losses.still_needed(opened)
        # What a store has left for good needs no store any more.
        kept = {file_id for file_id in kept if file_id in still or file_id not in ledger.left}
        for row in rows:
            ledger.guarded(row.key, row.action, partial(settings.delete, row, deletes))
        ledger.saver.now()
    if ledger.report.whole and not (ledger.trouble or ledger.stopped):
        ledger.journal.clear()
    return InStores(kept, ledger.left)
