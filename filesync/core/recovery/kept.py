"""Which lines of a journal in an object store are kept when a run begins.

The run's own lockfile may be lost with its machine. So an upload that has ended counts as settled
only once a run has begun with a lockfile that has its file, and a delete once one has begun with a
lockfile that does not name the file any more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from filesync.core.lockfile.lock import Lockfile
from filesync.core.recovery.journal import (
    GHOST_SECONDS,
    SESSION_SECONDS,
    Attempt,
    History,
    is_locked,
    lines,
    may_matter,
    read_history,
    text_of,
)
from filesync.core.recovery.store_journal import attach_line, begin_line, made_line, read_traces

# So long finished uploads are kept although the lockfile has them: another run may wait with an
# older checkout.
_GRACE_SECONDS = SESSION_SECONDS


def kept_lines(log: bytes, known: Lockfile, now: int, unclear: Collection[str] = ()) -> bytes:
    """Return the lines to keep of a journal; `known` is the lockfile that a run begins with.

    `now` is in Unix seconds; `unclear` are the keys of which a person has to say which file was
    uploaded.
    """
    history = read_history(log)
    records = [
        record
        for attempt in history.attempts.values()
        if _is_kept(attempt, history, known, now, unclear)
        for record in lines(_without_session(attempt))
    ]
    owned = known.owned_ids()
    records += [
        {"deleted": file_id, "at": at}
        for file_id, at in history.deleted.items()
        if now - at < GHOST_SECONDS or file_id in owned
    ]
    records += [{"deleting": file_id} for file_id in sorted(history.deleting & owned)]
    return text_of(records) + _kept_of_stores(log, known)


def _is_kept(
    attempt: Attempt, history: History, known: Lockfile, now: int, unclear: Collection[str]
) -> bool:
    if attempt.made is not None:
        gone = attempt.made in history.deleted or attempt.made in history.deleting
        if attempt.superseded and gone:
            return False
        return attempt.made not in known.owned_ids() or now - attempt.at < _GRACE_SECONDS
    if is_locked(attempt, known) and not attempt.in_doubt:
        return False
    return may_matter(attempt, now) or (attempt.in_doubt and attempt.key in unclear)


def _without_session(attempt: Attempt) -> Attempt:
    """Return an attempt without the session that has made its file."""
    if attempt.made is None:
        return attempt
    return replace(attempt, upload_id=None, parts={})


def _kept_of_stores(log: bytes, known: Lockfile) -> bytes:
    text = b""
    for key, trace in read_traces(log).items():
        locked = known.stores.get(key)
        members = set() if locked is None else {one.id for one in locked.files.values()}
        if left := trace.attached - members:
            text += attach_line(key, sorted(left))
        if locked is not None and (trace.made is None or trace.made == locked.id):
            continue
        if trace.begun is not None:
            text += begin_line(key, trace.begun)
        if trace.made is not None:
            text += made_line(key, trace.made)
    return text
