"""`${filesync:KEY}` in a text replaced by file ids. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from filesync.core.commands import command
from filesync.core.suggestions import nearest
from filesync.core.text import first_of, printable, quoted
from filesync.errors import FilesyncError

# A second `$` in front keeps what follows as it is, without that `$`.
_MARK = re.compile(r"(\$?)\$\{filesync:([^}\r\n]*)(\}?)")
_SHOWN = 50


def fill(text: str, ids: Mapping[str, str], path: str) -> tuple[str, set[str]]:
    """Return the text with the id of each key named in it, and the keys that it names.

    Raises FilesyncError with every key that is not in `ids`, each with its line and column;
    `path` is for the message.
    """
    problems: list[tuple[int, str]] = []
    used: set[str] = set()

    def put(found: re.Match[str]) -> str:
        kept, key, end = found.groups()
        if kept:
            return found.group()[1:]
        if not end:
            problems.append((found.start(), "`${filesync:` is not closed by `}` on its line"))
        elif key not in ids:
            near = nearest(key, ids) if len(problems) < _SHOWN else None
            hint = f"; did you mean {quoted(near)}?" if near else ""
            problems.append((found.start(), f"{quoted(key)} is not in the lockfile{hint}"))
        else:
            used.add(key)
            return ids[key]
        return ""

    filled = _MARK.sub(put, text)
    if problems:
        lines = [f"{printable(path)}:{_position(text, start)}: {what}" for start, what in problems]
        raise FilesyncError(
            "\n".join(first_of(lines, _SHOWN)),
            f"{command('ids')} lists the keys; `$${{filesync:...}}` stands for itself",
        )
    return filled, used


def _position(text: str, start: int) -> str:
    line = text.count("\n", 0, start) + 1
    return f"{line}:{start - text.rfind(chr(10), 0, start)}"
