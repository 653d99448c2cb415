"""Files whose content is wrong: what is planned for them is left out."""

from __future__ import annotations

from typing import NamedTuple

from filesync.core.content.report import ContentReport, FileFindings
from filesync.core.decide.change import Action, Change, Decisions


class LeftOut(NamedTuple):
    """A change that is not made because of what is wrong with the file's content."""

    change: Change
    file: FileFindings


def without_wrong(decisions: Decisions, content: ContentReport) -> tuple[Decisions, list[LeftOut]]:
    """Return the decisions without uploads of files with wrong content, and these uploads.

    What is on the platform for such a file stays there, and in the lockfile; a file that is on
    the platform already may be adopted.
    """
    wrong = content.wrong()
    if not wrong:
        return decisions, []
    changes, left_out = [], []
    for row in decisions.changes:
        file = wrong.get(row.key) if row.key is not None and row.desired is not None else None
        if file is None or row.action not in (Action.CREATE, Action.REPLACE):
            changes.append(row)
        else:
            left_out.append(LeftOut(row, file))
    return decisions._replace(changes=tuple(changes)), left_out
