"""Reasons and drift in words."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.core.decide.change import Reason
from filesync.core.decide.reasons import REASONS
from filesync.core.plan.document import ChangeDocument, FileDocument
from filesync.output.reasons import reason_of
from tests.output.builders import change


def shown(reason: str, **more: Any) -> str:
    fields = change("k", "replace", reason) | more
    for name in ("before", "after"):
        if name in more:
            fields[name] = FileDocument(**dict.fromkeys(FileDocument._fields) | more[name])
    fields["fields"] = tuple(fields["fields"])
    return reason_of(ChangeDocument(**fields))


def test_every_reason_has_words_of_its_own() -> None:
    assert set(REASONS) == set(Reason)
    assert len({row.words for row in REASONS.values()}) == len(REASONS)
    for reason in Reason:
        assert shown(reason.value) == REASONS[reason].words


def test_a_reason_of_a_later_version_is_shown_as_it_is() -> None:
    assert shown("too\n_warm") == r"too\n_warm"


@pytest.mark.parametrize(
    ("field", "before", "after", "words"),
    [
        ("purpose", "user_data", "batch", "purpose user_data -> batch"),
        ("filename", "a\n", "b", r"filename a\n -> b"),
        ("expires_after", None, 3600, "expires_after never -> 1h"),
        ("expires_after", 7 * 86400, None, "expires_after 7d -> never"),
    ],
)
def test_what_differs_is_shown_with_both_values(
    field: str, before: str | int | None, after: str | int | None, words: str
) -> None:
    files = {"before": {field: before}, "after": {field: after}}
    assert shown("attributes_changed", fields=[field], **files) == words


def test_content_is_shown_with_both_sizes() -> None:
    files = {"before": {"bytes": 10}, "after": {"bytes": 2000}}
    assert shown("content_changed", fields=["content"], **files) == (
        "content changed (10 B -> 2.0 kB)"
    )


def test_a_name_that_differs_by_its_fingerprint_alone_is_not_shown() -> None:
    names = [f"a.fs-{'1' * 6}-{sha * 12}.md" for sha in "23"]
    files = {"before": {"filename": names[0]}, "after": {"filename": names[1]}}
    assert shown("content_changed", fields=["content", "filename"], **files) == "content changed"
    files["after"] = {"filename": "b" + names[1]}
    assert "filename" in shown("content_changed", fields=["content", "filename"], **files)


def test_without_the_values_before_the_fields_are_named() -> None:
    """As in a plan file of an earlier version."""
    assert (
        shown("attributes_changed", fields=["purpose", "filename"]) == "purpose, filename changed"
    )


def test_another_key_is_named() -> None:
    assert shown("moved", moved_from="old\n") == r"moved from old\n"
    assert shown("shared", shared_with="other") == "shared with other"
