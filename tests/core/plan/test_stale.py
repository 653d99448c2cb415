"""Whether a saved plan still holds: what moved is named, and what explains it is not repeated."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.core.plan.document import ChangeDocument, FileDocument, PlanDocument
from filesync.core.plan.plan import Summary
from filesync.core.plan.stale import moved


def plan(*changes: ChangeDocument, **more: Any) -> PlanDocument:
    fields: dict[str, Any] = {
        "project": "p",
        "base_url": "u",
        "manifest_sha256": "m",
        "lock_sha256": "l",
        "has_changes": bool(changes),
        "has_drift": False,
        "summary": Summary(0, 0, 0, 0, 0, 0, 0, 0),
        "changes": changes,
        "warnings": (),
    }
    return PlanDocument(**fields | more)


def change(key: str | None, action: str, reason: str, **more: Any) -> ChangeDocument:
    told: dict[str, Any] = dict.fromkeys(("path", "filename", "purpose", "bytes", "sha256", "id"))
    return ChangeDocument(key=key, action=action, reason=reason, **told | more)


NEW = change("a", "create", "new", sha256="1")
CHANGED = change("a", "replace", "content_changed", sha256="1", id="file-1")
MISSING = change("a", "create", "missing_remotely", sha256="1")
REMOVED = change("a", "delete", "removed_from_manifest", id="file-1")
ORPHAN = change(None, "delete", "orphan", filename="x.txt", id="file-9")


@pytest.mark.parametrize("rows", [(), (NEW,), (CHANGED, ORPHAN)])
def test_the_same_plan_holds(rows: tuple[ChangeDocument, ...]) -> None:
    assert moved(plan(*rows), plan(*rows[::-1])) == []


def test_what_a_document_does_not_hold_moves_nothing() -> None:
    """Of a live plan more is known than was saved."""
    fresh = NEW._replace(
        expires_at=7, moved_from="b", before=FileDocument(1, None, None, None, None)
    )
    assert moved(plan(NEW), plan(fresh, made_at=9, warnings=("w",))) == []


@pytest.mark.parametrize(
    ("saved", "fresh", "phrase"),
    [
        ([NEW], [NEW._replace(sha256="2")], "the content of a has changed"),
        ([], [CHANGED], "the content of a has changed"),
        ([CHANGED], [], "the content of a has changed"),
        ([], [NEW], "the file of a is there now"),
        ([NEW], [], "the file of a is gone"),
        ([], [REMOVED], "the file of a is gone"),
        ([REMOVED], [], "the file of a is there now"),
        (
            [],
            [MISSING],
            "on the platform: a: create, missing_remotely (planned: nothing to do)",
        ),
        (
            [CHANGED],
            [MISSING],
            "on the platform: a: create, missing_remotely (planned: replace, content_changed)",
        ),
        ([ORPHAN], [], "on the platform: x.txt (file-9): nothing to do (planned: delete, orphan)"),
        (
            [],
            [change("a", "adopt", "shared", shared_with="b")],
            "a: adopt, shared (planned: nothing to do)",
        ),
    ],
)
def test_what_moved_is_named(
    saved: list[ChangeDocument], fresh: list[ChangeDocument], phrase: str
) -> None:
    assert moved(plan(*saved), plan(*fresh)) == [phrase]


@pytest.mark.parametrize(
    ("field", "phrase"),
    [
        ("manifest_sha256", "the manifest has changed"),
        ("filled_sha256", "a variable that the manifest uses has changed"),
        ("lock_sha256", "the lockfile has changed"),
    ],
)
def test_a_manifest_or_lockfile_that_changed_explains_what_follows(field: str, phrase: str) -> None:
    saved = plan(NEW)
    other = {field: "other"}
    assert moved(saved, plan(NEW, **other)) == [phrase]
    assert moved(saved, plan(REMOVED._replace(key="b"), **other)) == [phrase]
    # Not that the platform has moved, too; nor another content of a file in both plans.
    assert len(moved(saved, plan(MISSING, **other))) == 2
    assert moved(saved, plan(NEW._replace(sha256="2"), **other)) == [
        phrase,
        "the content of a has changed",
    ]


def test_a_changed_manifest_explains_other_variables() -> None:
    assert moved(plan(), plan(manifest_sha256="x", filled_sha256="y")) == [
        "the manifest has changed"
    ]


def test_names_are_sorted_and_safe_to_print() -> None:
    rows = [NEW._replace(key=key) for key in ("b", "a\n\x1b")]
    assert moved(plan(), plan(*rows)) == [
        r"the file of a\n\x1b is there now",
        "the file of b is there now",
    ]


def test_one_of_several_files_without_a_key_is_found() -> None:
    rows = [ORPHAN._replace(id=f"file-{n}") for n in range(3)]
    assert moved(plan(*rows), plan(*rows[:2])) == [
        "on the platform: x.txt (file-2): nothing to do (planned: delete, orphan)"
    ]
