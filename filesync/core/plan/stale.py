"""What has changed between a saved plan and the same plan made now. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from filesync.core.decide.change import Reason
from filesync.core.decide.reasons import Cause, has_cause
from filesync.core.plan.document import ChangeDocument, PlanDocument
from filesync.core.text import printable

# A local file was added or removed.
_LOCAL = {Reason.NEW, Reason.REMOVED_FROM_MANIFEST}


def moved(saved: PlanDocument, fresh: PlanDocument) -> list[str]:
    """Return what has changed since a plan was saved, a phrase each; nothing if it still holds.

    `fresh` is the same plan made now. What merely follows from another manifest or lockfile is
    not repeated for each file.
    """
    found = []
    if saved.manifest_sha256 != fresh.manifest_sha256:
        found.append("the manifest has changed")
    elif saved.filled_sha256 != fresh.filled_sha256:
        found.append("a variable that the manifest uses has changed")
    if saved.lock_sha256 != fresh.lock_sha256:
        found.append("the lockfile has changed")
    told = bool(found)
    before, now = _by_name(saved.changes), _by_name(fresh.changes)
    for name in sorted(before.keys() | now.keys()):
        left = Counter(before.get(name, ()))
        left.subtract(now.get(name, ()))
        was = next((change for change, count in left.items() if count > 0), None)
        got = next((change for change, count in left.items() if count < 0), None)
        if (was or got) and (phrase := _phrase(printable(name), was, got, told)):
            found.append(phrase)
    return found + _stores_moved(saved, fresh, told)


def _stores_moved(saved: PlanDocument, fresh: PlanDocument, told: bool) -> list[str]:
    """Return a phrase for each vector store that is to change in another way than was planned.

    With `told`, what the manifest or the lockfile explains is not said again for each store.
    """
    was = {one.key: one.document() for one in saved.stores}
    now = {one.key: one.document() for one in fresh.stores}
    keys = [key for key in sorted(was.keys() | now.keys()) if was.get(key) != now.get(key)]
    return (
        []
        if told
        else [f"the vector store {printable(key)} is to change otherwise" for key in keys]
    )


def _by_name(changes: Iterable[ChangeDocument]) -> dict[str, list[ChangeDocument]]:
    named: dict[str, list[ChangeDocument]] = {}
    for change in _bare(changes):
        name = change.key if change.key is not None else f"{change.filename} ({change.id})"
        named.setdefault(name, []).append(change)
    return named


def _bare(changes: Iterable[ChangeDocument]) -> Iterable[ChangeDocument]:
    """Leave out what the document does not hold."""
    return (
        change._replace(expires_at=None, moved_from=None, before=None, after=None)
        for change in changes
    )


def _phrase(name: str, was: ChangeDocument | None, got: ChangeDocument | None, told: bool) -> str:
    """Say for one name what moved. With `told`, what the manifest or lockfile explains is not."""
    either = was or got
    assert either is not None
    if was is not None and got is not None:
        if was.sha256 and got.sha256 and was.sha256 != got.sha256:
            return f"the content of {name} has changed"
    elif not told and either.reason == Reason.CONTENT_CHANGED:
        return f"the content of {name} has changed"
    elif not told and either.reason in _LOCAL:
        there = (either.reason == Reason.NEW) == (either is got)
        return f"the file of {name} is {'there now' if there else 'gone'}"
    if told and (got is None or not has_cause(got.reason, Cause.PLATFORM, Cause.TIME)):
        return ""
    planned = "nothing to do" if was is None else f"{was.action}, {was.reason}"
    today = "nothing to do" if got is None else f"{got.action}, {got.reason}"
    # Who shares may have it from either side: a file here that is alike, or one there.
    shared = Reason.SHARED in (was and was.reason, got and got.reason)
    where = "" if shared else "on the platform: "
    return f"{where}{name}: {today} (planned: {planned})"
