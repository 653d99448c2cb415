"""What can be wrong with a manifest before it is YAML at all, told in words for people."""

from __future__ import annotations

import codecs
import re

import yaml

from filesync.core.model import Position
from filesync.core.text import human_bytes, odd_character, printable
from filesync.errors import Problem

MAX_BYTES = 10 * 2**20
"""The largest manifest that is read at all, in bytes."""


class Unreadable(Exception):
    """The text is not a YAML mapping; `problems` ends with the one that stopped the reading."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[-1].message)
        self.problems = problems


# What YAML itself forbids, and the line separators by which editors count lines differently. As a
# list of what is allowed instead it takes ten times as long to compile, in every plan.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"
)


def decoded(text: bytes) -> str:
    """Return the manifest as text. Raises Unreadable if it is too large or not clean UTF-8."""
    if len(text) > MAX_BYTES:
        raise _unreadable("", f"is {human_bytes(len(text))}: at most 10 MiB are read; use globs")
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _unreadable("", "is UTF-16: save it as UTF-8")
    text = text.removeprefix(codecs.BOM_UTF8)
    try:
        source = text.decode()
    except UnicodeDecodeError as error:
        before = text[: error.start].decode()
        byte = text[error.start]
        raise _unreadable(before, f"byte 0x{byte:02x} is not UTF-8: save it as UTF-8") from None
    if bad := _FORBIDDEN.search(source):
        message = f"control character {printable(bad[0])} is not allowed in a manifest"
        raise _unreadable(source[: bad.start()], message)
    return source


def _unreadable(before: str, message: str) -> Unreadable:
    """Return the error for what stands right after the text `before`."""
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    line = before.count("\n") + 1
    col = len(before) - before.rfind("\n")
    return Unreadable([Problem(line, col, "", message)])


_TAB = "a tab in the indentation: use spaces"
_MISFIT = "this does not fit the lines above: check indentation and quotes"
# What the parser calls it (libyaml and PyYAML differ a little) -> what a person would.
_EXPLANATIONS = (
    ("violates indentation", _TAB),
    ("scanning an alias", "text that begins with '*' must be in quotes"),
    ("scanning an anchor", "text that begins with '&' must be in quotes"),
    ("tag", "text that begins with '!' must be in quotes"),
    ("mapping values", "a ':' is not expected here: see the line above, or put the text in quotes"),
    ("sequence entries", "a '- ' is not expected here: begin the list on a line of its own"),
    ("flow sequence", "a list in [brackets] is not closed, or lacks a comma"),
    ("flow mapping", "a mapping in {braces} is not closed, or lacks a comma"),
    ("expected ':'", "a key without a ':' after it"),
    ("escape character", "unknown escape in \"double quotes\": write \\\\ or use 'single quotes'"),
    ("expected key", _MISFIT),
    ("'-' indicator", _MISFIT),
    ("<block end>", _MISFIT),
    ("<document start>", _MISFIT),
)


def explained(error: yaml.YAMLError, source: str) -> tuple[Position, str]:
    """Return where `source` stops being YAML, and why, in words for people."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Position(1, 1), str(error).partition("\n")[0]
    mark, problem = error.problem_mark, error.problem or "cannot be read"
    if "end of stream" in problem:
        # The mark is at the end of the file, which helps nobody find the quote.
        mark, message = error.context_mark or mark, "a quote that is never closed"
    elif "cannot start any token" in problem:
        here = _line(source, mark.line)[mark.column]
        message = _TAB if here == "\t" else f"text that begins with '{here}' must be in quotes"
    elif above := _emptied_above(source, mark.line):
        message = f"this stands below `{above}`: take the {{}} away"
    elif _line(source, mark.line)[: mark.column + 1].endswith("${"):
        message = "text with ${...} in it must be in quotes inside {braces} and [brackets]"
    else:
        said = f"{error.context} {problem}"
        message = next((better for words, better in _EXPLANATIONS if words in said), problem)
    return Position(mark.line + 1, mark.column + 1), message + odd_lines(source, mark.line)


def odd_lines(source: str, number: int) -> str:
    """Return what to add about invisible characters in a line and the one above, "" for none."""
    for one in (number, number - 1):
        if one >= 0 and (odd := odd_character(_line(source, one))):
            return f" (line {one + 1} has {odd} in it: type it again)"
    return ""


def _emptied_above(source: str, number: int) -> str | None:
    """Return the line `key: {}` that stands above a line which is indented below it."""
    here = _line(source, number)
    for line in reversed(source.splitlines()[:number]):
        found = re.fullmatch(r"(\s*)([\w-]+:\s*\{\s*\})\s*(#.*)?", line)
        if found:
            return found[2] if len(here) - len(here.lstrip()) > len(found[1]) else None
        if line.strip() and not line.lstrip().startswith("#"):
            return None
    return None


def _line(source: str, number: int) -> str:
    lines = source.splitlines()
    return lines[number] if number < len(lines) else ""
