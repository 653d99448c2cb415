"""`filesync init`: write a starter manifest, or one for existing remote files."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from filesync.cli.options import Common, confirmed, insecure_option, subcommand
from filesync.core.commands import command
from filesync.errors import FilesyncError

if TYPE_CHECKING:
    from filesync.core.from_remote.candidates import Found
    from filesync.core.run import Run


_STARTER = """\
# yaml-language-server: $schema={schema}
#
# What the OpenAI platform should hold for this project. `filesync plan` shows what would
# change, `filesync apply` makes these changes and writes the file ids to {lock}.
version: 1
project: {project}            # who owns these files; unique in your account

defaults:
  purpose: user_data          # assistants | batch | fine-tune | vision | user_data | evals
  expires_after: never        # never, or 1 hour to 30 days: "90m" "12h" "7d"
  fingerprint: true           # the content's hash in the remote filename: a lost lockfile
                              # is then rebuilt from the listing alone

limits:
  max_delete: 30%             # an apply that would delete more of our files is refused

files: {{}}                     # instead of this line, for example:
# files:
#   train:                    # the key: `filesync id train` prints the file's id
#     path: data/train.jsonl
#     purpose: fine-tune
#   handbook:
#     glob: docs/**/*.md      # one remote file a match, with keys handbook/...
#     purpose: assistants
"""


@subcommand(
    "init",
    click.option("--project", metavar="NAME", help="Who owns the files; else the folder's name."),
    click.option(
        "--from-remote", is_flag=True, help="Declare the files that are on the platform already."
    ),
    click.option(
        "--download/--no-download",
        default=None,
        help="With --from-remote: fetch into files/ what the API gives out, or only take what "
        "is in this folder. Needed without a terminal.",
    ),
    click.option(
        "--match", metavar="GLOB", help="With --from-remote: only remote files whose name matches."
    ),
    insecure_option,
    search=False,
    examples={
        "filesync init": "filesync.yaml in this folder",
        "filesync init -m manifests/prod.yaml": "one of several manifests",
        "filesync init --from-remote --download": "for files that are there already",
        "filesync init --from-remote --match 'kb-*'": "for some of them",
    },
)
def init(
    common: Common,
    project: str | None,
    from_remote: bool,
    download: bool | None,
    match: str | None,
    allow_insecure_http: bool,
) -> None:
    """Write a starter manifest, or one for files that exist already.

    With --from-remote the ids go to the lockfile, so that the next plan finds no changes.
    A file is declared if its content is known: downloaded, if the API allows that, or from a
    file in this folder with the same name and size. The others become comments.
    Nothing is uploaded, deleted or overwritten.
    """
    if from_remote:
        run = common.run(allow_insecure_http=allow_insecure_http)
        _init_from_remote(common, run, project, download, match)
        return
    if download is not None or match is not None:
        raise click.UsageError("--download and --match go with --from-remote")
    from filesync.core.from_remote.manifest_text import scalar
    from filesync.local.lockfile import lock_path
    from filesync.local.state_dir import SCHEMA_FILE
    from filesync.workflow.init import project_named, write_manifest

    path = common.manifest
    owner = project_named(project, path)
    lock = os.path.basename(lock_path(path))
    starter = _STARTER.format(schema=SCHEMA_FILE, project=scalar(owner), lock=lock)
    write_manifest(path, starter)
    common.note(
        f"wrote {path} for project {owner}: name your files in it, then run {command('plan')}"
    )


def _init_from_remote(
    common: Common, run: Run, project: str | None, download: bool | None, match: str | None
) -> None:
    from filesync.local.lockfile import lock_path
    from filesync.output.from_remote import guess_warning, told_download, told_import
    from filesync.output.stderr import fetching
    from filesync.workflow.init_from_remote import import_remote

    def may_download(wanted: Sequence[Found]) -> bool:
        if download is not None:
            return download
        what = told_download(wanted)
        if not sys.stdin.isatty():
            raise FilesyncError(
                f"{what} can be downloaded, but this is not a terminal, so I can't ask",
                "pass --download to fetch them into files/, "
                "or --no-download to take only what is in this folder",
            )
        return confirmed(f"Download {what} into files/?")

    with fetching(quiet=common.quiet) as on_fetched:
        imported = import_remote(
            run, project=project, match=match, may_download=may_download, on_fetched=on_fetched
        )
    result = imported.result
    for line in told_import(
        result,
        imported.left_out,
        common.manifest,
        lock_path(common.manifest),
        stores=imported.stores,
        unmarked=imported.unmarked,
        stores_left_out=imported.stores_left_out,
    ):
        common.note(line)
    if (warning := guess_warning(result.declared)) is not None:
        common.warn(warning)
