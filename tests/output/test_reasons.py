"""Reasons and drift in words."""

from __future__ import annotations

from typing import Any

import pytest

from filesync.core.decide.change import Reason
from filesync.core.decide.reasons import REASONS
from filesync.core.plan.document import ChangeDocument
from filesync.output.reasons import holds_names, reason_of
from tests.output.builders import change


def shown(reason: str, *, before: tuple[str | int | None, ...] = (), **more: Any) -> str:
    fields = change("k", "replace", reason) | {"before": before} | more
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
    both: dict[str, Any] = {"fields": [field], "before": (before,), field: after}
    assert shown("attributes_changed", **both) == words


def test_without_the_values_before_the_fields_are_named() -> None:
    """As in a plan file of an earlier version."""
    assert (
        shown("attributes_changed", fields=["purpose", "filename"]) == "purpose, filename changed"
    )


def test_another_key_is_named() -> None:
    assert shown("moved", moved_from="old\n") == r"moved from old\n"
    assert shown("shared", shared_with="other") == "shared with other"


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, False),
        ({"fields": ("x",)}, True),
        ({"moved_from": "a"}, True),
        ({"shared_with": "a"}, True),
    ],
)
def test_reasons_of_any_length_are_known(more: dict[str, Any], names: bool) -> None:
    assert holds_names(ChangeDocument(**change("k", "replace") | {"fields": ()} | more)) is names
