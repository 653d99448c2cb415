"""The files of a GitHub Actions job: its summary, and the outputs of its step."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from filesync.cli.options import Common

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.events import Result
    from filesync.core.plan.document import PlanDocument
    from filesync.core.plan.plan import Plan
    from filesync.core.plan.several import Several

_SUMMARY, _OUTPUT = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"


def tell_github_of_plan(common: Common, document: PlanDocument | Several, out: str | None) -> None:
    """Add a plan's report to the job's summary, and its counts to the step's outputs.

    Without such a job, nothing is done. What goes wrong is only a warning.
    """
    if not _is_asked():
        return
    from filesync.core.plan.document import PlanDocument
    from filesync.output.github import outputs
    from filesync.output.plan_markdown import render_markdown
    from filesync.output.plan_several import markdown_several

    if os.environ.get(_SUMMARY):
        report = (
            render_markdown(document)
            if isinstance(document, PlanDocument)
            else markdown_several(document)
        )
        _append(common, _SUMMARY, report)
    if os.environ.get(_OUTPUT):
        _append(common, _OUTPUT, outputs(document, out))


def tell_github_of_apply(common: Common, made: Plan, result: Result) -> None:
    """Add what an apply did to the job's summary, and the plan's counts to the outputs."""
    if not _is_asked():
        return
    from filesync.core.plan.document import document_of
    from filesync.output.applied_markdown import render_applied
    from filesync.output.github import applied_outputs

    if os.environ.get(_SUMMARY):
        _append(common, _SUMMARY, render_applied(document_of(made), result))
    if os.environ.get(_OUTPUT):
        _append(common, _OUTPUT, applied_outputs(document_of(made), result))


def _is_asked() -> bool:
    return bool(os.environ.get(_SUMMARY) or os.environ.get(_OUTPUT))


def _append(common: Common, variable: str, text: str) -> None:
    path = os.environ[variable]
    try:
        with open(path, "ab") as file:
            file.write(text.encode(errors="backslashreplace"))
    except (OSError, ValueError) as error:
        because = (error.strerror if isinstance(error, OSError) else None) or str(error)
        common.warn(f"cannot add the plan to {variable} ({path}): {because}")
