"""The server of commands that look at single remote files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from filesync.cli.options import Common
from filesync.core.commands import command
from filesync.core.text import printable
from filesync.errors import FilesyncError

if TYPE_CHECKING:
    from filesync.remote.client import Reader


@contextlib.contextmanager
def server_reader(common: Common, allow_insecure_http: bool) -> Iterator[Reader]:
    """Connect to the manifest's server, or where there is no manifest to the default one."""
    from filesync.core.wrong_manifest import wrong_manifest
    from filesync.workflow.server import choose_server, reader
    from filesync.workflow.workspace import read_manifest

    run = common.run(allow_insecure_http=allow_insecure_http)
    says = type_said = None
    if os.path.exists(run.manifest):
        manifest, problems = read_manifest(run)
        if problems and run.base_url is None:
            raise wrong_manifest(run.manifest, problems)
        says, type_said = manifest.base_url, manifest.server_type
    with reader(choose_server(run, says, type_said), run) as client:
        yield client


def no_such_file(file_id: str) -> FilesyncError:
    return FilesyncError(
        f"there is no file {printable(file_id)} on the platform", f"{command('ls')} lists them"
    )
