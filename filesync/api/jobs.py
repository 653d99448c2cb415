"""The functions of the Python API: the same jobs as the commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what costs time to import is imported by the function that needs it
    from filesync.api.plan import Plan
    from filesync.api.results import ContentFinding, FileStatus
    from filesync.core.events import Event, Result
    from filesync.core.lockfile.lock import Lockfile
    from filesync.core.run import Run
    from filesync.workflow.adopt import Adopted

    Progress = Callable[[Event], None]

Path = str | os.PathLike[str]
Names = str | Iterable[str]


def load_lock(path: Path = "filesync.lock") -> Lockfile:
    """Read a lockfile; its `id(key)` returns a file's id. Loads no HTTP client.

    It may be in a bucket: `load_lock("s3://bucket/filesync.lock")`, with the extra `cloud`. Raises
    LockfileError if there is none, or it is damaged, and ObjectStoreError for what a bucket says.
    """
    from filesync.core.commands import command
    from filesync.core.lockfile.format import parse_lockfile
    from filesync.errors import LockfileError
    from filesync.workflow.lock_place import place_at

    place = place_at(os.fsdecode(path))
    found = place.read()
    if found is None:
        raise LockfileError(f"there is no lockfile {place.name}", f"run {command('apply')} first")
    return parse_lockfile(found, place.name)


def ids(manifest: Path = "filesync.yaml", *, env: str | None = None) -> dict[str, str]:
    """Return the id of each key, from a manifest's lockfile; its files are not looked at."""
    from filesync.core.run import Run
    from filesync.workflow.workspace import read_lock

    return read_lock(Run(os.fsdecode(manifest), env=env)).ids()


def plan(
    manifest: Path = "filesync.yaml",
    *,
    base_url: str | None = None,
    env: str | None = None,
    only: Names = (),
    exclude: Names = (),
    purpose: Names = (),
    offline: bool = False,
    at: str | None = None,
    strict: bool = False,
    allow_shrink: bool = False,
    allow_outside: bool = False,
    allow_insecure_http: bool = False,
    allow_env: Iterable[str] = (),
    delete_orphans: bool = False,
    api_key: str | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Return what an apply would do, as `filesync plan` does; writes nothing remotely.

    `env` names one of the manifest's environments (FILESYNC_ENV is not read), and `api_key`
    is used in place of the environment's. `timeout` is how many seconds the server may be silent.
    `progress` is called with an event for each piece that is hashed, from several threads. With
    `at`, a time to come such as "+7d", the plan is for looking at only.
    """
    from filesync.api.plan import Plan
    from filesync.core.commands import commands_for
    from filesync.core.decide.pipeline import PlanOptions
    from filesync.core.events import Hashed
    from filesync.core.moment import moment_named
    from filesync.workflow.plan import make_plan

    run = _run(
        manifest,
        base_url=base_url,
        env=env,
        filters=_filters(only, exclude, purpose),
        offline=offline,
        strict=strict,
        allow_shrink=allow_shrink,
        allow_outside=allow_outside,
        allow_insecure_http=allow_insecure_http,
        allow_env=tuple(allow_env),
        delete_orphans=delete_orphans,
        api_key=api_key,
        timeout=timeout,
    )

    def on_hashed(count: int) -> None:
        if progress is not None:
            progress(Hashed(count))

    with commands_for(run.flags):
        made = make_plan(run, on_hashed=on_hashed, options=PlanOptions(at=moment_named(at)))
    return Plan.of(made)


def apply(
    plan: Plan,
    *,
    check: bool = True,
    concurrency: int = 8,
    max_delete: int | None = None,
    deletes: bool = True,
    wait: bool = False,
    index_timeout: float = 1800,
    allow_duplicates: bool = False,
    allow_empty_store: bool = False,
    accept_missing: bool = False,
    lock_timeout: float = 600,
    progress: Progress | None = None,
) -> Result:
    """Carry out a plan, as `filesync apply -y` does, and return what was done.

    `progress` is called with each event, from several threads. Raises Refused, with nothing
    written, if a guard says no or the plan is stale; FilesyncError if another run still holds the
    lockfile after `lock_timeout` seconds; ApplyFailed if single changes failed, and Interrupted
    after Ctrl-C, each with all that was done in `result`. With `check=False` these two are not
    raised, and the result says what failed.
    """
    from filesync.api.arguments import positive
    from filesync.api.plan import live_plan, run_of
    from filesync.core.commands import commands_for
    from filesync.core.decide.guards import Overrides
    from filesync.core.events import failure_of
    from filesync.execute.applier import ApplySettings
    from filesync.workflow.apply import apply_plan
    from filesync.workflow.workspace import alone

    positive("concurrency", concurrency)
    run = run_of(plan)
    with commands_for(run.flags), alone(run, timeout=lock_timeout, on_wait=lambda _message: None):
        result = apply_plan(
            live_plan(plan),
            allowed=Overrides(
                allow_duplicates, accept_missing, max_delete, deletes, allow_empty_store
            ),
            settings=ApplySettings(concurrency, deletes, wait, index_timeout),
            watch=progress or (lambda _event: None),
        )
        failure = failure_of(result)
    if check and failure is not None:
        raise failure
    return result


def status(
    manifest: Path = "filesync.yaml",
    *,
    base_url: str | None = None,
    env: str | None = None,
    only: Names = (),
    exclude: Names = (),
    purpose: Names = (),
    allow_outside: bool = False,
    allow_insecure_http: bool = False,
    api_key: str | None = None,
    timeout: float | None = None,
) -> tuple[FileStatus, ...]:
    """Return each declared or locked file, by key, as `filesync status` shows it."""
    from filesync.api.results import FileStatus
    from filesync.core.decide.pipeline import PlanOptions
    from filesync.output.tables import status_document
    from filesync.workflow.plan import make_plan

    run = _run(
        manifest,
        base_url=base_url,
        env=env,
        filters=_filters(only, exclude, purpose),
        allow_outside=allow_outside,
        allow_insecure_http=allow_insecure_http,
        api_key=api_key,
        timeout=timeout,
    )
    made = make_plan(run, options=PlanOptions(protection=False))
    names = FileStatus.__match_args__
    return tuple(
        FileStatus(**{name: one[name] for name in names}) for one in status_document(made)["files"]
    )


def validate(
    manifest: Path = "filesync.yaml",
    *,
    check: bool = True,
    env: str | None = None,
    strict: bool = False,
    allow_shrink: bool = False,
    allow_outside: bool = False,
    allow_env: Iterable[str] = (),
) -> tuple[ContentFinding, ...]:
    """Check a manifest and the content of its files, offline; return what was found.

    Raises ManifestError with all that is wrong with the manifest, and ContentError if any content
    is an error; with `check=False` the latter is not raised, and only the findings say so.
    """
    from filesync.api.results import ContentFinding
    from filesync.errors import ContentError
    from filesync.output.findings import findings_document
    from filesync.workflow.check_content import check_content
    from filesync.workflow.workspace import read_manifest, scan

    run = _run(
        manifest,
        env=env,
        strict=strict,
        allow_shrink=allow_shrink,
        allow_outside=allow_outside,
        allow_env=tuple(allow_env),
    )
    read, problems = read_manifest(run)
    report = check_content(run, read, scan(run, read, problems, stores=False))
    if check and report.errors:
        raise ContentError("\n".join(report.lines("error")), "fix the content, then validate again")
    return tuple(ContentFinding(**one) for one in findings_document(report)["findings"])


def adopt(
    key: str,
    file_id: str | None = None,
    *,
    manifest: Path = "filesync.yaml",
    base_url: str | None = None,
    env: str | None = None,
    allow_outside: bool = False,
    allow_insecure_http: bool = False,
    api_key: str | None = None,
    timeout: float | None = None,
    lock_timeout: float = 600,
) -> Adopted:
    """Start managing an existing remote file as `key`, as `filesync adopt` does.

    Without an id, the one file with the same name, size and purpose. Raises FilesyncError if the
    file is not the same, or there is not exactly one to choose.
    """
    from filesync.workflow.adopt import adopt as adopt_key
    from filesync.workflow.workspace import alone

    run = _run(
        manifest,
        base_url=base_url,
        env=env,
        allow_outside=allow_outside,
        allow_insecure_http=allow_insecure_http,
        api_key=api_key,
        timeout=timeout,
    )
    with alone(run, timeout=lock_timeout, on_wait=lambda _message: None):
        return adopt_key(run, key, file_id)


def _run(manifest: Path, *, api_key: str | None = None, **more: Any) -> Run:
    from filesync.api.arguments import positive
    from filesync.core.run import Run
    from filesync.core.secret import secret

    positive("timeout", more.get("timeout"))
    return Run(os.fsdecode(manifest), api_key=secret(api_key), **more)


def _filters(only: Names, exclude: Names, purpose: Names) -> Any:
    from filesync.core.run import Filters

    return Filters(_several(only), _several(exclude), _several(purpose))


def _several(values: Names) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)
