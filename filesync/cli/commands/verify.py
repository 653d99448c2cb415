"""`filesync verify`: download locked files and compare them."""

from __future__ import annotations

import click

from filesync.cli.options import Common, insecure_option, paint, subcommand
from filesync.core.commands import command
from filesync.core.text import plural, printable
from filesync.errors import FilesyncError


@subcommand(
    "verify",
    click.option(
        "--allow-unchecked", is_flag=True, help="Succeed even if nothing could be compared."
    ),
    insecure_option,
    examples={
        "filesync verify": "every file of the lockfile",
        "filesync verify --allow-unchecked": "also where the API gives out none of them",
    },
)
def verify(common: Common, allow_unchecked: bool, allow_insecure_http: bool) -> None:
    """Download each locked file and compare it.

    The API does not give out files of every purpose; those are reported as unchecked. If nothing
    could be compared, that is an error.
    """
    from filesync.workflow.verify import verify as verify_all
    from filesync.workflow.verify import verify_stores

    run = common.run(allow_insecure_http=allow_insecure_http)
    words = {True: ("same", "green"), False: ("DIFFERS", "red"), None: ("unchecked", "yellow")}
    verdicts = []
    for one in verify_all(run):
        verdicts.append(one)
        word, colour = words[one.same]
        why = f": {one.why}" if one.why else ""
        click.echo(
            f"{paint(f'{word:<9}', colour)}  {printable(one.key)} ({one.id}){printable(why)}"
        )
    wrong = 0
    stores = verify_stores(run)
    for store in stores:
        word, colour = words[not store.wrong]
        what = (
            f"vector store {printable(store.key)} ({store.id}), {plural(store.members, 'document')}"
        )
        click.echo(f"{paint(f'{word:<9}', colour)}  {what}")
        for fault in store.wrong:
            click.echo(f"           {printable(fault)}")
        wrong += bool(store.wrong)
    if not verdicts and (stores or allow_unchecked):
        common.note("there is no file in the lockfile to compare")
    if unchecked := sum(one.same is None for one in verdicts):
        common.note(f"{plural(unchecked, 'file')} of {len(verdicts):,} could not be compared")
    if bad := sum(one.same is False for one in verdicts):
        raise FilesyncError(
            f"{plural(bad, 'file')} on the platform {'is' if bad == 1 else 'are'} not what the "
            "lockfile says",
            f"{command('apply')} uploads what is gone; to replace what differs, apply once "
            "without its entry in the manifest, and once more with it",
        )
    if failed := sum(one.same is None and one.allowed for one in verdicts):
        raise FilesyncError(
            f"{plural(failed, 'file')} could not be downloaded, though the API allows it",
            f"see above why; run {command('verify')} again",
        )
    if wrong:
        raise FilesyncError(
            f"{plural(wrong, 'vector store')} {'is' if wrong == 1 else 'are'} not what the "
            "lockfile says",
            f"run {command('apply')} to bring them in line",
        )
    if unchecked == len(verdicts) and not (stores or allow_unchecked):
        expected = "if that is expected, pass --allow-unchecked"
        if verdicts:
            raise FilesyncError("nothing was verified: no file could be compared", expected)
        raise FilesyncError(
            "nothing was verified: there is no file in the lockfile",
            f"{command('apply')} uploads what the manifest declares; {expected}",
        )
