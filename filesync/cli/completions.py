"""What a shell offers after Tab. Only disk is asked, and what goes wrong offers nothing."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from filesync.core.commands import DEFAULT_MANIFEST
from filesync.core.text import has_controls, printable
from filesync.local.find_manifest import find_manifest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Offer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _offer(find: Callable[[str, str | None], Iterable[tuple[str, str]]]) -> Offer:
    """Make what click asks of a function from manifest and environment to words with notes."""

    @functools.wraps(find)
    def offer(
        context: click.Context,
        parameter: click.Parameter,  # noqa: ARG001
        incomplete: str,
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        try:
            if directory := _told(context, "directory"):
                os.chdir(directory)
            manifest = _told(context, "manifest") or find_manifest() or DEFAULT_MANIFEST
            words = sorted(find(manifest, _told(context, "env")))
        except Exception:  # a damaged lockfile, say: the command itself will tell
            return []
        return [
            CompletionItem(word, help=note or None)
            for word, note in words
            # A line is an offer, so a word with a line break in it would be two.
            if word.startswith(incomplete) and not has_controls(word)
        ]

    return offer


def _told(context: click.Context, option: str) -> str | None:
    for one in (context, context.parent):
        if one is not None and one.params.get(option):
            said = one.params[option]
            return str(said[-1] if isinstance(said, tuple) else said)
    return os.environ.get(f"FILESYNC_{option.upper()}") or None


@_offer
def locked_keys(manifest: str, env: str | None) -> Iterable[tuple[str, str]]:
    """Offer the keys of the lockfile."""
    from filesync.core.run import Run
    from filesync.workflow.workspace import read_lock

    return [(key, entry.id) for key, entry in read_lock(Run(manifest, env=env)).files.items()]


@_offer
def locked_ids(manifest: str, env: str | None) -> Iterable[tuple[str, str]]:
    """Offer the ids of the lockfile."""
    from filesync.core.run import Run
    from filesync.workflow.workspace import read_lock

    return [
        (entry.id, printable(key)) for key, entry in read_lock(Run(manifest, env=env)).files.items()
    ]


@_offer
def locked_stores(manifest: str, env: str | None) -> Iterable[tuple[str, str]]:
    """Offer the keys of the lockfile's vector stores."""
    from filesync.core.run import Run
    from filesync.workflow.workspace import read_lock

    return [(key, one.id) for key, one in read_lock(Run(manifest, env=env)).stores.items()]


@_offer
def selections(manifest: str, env: str | None) -> Iterable[tuple[str, str]]:
    """Offer what --only can name: the lockfile's keys and the first parts that they share."""
    from filesync.core.run import Run
    from filesync.workflow.workspace import read_lock

    lock = read_lock(Run(manifest, env=env))
    keys = lock.files.keys()
    words = keys | {key.partition("/")[0] for key in keys}
    return [(word, "") for word in words | {f"store:{key}" for key in lock.stores}]


@_offer
def free_keys(manifest: str, env: str | None) -> Iterable[tuple[str, str]]:
    """Offer the keys of the manifest that the lockfile does not have yet."""
    from filesync.core.run import Run
    from filesync.workflow.workspace import lock_place, read_lock, read_manifest, scan

    run = Run(manifest, env=env)
    declared, problems = read_manifest(run)
    keys = {file.key for file in scan(run, declared, problems, stores=False)}
    if lock_place(run).exists():
        keys -= read_lock(run).files.keys()
    return [(key, "") for key in keys]


@_offer
def purposes(manifest: str, env: str | None) -> Iterable[tuple[str, str]]:  # noqa: ARG001
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
