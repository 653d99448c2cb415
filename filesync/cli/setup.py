"""Commands to begin with: init, schema, completion, emulator."""

from __future__ import annotations

import os

import click

from filesync.cli.options import Common, command, output_option
from filesync.cli.writing import check_target, write_whole
from filesync.errors import FilesyncError

_STARTER = """\
# yaml-language-server: $schema={schema}
#
# What the OpenAI platform should hold for this project. `filesync plan` shows what would
# change, `filesync apply` makes it so and writes the file ids to {lock}.
version: 1
project: {project}            # who owns these files; unique in your account

defaults:
  purpose: user_data          # assistants | batch | fine-tune | vision | user_data | evals
  expires_after: never        # never, or 1 hour to 30 days: "90m" "12h" "7d"
  fingerprint: true           # the content's hash in the remote filename: a lost lockfile
                              # is then rebuilt from the listing alone

limits:
  max_delete: 30%             # an apply that would delete more of our files is refused

files: {{}}
# files:
#   train:                    # the key: `filesync id train` prints the file's id
#     path: data/train.jsonl
#     purpose: fine-tune
#   handbook:
#     glob: docs/**/*.md      # one remote file a match, with keys handbook/...
#     purpose: assistants
"""


@command(
    "init",
    examples={
        "filesync init": "filesync.yaml in this folder",
        "filesync init -m manifests/prod.yaml": "one of several manifests",
    },
)
def init(common: Common) -> None:
    """Write a starter manifest."""
    from filesync.local.lockstore import lock_path
    from filesync.local.state import SCHEMA_FILE
    from filesync.workflow.starting import project_for, write_manifest

    path = common.manifest
    lock = os.path.basename(lock_path(path))
    text = _STARTER.format(schema=SCHEMA_FILE, project=project_for(path), lock=lock)
    write_manifest(path, text)
    common.note(f"wrote {path}: name your files in it, then run `filesync plan`")


@command(
    "schema",
    output_option,
    examples={
        "filesync schema -o filesync.schema.json": "renew it after an upgrade",
    },
)
def schema(common: Common, output: str | None) -> None:
    """Print the JSON Schema of the manifest, by which editors complete and check it.

    `filesync init` puts it beside the manifest, whose first line names it.
    """
    from filesync.workflow.starting import schema_text

    if output is None or output == "-":
        click.echo(schema_text(), nl=False)
        return
    check_target(output, common)
    write_whole(output, schema_text())
    common.note(f"wrote {output}")


@command(
    "emulator",
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8787,
        show_default=True,
        help="Loopback port; 0 for any free one.",
    ),
    click.option(
        "--data",
        metavar="DIR",
        type=click.Path(file_okay=False),
        default=".filesync/emulator",
        show_default=True,
        help="Where it keeps its files.",
    ),
    click.option("--api-key", metavar="KEY", help="The only key to accept; else any is."),
    examples={
        "filesync emulator": "then set what it prints",
        "filesync emulator --port 0 --data /tmp/files": "any free port, another folder",
    },
)
def emulator(common: Common, port: int, data: str, api_key: str | None) -> None:
    """Serve the Files and Uploads API on loopback until Ctrl-C."""
    from filesync.emulator.server import serve

    def ready(url: str) -> None:
        click.echo(url)
        common.note("serving the Files and Uploads API; Ctrl-C ends it. To use it:")
        common.note(f"  export OPENAI_BASE_URL={url} OPENAI_API_KEY={api_key or 'any'}")

    try:
        serve(data, port, api_key, ready)
    except OSError as error:
        raise FilesyncError(
            f"cannot serve on port {port} with data in {data}: {error.strerror or error}",
            "choose another --port or --data",
        ) from None


@command(
    "completion",
    click.argument("shell", type=click.Choice(["bash", "zsh", "fish"])),
    examples={
        "filesync completion bash >> ~/.bashrc": "for every new shell",
        "filesync completion zsh >> ~/.zshrc": "below the line with compinit",
        "filesync completion fish > ~/.config/fish/completions/filesync.fish": "for fish",
    },
)
def completion(common: Common, shell: str) -> None:  # noqa: ARG001
    """Print what makes a shell complete filesync's commands, options and keys after Tab."""
    from click.shell_completion import get_completion_class

    cli = click.get_current_context().find_root().command
    script = get_completion_class(shell)
    assert script is not None
    click.echo(script(cli, {}, "filesync", "_FILESYNC_COMPLETE").source())


COMMANDS = (init, schema, completion, emulator)
