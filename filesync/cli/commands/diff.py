"""`filesync diff`: what changed in files since the last apply."""

from __future__ import annotations

import click

from filesync.cli.options import Common, insecure_option, outside_option, paint, subcommand
from filesync.core.text import human_bytes, printable

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
        lines = "" if one.added is None else f", +{one.added:,} -{one.removed:,} lines"
        both = one.before is not None and one.now is not None
        missing = ", no old text to show" if both and one.old is None else ""
        click.echo(f"{printable(one.key)}: {sizes}{lines}{missing}")
        if one.old is not None and one.new is not None:
            _show(one.path, one.old, one.new)
    if not count:
        common.note("no file changed since the last apply")


def _show(path: str, old: list[str], new: list[str]) -> None:
    import difflib

    for line in difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="", n=2):
        colour = _COLOURS.get(line[:1])
        text = printable(line.removesuffix("\n"))
        click.echo(paint(text, colour) if colour else text)
        if line[:1] in "+- " and line[:3] not in ("+++", "---") and not line.endswith("\n"):
            click.echo("\\ No newline at end of file")
