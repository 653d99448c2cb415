"""Remote files that no lock entry names: what their names claim, and whether that may delete them.

A name is a claim and no proof: another manifest with the same project makes the same names, and a
colleague's apply may not have pushed its lockfile yet. So an orphan is only reported unless the
user has asked for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from filesync.core import fingerprint
from filesync.core.decide.change import Action, Change, Reason
from filesync.core.model import DesiredFile, Prune, RemoteFile
from filesync.core.resemblance import shown_name
from filesync.core.servers import is_output
from filesync.core.text import plural, printable

_SHOWN = 5


class Leave(NamedTuple):
    """What a run may delete on the word of a name alone.

    `orphans`: the run was asked to (`--delete-orphans`). `has_lock`: it found a lockfile; without
    one everything looks like an orphan. `whole`: the listing contradicts nothing that is known.
    """

    orphans: bool = False
    has_lock: bool = True
    whole: bool = True


class Claimed(NamedTuple):
    """What the names of files that no lock holds come to.

    `rows` delete; `left` are orphans that stay, `unmanaged` counts the files that are not ours.
    """

    rows: list[Change]
    left: tuple[RemoteFile, ...]
    unmanaged: int


def claim(live: RemoteFile, owner: str, prune: Prune | None) -> Reason | None:
    """Return what a remote file that no lock holds is by its name, None for nobody's of ours."""
    if is_output(live.purpose):
        return None  # results of jobs: never ours, whatever they are called
    token = fingerprint.parse(live.filename)
    if token is not None:
        # A token is somebody's declaration: ours is an orphan, another's is theirs to prune.
        return Reason.ORPHAN if token.owner == owner else None
    if (
        prune is not None
        and live.purpose in prune.purposes
        and fnmatchcase(live.filename, prune.match)
    ):
        return Reason.UNMANAGED
    return None


def judge_claims(
    files: Iterable[RemoteFile],
    desired: Sequence[DesiredFile],
    owner: str,
    prune: Prune | None,
    leave: Leave,
    *,
    now: int,
) -> Claimed:
    """Return what to do about files that no lock holds; `now` is in Unix seconds."""
    rows: list[Change] = []
    left: list[RemoteFile] = []
    unmanaged = 0
    may = leave.has_lock and leave.whole and (leave.orphans or (prune or Prune()).orphans)
    oldest = now - (prune or Prune()).orphans_after
    wanted: Mapping[tuple[str, str], DesiredFile] | None = None
    for live in files:
        claimed = claim(live, owner, prune)
        if claimed is None or (claimed is Reason.UNMANAGED and not leave.whole):
            unmanaged += 1
        elif claimed is Reason.UNMANAGED:
            rows.append(Change(None, Action.DELETE, claimed, live.id, remote=live))
        else:
            if wanted is None:
                wanted = {_plain(one): one for one in desired if one.policy.fingerprint}
            of = wanted.get(_plain(live))
            protected = of is not None and of.policy.protect
            if may and live.created_at and live.created_at <= oldest and not protected:
                # An older version of a wanted file has that key: it is the old half of a replace.
                key = None if of is None else of.key
                rows.append(Change(key, Action.DELETE, claimed, live.id, remote=live))
            else:
                left.append(live)
    return Claimed(rows, tuple(left), unmanaged)


def report_left(left: Sequence[RemoteFile], prune: Prune | None, leave: Leave) -> Iterator[str]:
    """Yield the warning about orphans that stay, and why they do."""
    if not left:
        return
    names = ", ".join(f"{file.id} ({printable(file.filename)})" for file in left[:_SHOWN])
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    if not leave.has_lock:
        why = "without a lockfile none of them is deleted: another manifest's may name them"
    elif not leave.whole:
        why = "the listing is behind, so none of them is deleted now"
    elif not (leave.orphans or (prune or Prune()).orphans):
        why = (
            "they stay, because another lockfile may name them; `--delete-orphans` or "
            "`prune: {orphans: true}` deletes those that are older than `orphans_after`"
        )
    else:
        why = "they stay: they are younger than `prune.orphans_after`, or of a protected file"
    yield (
        f"{plural(len(left), 'orphan')} on the platform: this project's tag is in the name, and "
        f"neither manifest nor lockfile names it: {names}{more}; {why}"
    )


def _plain(file: DesiredFile | RemoteFile) -> tuple[str, str]:
    return shown_name(fingerprint.without(file.filename)), file.purpose
