"""filesync: Terraform's habits for the OpenAI Files API.

    import filesync

    filesync.load_lock("filesync.lock").id("train")   # "file-abc"

    plan = filesync.plan("filesync.yaml")             # what would change
    if plan.has_changes:
        filesync.apply(plan)                          # make it so

Importing this loads neither the HTTP client nor the planner: a job that only needs an id pays
for reading the lockfile and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from filesync.errors import FilesyncError
from filesync.version import __version__

if TYPE_CHECKING:
    from filesync.core.events import Result
    from filesync.core.lockfile.lock import Lockfile
    from filesync.core.plan.plan import Plan

__all__ = ["FilesyncError", "__version__", "apply", "load_lock", "plan"]


def load_lock(path: str = "filesync.lock") -> Lockfile:
    """Read a lockfile; `.id(key)` gives a file's id. Raises LockfileError if it is not sound."""
    from filesync.core.lockfile.format import parse_lockfile
    from filesync.errors import LockfileError
    from filesync.local.lockfile import read_lock_bytes

    found = read_lock_bytes(path)
    if found is None:
        raise LockfileError(f"there is no lockfile {path}", "run `filesync apply` first")
    return parse_lockfile(found, path)


def plan(
    manifest: str = "filesync.yaml",
    *,
    base_url: str | None = None,
    only: str | Iterable[str] = (),
    exclude: str | Iterable[str] = (),
    purpose: str | Iterable[str] = (),
    offline: bool = False,
    at: str | None = None,
    allow_outside: bool = False,
    allow_insecure_http: bool = False,
    env: str | None = None,
) -> Plan:
    """Return what an apply would do, as `filesync plan` does; writes nothing remotely.

    `env` names one of the manifest's environments; FILESYNC_ENV is the command's and not read.
    With `at`, a time to come such as "+7d", the plan is for looking at only.
    """
    from filesync.core.decide.pipeline import PlanOptions
    from filesync.core.moment import moment_named
    from filesync.core.run import Filters, Run
    from filesync.workflow.plan import make_plan

    filters = Filters(_several(only), _several(exclude), _several(purpose))
    run = Run(manifest, base_url, filters, allow_outside, allow_insecure_http, offline, env)
    return make_plan(run, options=PlanOptions(at=moment_named(at)))


def apply(
    plan: Plan,
    *,
    concurrency: int = 8,
    max_delete: int | None = None,
    deletes: bool = True,
    wait: bool = False,
    allow_duplicates: bool = False,
    accept_missing: bool = False,
    lock_timeout: float = 600,
    watch: Callable[[Any], None] | None = None,
) -> Result:
    """Carry out a plan, as `filesync apply -y` does, and return what was done and what failed.

    `watch` is given each event of `filesync.core.events`, from several threads. Raises Refused,
    with nothing written, where a guard says no or the plan is stale, and FilesyncError if another
    run still holds the lockfile after `lock_timeout` seconds.
    """
    from filesync.core.decide.guards import Overrides
    from filesync.execute.applier import ApplySettings
    from filesync.workflow.apply import apply_plan
    from filesync.workflow.workspace import alone

    with alone(plan.inputs.run, timeout=lock_timeout, on_wait=lambda _message: None):
        return apply_plan(
            plan,
            allowed=Overrides(allow_duplicates, accept_missing, max_delete, deletes),
            settings=ApplySettings(concurrency, deletes, wait),
            watch=watch or (lambda _event: None),
        )


def _several(values: str | Iterable[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)
