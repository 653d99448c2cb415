"""`filesync validate`: the manifest and its files, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from filesync.cli.finding_steps import (
    format_option,
    manifest_as_findings,
    print_findings,
    raise_for_content,
    shrink_option,
    strict_option,
    warn_of_content,
)
from filesync.cli.options import Common, outside_option, subcommand
from filesync.core.commands import command
from filesync.core.text import first_of, human_bytes, plural, printable
from filesync.errors import FilesyncError

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.run import Run


_SHOWN = 20


@subcommand(
    "validate",
    click.option("--locked", is_flag=True, help="Fail, too, if the lockfile does not agree."),
    outside_option,
    format_option,
    strict_option,
    shrink_option,
    examples={
        "filesync validate": "before a commit, offline",
        "filesync validate --locked": "where people apply before they commit",
        "filesync validate --format github": "in a workflow: notes on the lines that are wrong",
    },
)
def validate(
    common: Common,
    locked: bool,
    allow_outside: bool,
    form: str,
    strict: bool,
    allow_shrink: bool,
) -> None:
    """Check the manifest and the content of its files, offline.

    The content must be what the files' purposes need. Sources in object stores are named and
    not checked. With --full it lists the files that were found.
    """
    from filesync.output.stderr import hashing
    from filesync.workflow.check_content import check_content
    from filesync.workflow.init import schema_is_old, schema_path
    from filesync.workflow.sources import not_looked_at
    from filesync.workflow.workspace import read_manifest, scan

    run = common.run(allow_outside=allow_outside, strict=strict, allow_shrink=allow_shrink)
    warnings: list[str] = []
    with manifest_as_findings(form):
        manifest, problems = read_manifest(run)
        files = scan(run, manifest, problems, warnings.append, stores=False)
    for warning in (*manifest.warnings, *warnings):
        common.warn(warning)
    if common.full:
        for file in files:
            size = human_bytes(file.bytes)
            common.note(f"{file.key}: {file.path} ({size}, {file.entry.policy.purpose})")
    if schema_is_old(run.manifest):
        path = schema_path(run.manifest)
        common.note(f"{path} is another version's: {command('schema', '-o', path)} renews it")
    with hashing(quiet=common.quiet) as on_hashed:
        report = check_content(run, manifest, files, on_bytes=on_hashed)
    print_findings(report, form)
    if form == "text":
        warn_of_content(common, report)
    raise_for_content(report, form)
    if locked:
        _check_locked(run)
    if left := not_looked_at(manifest):
        common.note(f"{left}; {command('plan')} checks them")
    agrees = ", and the lockfile agrees" if locked else ""
    target = "" if run.env is None else f" for {run.env}"
    common.note(f"{run.manifest} is valid{target}: {plural(len(files), 'file')}{agrees}")
    if files:
        common.hint(f"{command('plan')} shows what an apply would do")
    else:
        common.hint(f"name your files in {run.manifest}, below `files:`")


def _check_locked(run: Run) -> None:
    from filesync.core.stores.change import StoreAction
    from filesync.output.reasons import reason_named, reason_of
    from filesync.workflow.check_lock import disagreements
    from filesync.workflow.workspace import lock_place

    found = disagreements(run)
    named = [f"{printable(one.name)}: {reason_of(one)}" for one in found.files]
    for store in found.stores:
        what = f"vector store {printable(store.key)}"
        if store.action != StoreAction.NOOP:
            fields = f" ({', '.join(store.fields)})" if store.fields else ""
            named.append(f"{what}: {reason_named(store.reason)}{fields}")
        named += (
            f"{what}: {printable(one.key or one.file_id or '')}: {reason_named(one.reason)}"
            for one in store.members
        )
    if named:
        lock = lock_place(run).name
        listed = [f"  {line}" for line in first_of(named, _SHOWN)]
        raise FilesyncError(
            "\n".join([f"{lock} does not agree with {run.manifest}:", *listed]),
            f"run {command('apply')} and commit the lockfile",
        )
