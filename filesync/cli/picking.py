"""`apply -i`: ask at the terminal which parts of a plan to apply."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from filesync.cli.options import Common, before_writing
from filesync.cli.plan_steps import leave_it, make_with_progress, print_plan, warn_but_of_refusals
from filesync.core.text import printable

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.plan.groups import Group
    from filesync.core.plan.plan import Plan
    from filesync.local.sums import Checksums

_MEANING = """\
y - apply it
n - leave it as it is
a - apply it and all the rest
q - leave it and all the rest"""

pick_option = click.option(
    "-i",
    "--interactive",
    is_flag=True,
    help="Ask for each key or folder whether to apply it. Needs a terminal.",
)


def check_pick(others: Mapping[str, object]) -> None:
    """Raise UsageError for what -i cannot go with, by its name, or if there is no terminal."""
    for name, given in others.items():
        if given:
            raise click.UsageError(f"-i asks what to apply of a new plan: leave out {name}, or -i")
    if not sys.stdin.isatty():
        raise click.UsageError(
            "-i asks what to apply, and this is not a terminal: pass --only GLOB and --yes instead"
        )


def pick(common: Common, made: Plan, sums: Checksums) -> Plan:
    """Return the plan for what is picked of one that was shown; nothing picked ends the command.

    It is planned again, as with --only: a key may have to upload what it would have shared with
    one that was left. Such a plan is shown again.
    """
    from filesync.core.plan.document import document_of
    from filesync.core.plan.groups import groups_of

    groups = groups_of(made)
    picked = list(_picked(groups))
    if not picked:
        leave_it()
    if len(picked) == len(groups):
        return made
    names = frozenset(name for group in picked for name in group.picks)
    run = made.inputs.run
    run = run._replace(filters=run.filters._replace(picked=names))
    narrowed = make_with_progress(common, run, sums=sums)
    if not _acts(narrowed) <= _acts(made):
        warn_but_of_refusals(common, narrowed)
        print_plan(common, document_of(narrowed))
    return narrowed


def _acts(plan: Plan) -> set[tuple[str | None, ...]]:
    """Return what a plan does, each with the key or id it does it to."""
    files = {(one.action, one.key, one.id) for one in plan.changes}
    members = {
        (one.action, store.key, one.key, one.old_file_id)
        for store in plan.stores
        for one in store.member_changes
    }
    return files | members | {(store.action, store.key) for store in plan.stores}


def _picked(groups: Sequence[Group]) -> Iterator[Group]:
    """Ask for each group, and yield those to apply."""
    for number, group in enumerate(groups):
        answer = _answer(group)
        if answer == "a":
            yield from groups[number:]
        if answer in ("a", "q"):
            return
        if answer == "y":
            yield group


def _answer(group: Group) -> str:
    from filesync.output.plan_counts import counted

    counts = counted(group.changes, group.stores) or "documents of vector stores"
    question = f"Apply {printable(group.heading)} ({counts})? [y,n,a,q,?]"
    with before_writing():
        while True:
            said = click.prompt(question, "", show_default=False, prompt_suffix=": ", err=True)
            answer = str(said).strip().lower()
            if answer in ("y", "n", "a", "q"):
                return answer
            click.echo(_MEANING, err=True)
