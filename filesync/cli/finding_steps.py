"""Steps that `validate` and `plan` share: how findings about content are shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from filesync.cli.options import Common
from filesync.core.commands import command
from filesync.errors import ContentError, ManifestError

if TYPE_CHECKING:  # what costs time to import is imported by the command that needs it
    from filesync.core.content.report import ContentReport

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="How to print what is wrong with the content of files.",
)
strict_option = click.option(
    "--strict", is_flag=True, help="Treat warnings about content as errors."
)
shrink_option = click.option(
    "--allow-shrink",
    is_flag=True,
    help="Accept files that lost more than 90% of their size since the last apply.",
)


def print_findings(report: ContentReport, form: str) -> None:
    """Print findings on stdout, in a form for programs; as text they go to stderr."""
    if form == "json":
        from filesync.output.findings import findings_document
        from filesync.output.json import to_text

        click.echo(to_text(findings_document(report)))
    elif form == "sarif":
        from filesync.output.json import to_text
        from filesync.output.sarif import sarif_document
        from filesync.version import __version__

        click.echo(to_text(sarif_document(report, __version__)))
    elif form == "github":
        from filesync.output.findings import github_annotations

        for line in github_annotations(report):
            click.echo(line)


def warn_of_content(common: Common, report: ContentReport) -> None:
    """Warn on stderr of what is not an error."""
    for line in report.lines("warning"):
        common.warn(line)


def raise_for_content(report: ContentReport, form: str = "text") -> None:
    """Raise ContentError if any file has errors; it lists them where nothing else did."""
    if not report.errors:
        return
    hint = (
        f"fix the content, then run {command('validate')}; `validate: false` on an entry turns its "
        "checks off"
    )
    if form == "text":
        raise ContentError("\n".join(report.lines("error")), hint)
    from filesync.core.text import plural

    wrong = plural(len(report.wrong()), "file")
    raise ContentError(f"{plural(report.errors, 'error')} in the content of {wrong}", hint)


@contextlib.contextmanager
def manifest_as_findings(form: str) -> Iterator[None]:
    """Print what is wrong with a manifest that is read within, in a form for programs, too."""
    try:
        yield
    except ManifestError as error:
        print_findings(_manifest_report(error), form)
        raise


def _manifest_report(error: ManifestError) -> ContentReport:
    """Return what is wrong with a manifest as findings, so that programs see it too."""
    from filesync.core.content.findings import Finding, Verdict
    from filesync.core.content.report import ContentReport, FileFindings

    def one(line: int, where: str, message: str) -> FileFindings:
        key = where.removeprefix("files.").rpartition(".")[0] if where.startswith("files.") else ""
        finding = Finding(line, "manifest", f"{where}: {message}" if where else message)
        return FileFindings(key, error.path, Verdict((finding,), 1, 0))

    problems: Iterable[FileFindings] = (one(p.line, p.where, p.message) for p in error.problems)
    return ContentReport(0, tuple(problems))
