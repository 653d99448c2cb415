"""`lock merge`: the pieces that shards have written become one lockfile.

The files of the shards are on the platform; what they replaced waits. Only the run that joins the
pieces knows all of them, so it alone deletes, and it alone fills vector stores. It takes the
wanted files as the pieces have them and reads none, so it needs the repository and no data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.decide.pipeline import PlanOptions
from filesync.core.lockfile import format as lock_format
from filesync.core.lockfile.lock import check_owner
from filesync.core.lockfile.pieces import JOINED, Piece, dump_piece, is_joined, join, parse_piece
from filesync.core.plan.plan import Plan
from filesync.core.run import Run, Shard
from filesync.core.text import printable
from filesync.core.wrong_manifest import wrong_manifest
from filesync.errors import FilesyncError, LockfileError, Refused
from filesync.local import lockfile
from filesync.local.apply_lock import exclusive
from filesync.local.files import remove
from filesync.workflow.plan import make_plan
from filesync.workflow.workspace import Workspace, open_workspace, pieces_beside, waiting_pieces


class Merged(NamedTuple):
    """What was joined: the number of pieces, the keys they had, and which of them had failures."""

    pieces: int
    keys: frozenset[str]
    failed: tuple[Shard, ...]


def merge_pieces(run: Run) -> Merged:
    """Join the pieces beside the lockfile, write it, and mark them as joined.

    They stay until `plan_the_rest` is carried out: a run that is refused, declined or killed there
    can be repeated. Raises Refused, with nothing written, where a piece is missing, is not
    finished, or was made from another manifest or lockfile than this one.
    """
    space = open_workspace(run)
    if space.problems:
        raise wrong_manifest(run.manifest, space.problems)
    path = space.lock_path
    shards = waiting_pieces(path) or pieces_beside(path)
    with ExitStack() as held:
        for shard in shards:
            held.enter_context(_nobody_on(run, shard))
        pieces = [_read(space, shard) for shard in shards]
        if _were_joined(space, pieces):
            shards = pieces_beside(path)
            pieces = [_read(space, shard) for shard in shards]
            _refuse_other_manifest(
                space, pieces, lambda _shard: f"{command('apply')} for what is left"
            )
        else:
            _refuse_incomplete(space, shards)
            _refuse_strangers(space, pieces)
            space.place.save(lock_format.dump_lockfile(join(space.lock, pieces)))
        _take_journals(space, shards)
        _mark_joined(space, pieces)
    failed = tuple(piece.shard for piece in pieces if piece.state == "failed")
    whole = len(pieces) == pieces[0].shard.of
    # Some were removed: so all that they had left was done.
    keys = frozenset(key for piece in pieces for key in piece.lock.files)
    return Merged(pieces[0].shard.of, keys if whole else frozenset(space.lock.files), failed)


def plan_the_rest(run: Run, merged: Merged) -> Plan | None:
    """Return the plan of what the shards have left: deletes and vector stores. None for nothing."""
    space = open_workspace(run)
    lock, manifest = space.lock, space.manifest
    removed = lock.files.keys() - merged.keys
    if not (lock.retired or removed or lock.stores or manifest.stores or manifest.prune):
        return None
    return make_plan(run, options=PlanOptions(uploads=False), declared=merged.keys)


def _were_joined(space: Workspace, pieces: Sequence[Piece]) -> bool:
    """Say whether an earlier merge has joined all of these pieces and was interrupted after that.

    Then each is marked, or the lockfile is not the one that they were begun with, and has all that
    they hold.
    """
    unmarked = [one for one in pieces if one.state != JOINED]
    own = space.origin.lock_sha256
    if any(one.origin.lock_sha256 == own for one in unmarked):
        return False
    return bool(pieces) and is_joined(space.lock, unmarked)


def _mark_joined(space: Workspace, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        if piece.state not in (JOINED, "failed"):
            data = dump_piece(piece._replace(state=JOINED))
            path = lockfile.piece_path(space.lock_path, piece.shard)
            lockfile.LockOnDisk(path).save(data)


def _refuse_incomplete(space: Workspace, found: Sequence[Shard]) -> None:
    """Raise Refused where the pieces that are there are not all of one split."""
    name = printable(space.lock_path)
    if not found:
        raise FilesyncError(
            f"there are no pieces of {name} beside it",
            f"{command('apply', '--shard', '1/4')} writes the first of four; if they were joined "
            f"before, {command('apply')} does what is left",
        )
    splits = sorted({one.of for one in found})
    if len(splits) > 1:
        raise Refused(
            f"the pieces of {name} are of different splits: into "
            f"{' and into '.join(map(str, splits))}",
            "keep those of one split, and remove the others: what they uploaded stays on the "
            "platform",
        )
    of = splits[0]
    missing = [Shard(number, of) for number in range(1, of + 1) if Shard(number, of) not in found]
    if missing:
        _refuse(f"of {of} pieces of {name}", missing, "missing")


def _refuse(of: str, shards: Sequence[Shard], what: str) -> None:
    numbers = ", ".join(str(one.number) for one in shards)
    verb = "is" if len(shards) == 1 else "are"
    commands = ", ".join(command("apply", "--shard", str(one)) for one in shards[:3])
    raise Refused(
        f"{of}, number {numbers} {verb} {what}: nothing was joined",
        f"bring {'it' if len(shards) == 1 else 'them'} here, or run {commands}"
        + (" and so on" if len(shards) > 3 else ""),
    )


def _nobody_on(run: Run, shard: Shard) -> ExitStack:
    """Hold a piece; Refused if its run is still at work."""
    stack = ExitStack()
    try:
        stack.enter_context(
            exclusive(run.manifest, run.env, shard=shard, timeout=0, on_wait=lambda _message: None)
        )
    except FilesyncError as error:
        raise Refused(f"piece {shard} is still being made: {error.message}", error.hint) from None
    return stack


def _read(space: Workspace, shard: Shard) -> Piece:
    path = lockfile.piece_path(space.lock_path, shard)
    piece = parse_piece(lockfile.read_lock_bytes(path) or b"", path)
    check_owner(piece.lock, path, space.manifest.project, space.server.base_url)
    if piece.shard != shard:
        raise LockfileError(
            f"{printable(path)} says that it is piece {piece.shard}", "give it its own name back"
        )
    return piece


def _refuse_strangers(space: Workspace, pieces: Sequence[Piece]) -> None:
    name, own = space.place.name, space.origin
    if unfinished := [one.shard for one in pieces if one.state == "running"]:
        _refuse(f"of the pieces of {name}", unfinished, "not finished")
    _refuse_other_manifest(
        space, pieces, lambda shard: f"{command('apply', '--shard', str(shard))} again"
    )
    if others := [one.shard for one in pieces if one.origin.lock_sha256 != own.lock_sha256]:
        raise Refused(
            f"{_pieces_were(others, name)} begun with another lockfile than is here now",
            "restore the lockfile that all pieces were begun with, merge, and then merge the two "
            "lockfiles as code",
        )


def _refuse_other_manifest(
    space: Workspace, pieces: Sequence[Piece], otherwise: Callable[[Shard], str]
) -> None:
    """Raise Refused for pieces of another manifest; `otherwise` is what to run for the first."""
    others = [one.shard for one in pieces if one.origin[:2] != space.origin[:2]]
    if others:
        raise Refused(
            f"{_pieces_were(others, space.place.name)} made from another manifest than "
            f"{printable(space.run.manifest)} is now",
            "restore the manifest that all pieces were made from, or run " + otherwise(others[0]),
        )


def _pieces_were(shards: Sequence[Shard], name: str) -> str:
    numbers = ", ".join(str(one.number) for one in shards)
    one = len(shards) == 1
    return f"piece {numbers} of {name} was" if one else f"pieces {numbers} of {name} were"


def _take_journals(space: Workspace, shards: Sequence[Shard]) -> None:
    """Copy what the shards' journals still say to the journal of the whole.

    Those on this machine are removed; in an object store they stay until a run begins with a
    lockfile that has their files, since this one may be lost before it is pushed.
    """
    whole = space.state
    for shard in shards:
        its = whole._replace(run=space.run._replace(shard=shard))
        history = its.history()
        if history.attempts and history.ours:
            with whole.journal(space.known) as journal:
                journal.take_in(history)
            if whole.url is not None:
                whole.lease().flush()
        if whole.url is None:
            remove(its.path)
