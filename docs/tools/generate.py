"""Writes what the documents take from the code: two reference pages, and tables of docs/ci.md.

`make docs` runs it. The order is the code's, and what is added there is picked up: commands,
options and fields with the words they have in the code, the rest with a sentence from
sentences.py. Where that has none, nothing is written, and the error says what is missing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import sentences
import yaml
from generate_fields import render_fields
from generate_markdown import code, paragraph, plain, render_commands, table
from generate_python import python_reference

from filesync import errors
from filesync.cli import cli
from filesync.core.decide.change import Decisions
from filesync.core.decide.reasons import REASONS
from filesync.core.events import Result
from filesync.core.manifest.schema import json_schema
from filesync.core.model import LockEntry
from filesync.core.plan.document import ChangeDocument, document_of
from filesync.core.plan.plan import Plan, PlanInputs, Summary
from filesync.core.run import Filters, Run
from filesync.output.json import apply_document, saved_document
from filesync.output.tables import status_document

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
REFERENCE = DOCS / "reference.md"
PYTHON = DOCS / "python-reference.md"
PAGES = (REFERENCE, DOCS / "ci.md", PYTHON)

# Ours and the clients' stand by themselves where they are read; httpx's are only told of in hints.
_VARIABLE = re.compile(
    r"^(?:OPENAI|AZURE_OPENAI|ACTIONS|FILESYNC|GITHUB|GITLAB|CI|NO|FORCE)_[A-Z_]+$|\b(?:[A-Z]+_PROXY|SSL_[A-Z_]+)\b"
)

_RUN = Run(filters=Filters(("*",), ("*",), ("batch",)))
EMPTY = Plan(PlanInputs(_RUN, "", "", "", None), Decisions((), 0), now=0)


class Unexplained(Exception):
    """Something of the code has no sentence, or a sentence is of nothing that is there."""


def explained(what: str, names: Iterable[object], told: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each name as code with its sentence."""
    found = [str(name) for name in names]
    for name in found:
        if name not in told:
            raise Unexplained(
                f"docs/tools/sentences.py does not say what {what} {name!r} is: add it"
            )
    for name in told:
        if name not in found:
            raise Unexplained(f"docs/tools/sentences.py explains {what} {name!r}, which is gone")
    return [(code(name), plain(told[name])) for name in found]


def reference() -> str:
    """Return docs/reference.md."""
    sections = {
        "Commands": ("", render_commands(cli)),
        "The manifest": (
            "Paths are relative to the manifest's folder. `filesync schema` prints the same as a "
            "JSON Schema, for editors.",
            render_fields(json_schema()),
        ),
        "The lockfile": (
            "It has `version`, `project`, `base_url`, `files` by key, and `retired`, the files "
            "to delete later. Each of `files` has:",
            _fields("a lockfile's", LockEntry._fields, sentences.LOCK),
        ),
        "Reasons": (
            "Why a plan has a change. It is drift if the platform changed, not the repository. "
            "[How it decides](how-it-decides.md) has the cases.",
            _reasons(),
        ),
        "Exit codes": (
            "`filesync exec` exits with the exit code of its command. All others:",
            _exits(),
        ),
        "Environment variables": ("", _variables()),
        "JSON": ("", _json()),
    }
    contents = "\n".join(f"- [{title}](#{title.lower().replace(' ', '-')})" for title in sections)
    head = (
        "# Reference\n\n"
        "<!-- Made from the code by `make docs`: change it there, or in docs/tools/sentences.py."
        " -->\n\n"
        f"{contents}\n"
    )
    parts = [head]
    for title, (lead, text) in sections.items():
        parts += [f"## {title}\n", paragraph(lead) if lead else "", text]
    return "\n".join(part for part in parts if part)


def _fields(what: str, names: Iterable[str], told: Mapping[str, str]) -> str:
    return table(("Field", "What it holds"), explained(f"{what} field", names, told))


def _reasons() -> str:
    rows = [
        (f"`{reason}`", plain(row.words), "yes" if row.drift else "", row.sentence)
        for reason, row in REASONS.items()
    ]
    return table(("Reason", "`plan` says", "Drift", "What it means"), rows)


def _exits() -> str:
    raised = {one.exit_code for one in _below(errors.FilesyncError)} | {0, 2, 3}
    told = {str(exit_code): text for exit_code, text in sentences.EXIT_CODES.items()}
    return table(("Code", "When"), explained("the exit code", sorted(raised), told))


def _below(error: type[errors.FilesyncError]) -> Iterator[type[errors.FilesyncError]]:
    yield error
    for one in error.__subclasses__():
        yield from _below(one)


def _variables() -> str:
    found = dict.fromkeys(
        name
        for path in sorted((ROOT / "filesync").rglob("*.py"))
        for text in _texts(path)
        for name in _VARIABLE.findall(text)
        if name != "FILESYNC_TRAIN"  # what `exec` makes of the key that examples have
    )
    # Those of VARIABLES in its order, so that what belongs together stands together.
    order = [name for name in sentences.VARIABLES if name in found]
    names = order + [name for name in found if name not in order]
    return table(
        ("Variable", "What it does"),
        explained("the variable", names, sentences.VARIABLES),
    )


def _texts(path: Path) -> Iterator[str]:
    """Yield the texts that a module has, but for its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        ):
            yield node.value


def _json() -> str:
    plan = document_of(EMPTY).document()
    saved = saved_document(document_of(EMPTY))
    change = ChangeDocument(None, "", "", None, None, None, None, None, None).document()
    applied = apply_document(EMPTY, Result((), (), interrupted=False))
    parts = {
        "### plan": paragraph(
            "`filesync plan --json`, and `--out FILE`, which `filesync apply FILE` and "
            "`filesync show-plan FILE` read."
        )
        + "\n"
        + _fields("a plan's", dict.fromkeys([*plan, *saved]), sentences.PLAN),
        "#### summary": _fields("a summary's", Summary._fields, sentences.SUMMARY),
        "#### changes": _fields("a change's", change, sentences.CHANGE),
        "### apply": "`filesync apply --json` and `filesync destroy --json`.\n\n"
        + _fields("an apply's", applied, sentences.APPLY),
        "### status": "`filesync status --json`.\n\n"
        + _fields("a status's", status_document(EMPTY), sentences.STATUS),
    }
    return "\n".join(f"{heading}\n\n{text}" for heading, text in parts.items())


def with_action(page: str) -> str:
    """Return docs/ci.md with its tables of the action's inputs and outputs as they are now."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    inputs = [
        (code(name), code(one["default"]) if one["default"] else "", plain(one["description"]))
        for name, one in action["inputs"].items()
    ]
    outputs = [(code(name), plain(one["description"])) for name, one in action["outputs"].items()]
    for name, made in (
        ("inputs", table(("Input", "Default", "What it is"), inputs)),
        ("outputs", table(("Output", "What it is"), outputs)),
    ):
        begin, end = f"<!-- {name} of action.yml, by `make docs` -->\n", "<!-- end -->\n"
        before, found, rest = page.partition(begin)
        if not found:
            raise Unexplained(f"docs/ci.md has no line {begin.strip()}")
        page = f"{before}{begin}\n{made}\n{end}" + rest.partition(end)[2]
    return page


def made(page: Path) -> str:
    """Return a page of PAGES as it should be."""
    if page == REFERENCE:
        return reference()
    if page == PYTHON:
        return python_reference()
    return with_action(page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    try:
        texts = {page: made(page) for page in PAGES}
    except Unexplained as error:
        sys.exit(f"error: {error}")
    for page, text in texts.items():
        page.write_text(text, encoding="utf-8")
