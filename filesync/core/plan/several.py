"""The plans of several manifests or environments in one report. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from filesync.core.plan.document import FORMAT_VERSION, PlanDocument
from filesync.core.plan.plan import Summary


class Target(NamedTuple):
    """What one of the plans is for; `env` is None where no environment is named."""

    manifest: str
    env: str | None

    def __str__(self) -> str:
        return self.manifest if self.env is None else f"{self.manifest}, environment {self.env}"


class Several(NamedTuple):
    """The plans that were made, and for each that could not be made why, as a message."""

    plans: tuple[tuple[Target, PlanDocument], ...]
    failed: tuple[tuple[Target, str], ...]

    def by_target(self) -> list[tuple[Target, PlanDocument | None, str | None]]:
        """Return each target once, with its plan and its error; one with wrong content has both.

        Those without a plan are last.
        """
        errors = dict(self.failed)
        found = [(target, plan, errors.pop(target, None)) for target, plan in self.plans]
        return [*found, *((target, None, error) for target, error in errors.items())]

    @property
    def has_changes(self) -> bool:
        """Say whether any of the plans has changes."""
        return any(plan.has_changes for _, plan in self.plans)

    @property
    def has_drift(self) -> bool:
        """Say whether any of the plans has drift."""
        return any(plan.has_drift for _, plan in self.plans)

    @property
    def summary(self) -> Summary:
        """Return the counts of all plans together."""
        counts = [plan.summary for _, plan in self.plans]
        return Summary(*(sum(one) for one in zip(*counts, strict=True))) if counts else _NOTHING

    def document(self) -> dict[str, Any]:
        """Return the document of `plan --json`: each plan as by itself, and their totals."""
        return {
            "format_version": FORMAT_VERSION,
            "has_changes": self.has_changes,
            "has_drift": self.has_drift,
            "summary": self.summary._asdict(),
            "plans": [target._asdict() | plan.document() for target, plan in self.plans],
            "failed": [target._asdict() | {"error": error} for target, error in self.failed],
        }


_NOTHING = Summary(*[0] * len(Summary._fields))
