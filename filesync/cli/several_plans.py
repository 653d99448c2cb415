"""`plan` for several manifests, or for all environments of one, in one report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from filesync.cli.options import Common, paint
from filesync.errors import FilesyncError

if TYPE_CHECKING:  # what costs time to import is imported by the function that needs it
    from filesync.core.plan.plan import Plan
    from filesync.core.plan.several import Several, Target

ALL = "all"
"""The value of --env that means every environment of a manifest."""


def is_several(common: Common) -> bool:
    """Say whether a report of several plans is asked for."""
    if len(common.manifests) > 1:
        return True
    return common.env == ALL and ALL not in _environments(common)


def _environments(common: Common) -> tuple[str, ...]:
    from filesync.workflow.workspace import read_manifest

    manifest, _ = read_manifest(common._replace(env=None).run())
    return manifest.environments


def _targets(common: Common) -> Iterator[tuple[Target, Common]]:
    """Yield what to plan for. With --env all, the manifest itself counts if it has a lockfile."""
    from filesync.core.plan.several import Target
    from filesync.workflow.workspace import lock_place

    for manifest in common.manifests or (common.manifest,):
        own = common._replace(manifest=manifest, manifests=())
        envs: list[str | None] = [common.env]
        if common.env == ALL:
            named = _environments(own)
            itself = not named or lock_place(own._replace(env=None).run()).exists()
            envs = [*([None] if itself else []), *named]
        for env in envs:
            yield Target(manifest, env), own._replace(env=env)


def make_several(common: Common, make: Callable[[Common], Plan], *, report: bool) -> Several:
    """Make every plan; one that cannot be made, or has wrong content, keeps none of the others.

    For a `report` each says where it was made.
    """
    from filesync.cli.finding_steps import raise_for_content
    from filesync.cli.plan_steps import document_for
    from filesync.core.plan.several import Several

    plans, failed = [], []
    for target, own in _targets(common):
        try:
            with own.naming():
                made = make(own)
            plans.append((target, document_for(made, report=report)))
            for warning in made.warnings:
                own.warn(f"{target}: {warning}")
            raise_for_content(made.content)
        except FilesyncError as error:
            failed.append((target, error.message))
    return Several(tuple(plans), tuple(failed))


def show_several(common: Common, several: Several, *, as_json: bool, markdown: bool) -> None:
    """Print the report; a text that is taller than the terminal through the pager."""
    from filesync.cli.pager import show
    from filesync.output.json import to_text
    from filesync.output.plan_several import markdown_several, render_several

    if as_json:
        click.echo(to_text(several.document()))
    elif markdown:
        click.echo(markdown_several(several), nl=False)
    else:
        text = render_several(several, paint=paint, verbose=common.full, columns=common.columns)
        show(text, pager=common.pager)


def raise_for_several(several: Several) -> None:
    """Raise FilesyncError if any target failed; the report says why."""
    if several.failed:
        from filesync.core.text import plural

        lines = [f"{target}: {error}" for target, error in several.failed]
        count = plural(len(several.failed), "plan")
        raise FilesyncError(
            "\n".join([f"{count} could not be made, or not without errors:", *lines])
        )
