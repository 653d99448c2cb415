"""`filesync diff`: what changed in files since the last apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from filesync.cli.options import Common, insecure_option, outside_option, paint, subcommand
from filesync.core.text import human_bytes, printable

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.workflow.diff import FileDiff

_MOST = 2000  # lines that changed: more of them nobody reads
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@subcommand(
    "diff",
    click.argument("key", required=False),
    click.option("--offline", is_flag=True, help="Look in git only; do not contact the server."),
    outside_option,
    insecure_option,
    examples={
        "filesync diff": "every file that changed since the last apply",
        "filesync diff train": "one of them",
    },
)
def diff(
    common: Common, key: str | None, offline: bool, allow_outside: bool, allow_insecure_http: bool
) -> None:
    """Show what changed in files since the last apply.

    The old text comes from git, where a commit has the version that the lockfile names, or from
    the server, where it gives out files of this purpose.
    """
    from filesync.workflow.diff import changed_files

    run = common.run(
        offline=offline, allow_outside=allow_outside, allow_insecure_http=allow_insecure_http
    )
    count = 0
    for one in changed_files(run, key, ask_server=not offline):
        count += 1
        before = "new" if one.before is None else human_bytes(one.before)
        sizes = f"{before} -> {'removed' if one.now is None else human_bytes(one.now)}"
        click.echo(f"{printable(one.key)}: {sizes}{_told(one)}")
        if one.changes and one.changes.total <= _MOST:
            _show(one.path, one.old or [], one.new or [])
    if not count:
        common.note("no file changed since the last apply")


def _told(one: FileDiff) -> str:
    """Return how many lines changed, or why nobody knows."""
    if one.changes is None:
        return f", {one.why_not}" if one.why_not else ""
    moved = f", {one.changes.moved:,} moved" if one.changes.moved else ""
    told = f", +{one.changes.added:,} -{one.changes.removed:,} lines{moved}"
    return told + (", too many to show" if one.changes.total > _MOST else "")


def _show(path: str, old: list[str], new: list[str]) -> None:
    from filesync.core.line_changes import unified

    for line in (f"--- a/{path}", f"+++ b/{path}"):
        click.echo(printable(line))
    for line in unified(old, new):
        colour = _COLOURS.get(line[:1])
        text = printable(line.removesuffix("\n"))
        click.echo(paint(text, colour) if colour else text)
        if line[:1] != "@" and not line.endswith("\n"):
            click.echo("\\ No newline at end of file")
