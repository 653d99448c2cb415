"""What a shell offers after Tab. Only disk is asked, and what goes wrong offers nothing."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from filesync.core.text import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Offer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _offer(find: Callable[[str], Iterable[tuple[str, str]]]) -> Offer:
    """Make what click asks of a function from a manifest's path to words with a note on each."""

    @functools.wraps(find)
    def offer(
        context: click.Context,
        parameter: click.Parameter,  # noqa: ARG001
        incomplete: str,
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        try:
            words = sorted(find(_manifest(context)))
        except Exception:  # a damaged lockfile, say: the command itself will tell
            return []
        return [
            CompletionItem(word, help=note or None)
            for word, note in words
            # A line is an offer, so a word with a line break in it would be two.
            if word.startswith(incomplete) and printable(word) == word
        ]

    return offer


def _manifest(context: click.Context) -> str:
    for one in (context, context.parent):
        if one is not None and one.params.get("manifest"):
            return str(one.params["manifest"])
    return os.environ.get("FILESYNC_MANIFEST") or "filesync.yaml"


@_offer
def locked_keys(manifest: str) -> Iterable[tuple[str, str]]:
    """Offer the keys of the lockfile."""
    from filesync.workflow.workspace import read_lock

    return [(key, entry.id) for key, entry in read_lock(manifest).files.items()]


@_offer
def locked_ids(manifest: str) -> Iterable[tuple[str, str]]:
    """Offer the ids of the lockfile."""
    from filesync.workflow.workspace import read_lock

    return [(entry.id, printable(key)) for key, entry in read_lock(manifest).files.items()]


@_offer
def selections(manifest: str) -> Iterable[tuple[str, str]]:
    """Offer what --only can name: the lockfile's keys and the first parts that they share."""
    from filesync.workflow.workspace import read_lock

    keys = read_lock(manifest).files.keys()
    return [(word, "") for word in keys | {key.partition("/")[0] for key in keys}]


@_offer
def free_keys(manifest: str) -> Iterable[tuple[str, str]]:
    """Offer the keys of the manifest that the lockfile does not have yet."""
    from filesync.core.plan import Run
    from filesync.local.lockstore import lock_path
    from filesync.workflow.workspace import read_lock, read_manifest, scan

    declared, problems = read_manifest(manifest)
    keys = {file.key for file in scan(Run(manifest), declared, problems)}
    if os.path.exists(lock_path(manifest)):
        keys -= read_lock(manifest).files.keys()
    return [(key, "") for key in keys]


@_offer
def purposes(manifest: str) -> Iterable[tuple[str, str]]:  # noqa: ARG001
    """Offer the purposes that files have."""
    from filesync.core.purposes import OUTPUT_PURPOSES, PURPOSES

    return [(purpose, "") for purpose in OUTPUT_PURPOSES | PURPOSES.keys()]


def files(
    context: click.Context,  # noqa: ARG001
    parameter: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[CompletionItem]:
    """Leave it to the shell to offer files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]
