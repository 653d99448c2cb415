"""What the journal says: which uploads were begun, and how far each is known to have come.

One JSON object a line, each about one attempt to upload one file (`n` is its number):

    {"n": 1, "begin": "train", "sha256": ..., "bytes": ..., "filename": ..., "purpose": ...,
     "expires_after": ..., "at": ..., "over": "file-0", "seen": ["file-7"]}
    {"n": 1, "sha256": ...}               known only now: the file is hashed while it is sent
    {"n": 1, "session": "upload_1", "part_bytes": ..., "at": ...}    an upload session is open
    {"n": 1, "part": 0, "id": "part_1"}                              the server has this part
    {"n": 1, "sent": ...}                 the last bytes, or `complete`, are sent at this time
    {"n": 1, "made": "file-1"}                                       it is on the platform
    {"n": 1, "answered": "file-9"}        the answer named this file, which may be another's
    {"n": 1, "superseded": true}          its key has another file by now: it comes too late
    {"n": 1, "end": true}                                            nothing is left of it
    {"deleting": "file-2"}                a delete is about to be requested
    {"deleted": "file-2", "at": ...}      so that a listing that lags is not believed

`over` is the file that the lockfile had for the key ("" for none): if it has another by the time
of recovery, the lockfile is newer than the attempt. `seen` are the files that looked like it
before the attempt, so none of them came of it. Where the sha256 is not known when it begins, it is
"" there, and `file` says which bytes are sent: size, mtime, ctime and inode.

A line that says what is about to happen is on disk before it happens. Times are Unix seconds
by the server's clock. A torn last line is what a crash leaves, and says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from filesync.core.lockfile.entries import entry_of
from filesync.core.lockfile.lock import Lockfile
from filesync.core.model import DesiredFile, LockEntry, RemoteFile, Stored
from filesync.core.purposes import OUTPUT_PURPOSES
from filesync.core.resemblance import Fit, fit, similar_names

# A deleted file may stay listed for two minutes (API notes); ten leave room.
GHOST_SECONDS = 600
# Servers stamp whole seconds, and ours is their clock as of some answer ago.
CLOCK_SLACK = 3
# How long a new file may be missing from the listing before "not listed" is "not there": listings
# were seen to be two minutes late.
LISTING_LAG_SECONDS = 130
# Within how many seconds before and after its request a file is made, where clocks are right.
MADE_EARLY, MADE_LATE = 10, 30
# By how many seconds more a server's stamps may be wrong: a file so stamped may be it.
STAMP_SKEW = 330
# After this an upload session is over, and need not be cancelled any more.
SESSION_SECONDS = 7200


@dataclass
class Attempt:
    """One attempt to upload one file, as far as the journal tells; see the module's lines.

    `at` is when it began; `sent` when the last of it was about to go: a file cannot have been
    made before, nor at all while it is None. `over` is the file that its key had, "" for none and
    None in a journal that does not say; `seen` are files that looked like it before it began;
    `answered` is the file that a doubtful answer named. `sha256` is "" while it is not known, and
    then `identity` is the file's when it was scanned; nothing is asked to complete before.
    """

    number: int
    key: str
    sha256: str
    bytes: int
    filename: str
    purpose: str
    expires_after: int | None
    at: int
    sent: int | None = None
    upload_id: str | None = None
    part_bytes: int = 0
    opened_at: int = 0
    parts: dict[int, str] = field(default_factory=dict)
    made: str | None = None
    superseded: bool = False
    over: str | None = None
    seen: frozenset[str] = frozenset()
    answered: str | None = None
    identity: tuple[int, ...] | None = None

    @property
    def in_doubt(self) -> bool:
        """Say whether it may have made a file of which no answer told."""
        return self.made is None and self.sent is not None

    def fit(self, file: RemoteFile) -> Fit:
        """Say whether it may have made a listed file, by what the file looks like and its time."""
        look = Fit.NO if file.id in self.seen else fit(file, self)
        if look is Fit.NO or not file.created_at:
            return look
        sent = self.sent or self.at
        if self.at - MADE_EARLY <= file.created_at <= sent + MADE_LATE:
            return look
        skewed = self.at - STAMP_SKEW <= file.created_at <= self.by + STAMP_SKEW
        return Fit.MAYBE if skewed else Fit.NO

    def made_this(self, file: RemoteFile) -> bool:
        """Say whether the file of an answer's id is what the attempt sent, but for its size.

        A journal may have come from elsewhere, and an answer may have been another's.
        """
        named = not file.filename or similar_names(file.filename, self.filename)
        if file.id in self.seen or not named or file.purpose in OUTPUT_PURPOSES:
            return False
        skewed = range(self.at - STAMP_SKEW, self.by + STAMP_SKEW + 1)
        return not file.created_at or file.created_at in skewed

    @property
    def by(self) -> int:
        """Return the last second in which its file may have been made."""
        return (self.sent or self.at) + LISTING_LAG_SECONDS

    @property
    def stored(self) -> Stored:
        """Return what the platform stores of its file."""
        return Stored(self.sha256, self.bytes, self.filename, self.purpose, self.expires_after)

    def is_for(self, want: DesiredFile) -> bool:
        """Say whether this attempt uploads exactly the wanted file."""
        stored = self.stored
        if not self.sha256 and self.identity == want.scanned.identity:
            stored = stored._replace(sha256=want.sha256)  # the very bytes, whatever their hash is
        return bool(stored.sha256) and self.key == want.key and stored == want.stored

    def entry(self, remote: RemoteFile, path: str) -> LockEntry:
        """Return the lock entry this attempt would have written for the file it made."""
        return entry_of(self.stored, remote, path=path, now=self.at)


@dataclass
class History:
    """The attempts that did not end, by number, and the ids we deleted a short while ago.

    `ours` is False for a journal that was not written here, such as one that came with a
    checkout: what it says is a hint and proves nothing. `strangers` are files whose content was
    compared and is not what any attempt sent; `unproven` are those that look like what one sent,
    and whose content the server does not give out; `contents` are the sha256 of those whose content
    it does. `deleting` are files whose delete was requested
    and perhaps not answered: if they are gone, that is our doing.
    """

    attempts: dict[int, Attempt] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    last_number: int = 0
    ours: bool = True
    strangers: set[str] = field(default_factory=set)
    unproven: set[str] = field(default_factory=set)
    contents: dict[str, str] = field(default_factory=dict)
    deleting: set[str] = field(default_factory=set)

    def made(self) -> set[str]:
        """Return the files that are known to have been made."""
        return {one.made for one in self.attempts.values() if one.made is not None}

    def of(self, key: str) -> list[Attempt]:
        """Return the attempts to upload the file of a key."""
        return [attempt for attempt in self.attempts.values() if attempt.key == key]


def read_history(text: bytes) -> History:
    """Return what a journal's text says; lines that make no sense are passed over."""
    history = History()
    last_made: dict[str, int] = {}
    for line in text.splitlines():
        try:
            record = json.loads(line)
            if isinstance(record, dict):
                _take(history, record, last_made)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue  # torn by a crash: what it was about to say had not happened yet
    for attempt in history.attempts.values():
        if attempt.number < last_made.get(attempt.key, 0):
            attempt.superseded = True
    return history


def _take(history: History, record: dict[str, Any], last_made: dict[str, int]) -> None:
    if "deleting" in record:
        history.deleting.add(str(record["deleting"]))
        return
    if "deleted" in record:
        history.deleted[str(record["deleted"])] = int(record["at"])
        return
    number = int(record["n"])
    history.last_number = max(history.last_number, number)
    if "begin" in record:
        history.attempts[number] = Attempt(
            number,
            str(record["begin"]),
            str(record["sha256"]),
            int(record["bytes"]),
            str(record["filename"]),
            str(record["purpose"]),
            None if record["expires_after"] is None else int(record["expires_after"]),
            int(record["at"]),
            over=None if record.get("over") is None else str(record["over"]),
            seen=frozenset(str(one) for one in record.get("seen", ())),
            identity=tuple(int(one) for one in record["file"]) if "file" in record else None,
        )
        return
    if (attempt := history.attempts.get(number)) is not None:
        _continue(history, attempt, record, last_made)


def _continue(
    history: History, attempt: Attempt, record: dict[str, Any], last_made: dict[str, int]
) -> None:
    if "session" in record:
        part_bytes = int(record["part_bytes"])
        if part_bytes < 1:
            raise ValueError(part_bytes)
        attempt.upload_id = str(record["session"])
        attempt.part_bytes = part_bytes
        attempt.opened_at = int(record["at"])
        attempt.parts.clear()
        attempt.sent = None
    elif "part" in record:
        attempt.parts[int(record["part"])] = str(record["id"])
    elif "sha256" in record:
        attempt.sha256 = str(record["sha256"])
    elif "made" in record:
        attempt.made = str(record["made"])
        last_made[attempt.key] = max(attempt.number, last_made.get(attempt.key, 0))
    elif "answered" in record:
        attempt.answered = str(record["answered"])
    elif "superseded" in record:
        attempt.superseded = True
    elif "sent" in record:
        attempt.sent = int(record["sent"])
    elif "end" in record:
        del history.attempts[attempt.number]


def still_open(
    history: History, lock: Lockfile, now: int, unclear: Collection[str] = ()
) -> list[Attempt]:
    """Return the attempts that still matter, given what the saved lockfile holds.

    `now` is when the listing was read on which the lockfile rests. `unclear` are the keys for
    which several files might be what an attempt made: nobody has said yet which.
    """
    owned = lock.owned_ids()
    return [
        attempt
        for attempt in history.attempts.values()
        if attempt.made not in owned
        and not (is_locked(attempt, lock) and (attempt.over is None or not attempt.in_doubt))
        and (may_matter(attempt, now) or (attempt.in_doubt and attempt.key in unclear))
    ]


def is_locked(attempt: Attempt, lock: Lockfile) -> bool:
    """Say whether the lock has what an attempt was for: found and adopted since, or sent again."""
    entry = lock.files.get(attempt.key)
    if entry is None or (entry.sha256, entry.filename) != (attempt.sha256, attempt.filename):
        return False
    if attempt.over is not None:
        return entry.id != attempt.over
    return entry.created_at >= attempt.at - CLOCK_SLACK


def may_matter(attempt: Attempt, now: int) -> bool:
    """Say whether what an attempt left may still be found, at a time in Unix seconds."""
    begun = max(attempt.at, attempt.opened_at)
    if attempt.made is not None or attempt.upload_id is not None:
        return now - begun < SESSION_SECONDS
    # What was not sent cannot have left anything; what was is listed by now or never.
    return attempt.sent is not None and now <= attempt.by


def is_outdated(attempt: Attempt, held: LockEntry | None, made_at: int = 0) -> bool:
    """Say whether its key has got another file since an attempt began: the lock's is newer.

    `held` is the key's lock entry and `made_at` when the attempt's file was made, 0 if unknown.
    """
    if held is None:
        return False
    if attempt.over is not None:
        return held.id != attempt.over
    return held.created_at > max(attempt.sent or attempt.at, made_at)


class Before(NamedTuple):
    """What there was before an upload began: the key's file, "" for none, and files alike."""

    over: str = ""
    seen: frozenset[str] = frozenset()


def begun(number: int, want: DesiredFile, at: int, before: Before | None = None) -> Attempt:
    """Return an attempt to upload a wanted file that has only just begun."""
    attempt = Attempt(number, want.key, *want.stored, at)
    if not want.sha256:
        attempt.identity = want.scanned.identity
    if before is not None:
        attempt.over, attempt.seen = before
    return attempt


def text_of(records: Iterable[dict[str, Any]]) -> bytes:
    """Return records as the lines of a journal."""
    return "".join([json.dumps(record) + "\n" for record in records]).encode()


def lines(attempt: Attempt) -> list[dict[str, Any]]:
    """Return the records that say of an attempt what is known of it; one if it has only begun."""
    number = attempt.number
    found: list[dict[str, Any]] = [
        {
            "n": number,
            "begin": attempt.key,
            "sha256": attempt.sha256,
            "bytes": attempt.bytes,
            "filename": attempt.filename,
            "purpose": attempt.purpose,
            "expires_after": attempt.expires_after,
            "at": attempt.at,
            **({} if attempt.over is None else {"over": attempt.over}),
            **({"seen": sorted(attempt.seen)} if attempt.seen else {}),
            **({} if attempt.identity is None else {"file": list(attempt.identity)}),
        }
    ]
    if attempt.upload_id is not None:
        found.append(
            {
                "n": number,
                "session": attempt.upload_id,
                "part_bytes": attempt.part_bytes,
                "at": attempt.opened_at,
            }
        )
        found += [{"n": number, "part": i, "id": part} for i, part in attempt.parts.items()]
    if attempt.sent is not None:
        found.append({"n": number, "sent": attempt.sent})
    if attempt.made is not None:
        found.append({"n": number, "made": attempt.made})
    if attempt.answered is not None:
        found.append({"n": number, "answered": attempt.answered})
    if attempt.superseded:
        found.append({"n": number, "superseded": True})
    return found
