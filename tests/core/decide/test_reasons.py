"""The table of reasons: one row each, and what is read off it."""

from __future__ import annotations

import pytest

from filesync.core.decide.change import Reason
from filesync.core.decide.reasons import DRIFT, REASONS, Cause, has_cause


def test_every_reason_has_a_row_in_the_order_of_the_vocabulary() -> None:
    assert list(REASONS) == list(Reason)


def test_drift_is_what_moved_on_the_platform_and_not_here() -> None:
    assert {
        Reason.MISSING_REMOTELY,
        Reason.EXPIRED,
        Reason.REMOTE_ERROR,
        Reason.ORPHAN,
    } == DRIFT


@pytest.mark.parametrize("reason", sorted(DRIFT))
def test_no_commit_causes_drift(reason: Reason) -> None:
    assert not has_cause(reason, Cause.REPO, Cause.US)


def test_a_reason_of_a_later_version_has_no_known_cause() -> None:
    assert not has_cause("moon_phase", *Cause)
