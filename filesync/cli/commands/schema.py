"""`filesync schema`: print the manifest's JSON Schema."""

from __future__ import annotations

import click

from filesync.cli.options import Common, output_option, subcommand
from filesync.cli.output_files import check_target, write_whole


@subcommand(
    "schema",
    output_option,
    examples={
        "filesync schema -o filesync.schema.json": "renew it after an upgrade",
    },
    manifest=False,
)
def schema(common: Common, output: str | None) -> None:
    """Print the JSON Schema of the manifest, for editors.

    They complete and check a manifest by it. `filesync init` puts it beside the manifest, whose
    first line names it.
    """
    from filesync.workflow.init import schema_text

    if output is None or output == "-":
        click.echo(schema_text(), nl=False)
        return
    check_target(output, common)
    write_whole(output, schema_text())
    common.note(f"wrote {output}")
