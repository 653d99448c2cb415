"""What a server made of files otherwise than was asked, which no apply changes: said once a plan.

A server may ignore an expiry, shorten it, or set one of its own; it may store a file under another
name; and it says in `status_details` why it cannot use one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from filesync.core.decide.change import Decisions, Reason
from filesync.core.model import LIFETIME_SLACK, DesiredFile, LockEntry, RemoteFile
from filesync.core.text import composed, human_duration, listed, plural, printable

_SHOWN = 3


def stored_otherwise(decisions: Decisions) -> Iterator[str]:
    """Yield a warning for each way in which the platform's files are not as they were asked for.

    Only of files that are up to date: of one that is replaced, the plan gives the reason.
    """
    found: dict[str, list[str]] = {sentence: [] for _, sentence in _RULES}
    for row in decisions.changes:
        want, live = row.desired, row.remote
        if want is None or live is None or row.locked is None:
            continue
        if row.reason is Reason.REMOTE_ERROR and live.status_details:
            yield f"{printable(want.key)} cannot be used: {printable(live.status_details)}"
    for kept, locked, stored in decisions.kept:
        if _as_asked(kept, locked, stored):
            continue
        for rule, sentence in _RULES:
            if (what := rule(kept, locked, stored)) is not None:
                found[sentence].append(f"{printable(kept.key)}{what}")
    for sentence, files in found.items():
        if files:
            yield sentence.format(count=plural(len(files), "file"), files=listed(files, _SHOWN))


def _as_asked(want: DesiredFile, locked: LockEntry, live: RemoteFile) -> bool:
    """Say whether no rule can have anything to say, as of nearly all files."""
    lasts = want.policy.expires_after is None and live.expires_at is None
    return lasts and live.filename == locked.filename


def _sooner(want: DesiredFile, locked: LockEntry, live: RemoteFile) -> str | None:
    asked, expires_at = want.policy.expires_after, live.expires_at
    if asked is None or expires_at is None:
        return None
    lives = expires_at - locked.created_at
    if lives >= asked - LIFETIME_SLACK:
        return None
    return f" after {human_duration(max(lives, 0))}, not {human_duration(asked)}"


def _at_all(want: DesiredFile, locked: LockEntry, live: RemoteFile) -> str | None:
    if want.policy.expires_after is not None or live.expires_at is None:
        return None
    return f" after {human_duration(max(live.expires_at - locked.created_at, 0))}"


def _unsaid(want: DesiredFile, _locked: LockEntry, live: RemoteFile) -> str | None:
    return "" if want.policy.expires_after is not None and live.expires_at is None else None


def _renamed(_want: DesiredFile, locked: LockEntry, live: RemoteFile) -> str | None:
    # A server may leave the name out, and may say it in another of Unicode's forms.
    if live.filename in ("", locked.filename):
        return None
    if composed(live.filename) == composed(locked.filename):
        return None
    return f" as {printable(live.filename)}"


_RULES = (
    (
        _sooner,
        "the server lets {count} expire sooner than asked: {files}; an apply renews each in the "
        "last part of that time",
    ),
    (
        _at_all,
        "the server lets {count} expire that should stay: {files}; an apply renews each in the "
        "last tenth of that time",
    ),
    (
        _unsaid,
        "the server names no expiry for {count} that should expire: {files}; it may keep them "
        "for ever",
    ),
    (_renamed, "the server stores {count} under another name: {files}"),
)
