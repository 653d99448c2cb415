"""The lock entry of a file that was just uploaded or found."""

from __future__ import annotations

from filesync.core.model import (
    LIFETIME_SLACK,
    DesiredFile,
    LockEntry,
    Policy,
    RemoteFile,
    Stored,
)


def entry_for(want: DesiredFile, remote: RemoteFile, now: int) -> LockEntry:
    """Return the lock entry for a wanted file that a remote file now holds.

    Attributes are as asked for, not as answered: a server that rewrites names or sets an
    expiry of its own would otherwise look changed for ever, and be uploaded to for ever.
    """
    entry = entry_of(want.stored, remote, path=want.path, now=now)
    return entry._replace(protect=True) if want.policy.protect else entry


def entry_of(stored: Stored, remote: RemoteFile, *, path: str, now: int) -> LockEntry:
    """Return the lock entry of a remote file that was asked for with these attributes.

    Where the answer has no times, the file was made `now` and expires as asked, in Unix seconds.
    """
    created_at, expires_at = remote.dates(stored.expires_after, now)
    return LockEntry(
        id=remote.id,
        path=path,
        sha256=stored.sha256,
        bytes=stored.bytes,
        filename=stored.filename,
        purpose=stored.purpose,
        expires_after=stored.expires_after,
        created_at=created_at,
        expires_at=expires_at,
    )


def live_expiry(live: RemoteFile, locked: LockEntry | None) -> int | None:
    """Return when a live file expires, in Unix seconds; None for never.

    A server may leave `expires_at` out of its answers; then the lock entry's counts.
    """
    if live.expires_at is None and locked is not None:
        return locked.expires_at
    return live.expires_at


def renew_when_left(policy: Policy, locked: LockEntry, expires_at: int) -> int:
    """Return how many seconds before a live file expires it is to be uploaded again.

    That is the policy's `renew_before`. Of a server that said at the upload that the file lives
    shorter than asked, it is the same share of that life, since each apply would renew it
    otherwise; of one that lets a file expire that should stay, a tenth.
    """
    asked = policy.expires_after
    if locked.expires_at is not None and abs(locked.expires_at - expires_at) <= LIFETIME_SLACK:
        lives = locked.expires_at - locked.created_at
        if asked is None:
            return max(lives // 10, 0)
        if lives < asked - LIFETIME_SLACK:
            return policy.renew_before * max(lives, 0) // asked
    return policy.renew_before


def found_entry(
    want: DesiredFile, found: RemoteFile, now: int, *, tells: bool = False
) -> LockEntry:
    """Return the entry of a file we find rather than make: its expiry is what it says it is.

    One that says none has none if the server `tells` it of others, and else the wanted one.
    """
    entry = entry_for(want, found, now)
    if found.expires_at is None and tells:
        return entry._replace(expires_after=None, expires_at=None)
    if found.expires_at is None or not found.created_at:
        return entry
    actual = found.expires_at - found.created_at
    asked = want.policy.expires_after
    if asked is not None and abs(actual - asked) <= LIFETIME_SLACK:
        return entry  # within a server's rounding
    return entry._replace(expires_after=actual)
