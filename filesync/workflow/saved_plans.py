"""Saved plans: read back, and planned again to see whether they still hold."""

from __future__ import annotations

from collections.abc import Callable

from filesync.core.commands import command
from filesync.core.decide.change import Reason
from filesync.core.moment import utc
from filesync.core.plan.document import PlanDocument, document_of, parse_plan
from filesync.core.plan.plan import Plan
from filesync.core.plan.stale import moved
from filesync.core.run import Run
from filesync.core.servers import same_server
from filesync.core.text import first_of, human_bytes, printable, quoted
from filesync.errors import FilesyncError, Refused
from filesync.local.files import why
from filesync.workflow.plan import make_plan
from filesync.workflow.workspace import open_workspace

_MAX_BYTES = 512 * 1000**2  # as a lockfile; 100,000 changes have about 50 MB
_SHOWN = 20


def read_plan(path: str) -> PlanDocument:
    """Read a plan file; FilesyncError if there is none, or it is not one, or a newer one."""
    name = printable(path)
    try:
        with open(path, "rb") as file:
            text = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise FilesyncError(
            f"there is no plan file {name}", f"{command('plan', '--out', 'FILE')} writes one"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        because = why(error) if isinstance(error, OSError) else str(error)
        raise FilesyncError(f"cannot read {name}: {because}") from None
    if len(text) > _MAX_BYTES:
        raise FilesyncError(f"{name} is too large for a plan file: over {human_bytes(_MAX_BYTES)}")
    return parse_plan(text, path)


def run_as_saved(run: Run, saved: PlanDocument, path: str) -> Run:
    """Return the run that a saved plan was made by: it says itself for which environment.

    Raises FilesyncError if another one was asked for, or other rules for content.
    """
    if run.env is not None and run.env != saved.env:
        of = "without an environment" if saved.env is None else f"of environment {saved.env}"
        raise FilesyncError(
            f"{printable(path)} is a plan {printable(of)}, and this run is for {run.env}",
            "leave out --env (and FILESYNC_ENV): a plan file knows its environment",
        )
    for flag, asked, known in (
        ("--strict", run.strict, saved.strict),
        ("--allow-shrink", run.allow_shrink, saved.allow_shrink),
    ):
        if asked and not known:
            raise FilesyncError(
                f"{printable(path)} is a plan made without {flag}, which decides what is sent",
                f"leave out {flag}, or plan again with {command('plan', flag, '--out', path)}",
            )
    # Who saved a plan that deletes orphans has asked for it, and it holds no others.
    orphans = any(change.reason == Reason.ORPHAN for change in saved.changes)
    return run._replace(
        filters=saved.filters,
        env=saved.env,
        delete_orphans=run.delete_orphans or orphans,
        strict=saved.strict,
        allow_shrink=saved.allow_shrink,
    )


def plan_as_saved(
    run: Run, saved: PlanDocument, path: str, make: Callable[[Run], Plan] = make_plan
) -> Plan:
    """Plan again as a saved plan was made, and return the plan if it is the same.

    `run` is what `run_as_saved` returned. Raises FilesyncError for a plan of another project or
    server, before anything is asked of a server; Refused, naming what has moved, for one that
    does not hold any more.
    """
    if saved.at is not None:
        raise FilesyncError(
            f"{printable(path)} is a plan for {utc(saved.at)} UTC: it is for looking at",
            "plan again without --at",
        )
    space = open_workspace(run)
    if not space.problems:
        _check_owner(saved, space.manifest.project, space.server.base_url, path)
    fresh = make(run)
    if found := moved(saved, document_of(fresh)):
        listed = [f"  {phrase}" for phrase in first_of(found, _SHOWN)]
        raise Refused(
            "\n".join([f"the plan {printable(path)} is stale, nothing was written:", *listed]),
            f"plan again with {command('plan', '--out', path)}, and look at it again",
        )
    return fresh


def _check_owner(saved: PlanDocument, project: str, base_url: str, path: str) -> None:
    if saved.project != project:
        raise FilesyncError(
            f"{printable(path)} is a plan for project {quoted(saved.project)}, "
            f"and the manifest says {project!r}",
            "name the manifest that it was made from with --manifest PATH",
        )
    if not same_server(saved.base_url, base_url):
        raise FilesyncError(
            f"{printable(path)} is a plan for {printable(saved.base_url)}, "
            f"and this run talks to {printable(base_url)}",
            f"pass --base-url {printable(saved.base_url)}, or plan again",
        )
