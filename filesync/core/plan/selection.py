"""`--only`: which keys a run is about."""

from __future__ import annotations

from fnmatch import fnmatchcase

from filesync.core.decide.change import Decisions


def selects(only: str, key: str) -> bool:
    """Say whether `--only` means this key: by glob, or as the entry that a glob's keys share."""
    return fnmatchcase(key, only) or key.startswith(only.rstrip("/") + "/")


def narrow(decisions: Decisions, only: str | None) -> Decisions:
    """Return only the decisions for keys that `--only` selects; without it, all of them.

    Files that no key names (orphans, unmanaged) are then left alone.
    """
    if only is None:
        return decisions
    return Decisions(
        tuple(row for row in decisions.rows if row.key is not None and selects(only, row.key)),
        decisions.unmanaged + sum(row.key is None for row in decisions.rows),
    )
