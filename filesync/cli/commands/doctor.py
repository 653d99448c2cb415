"""`filesync doctor`: everything a run needs, looked at one by one."""

from __future__ import annotations

import click

from filesync.cli.options import (
    Common,
    insecure_option,
    json_option,
    outside_option,
    paint,
    subcommand,
)
from filesync.core.text import plural, printable
from filesync.errors import FilesyncError

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "cyan"}


@subcommand(
    "doctor",
    click.option("--offline", is_flag=True, help="Do not contact the server."),
    json_option,
    outside_option,
    insecure_option,
    examples={
        "filesync doctor": "when something does not work, or on a new machine",
        "filesync doctor --json": "for programs",
    },
)
def doctor(
    common: Common,
    offline: bool,
    as_json: bool,
    allow_outside: bool,
    allow_insecure_http: bool,
) -> None:
    """Check what a run needs: key, server, clock, lockfile, git.

    Nothing is changed. Exit code 1 if something keeps filesync from working.
    """
    from filesync.output.json import to_text
    from filesync.workflow.doctor import FAILED, examine

    run = common.run(
        offline=offline, allow_outside=allow_outside, allow_insecure_http=allow_insecure_http
    )
    checks = []
    for check in examine(run):
        checks.append(check)
        if as_json:
            continue
        state = paint(f"{check.state:<8}", _COLOURS[check.state])
        first, *more = check.message.splitlines() or [""]
        click.echo(f"{state}  {check.name:<11}  {printable(first)}")
        for line in more:
            click.echo(f"{'':<23}{printable(line)}")
        if check.hint:
            click.echo(f"{'':<23}-> {printable(check.hint)}")
    if as_json:
        found = [one._asdict() for one in checks]
        click.echo(to_text({"format_version": "1.0", "checks": found}))
    if failed := [check.name for check in checks if check.state == FAILED]:
        raise FilesyncError(
            f"{plural(len(failed), 'check')} failed: {', '.join(failed)}", "see above what to do"
        )
