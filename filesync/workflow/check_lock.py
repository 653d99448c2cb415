"""Do manifest, files and lockfile agree? Asked before a commit, without a server."""

from __future__ import annotations

from typing import NamedTuple

from filesync.core.decide.pipeline import PlanOptions
from filesync.core.decide.reasons import Cause, has_cause
from filesync.core.plan.document import ChangeDocument, document_of
from filesync.core.plan.stores import StoreDocument
from filesync.core.run import Run
from filesync.core.stores.change import MemberAction, StoreAction
from filesync.workflow.plan import make_plan
from filesync.workflow.workspace import read_lock, read_manifest


class Disagreements(NamedTuple):
    """The files and the vector stores that an apply would change because of the repository.

    A store is here for itself or for its members; those of a file that is here follow from it.
    """

    files: list[ChangeDocument]
    stores: list[StoreDocument]


def disagreements(run: Run) -> Disagreements:
    """Return what an apply would do because of the manifest, the files or the lockfile.

    Decided by the same table as every plan, so it cannot be of another opinion, and for each key
    by itself: how an apply would resolve it (by sharing, for example) does not matter here.
    Files that have not been touched since they were last hashed are not read again. Where the
    manifest names no server, the lockfile's counts, whatever the environment says.
    """
    lock = read_lock(run)
    manifest, _ = read_manifest(run)
    if run.base_url is None and manifest.base_url is None:
        run = run._replace(base_url=lock.base_url)
    options = PlanOptions(protection=False, sharing=False)
    plan = document_of(make_plan(run._replace(offline=True), options=options))
    # Time, the platform and earlier runs cause changes that no commit can undo.
    files = [change for change in plan.changes if has_cause(change.reason, Cause.REPO)]
    named = {change.key for change in files}
    stores = []
    for store in plan.stores:
        members = tuple(
            one for one in store.members if one.action != MemberAction.NOOP and one.key not in named
        )
        if store.action != StoreAction.NOOP or members:
            stores.append(store._replace(members=members))
    return Disagreements(files, stores)
