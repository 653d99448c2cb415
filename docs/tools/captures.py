"""Writes docs/reading-a-plan.md's captures: what `plan` shows on terminals of three widths.

`make docs` runs it. Each capture is what the command itself wrote to a pseudo-terminal of that
width, for a lockfile and files made here, offline; only the ids are made up.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Collection, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[1] / "reading-a-plan.md"
WIDTHS = (80, 100, 140)
COUNTS = (3, 300, 5_000)
_BLOCK = re.compile(
    r"(<!-- ([\d,]+) changes on terminals, by `make docs` -->\n).*?(<!-- end -->\n)", re.S
)
_FOLDERS = ("guides/getting-started", "reference/api", "policies")
_LONG = "what-to-do-when-a-customer-wants-the-money-back-after-a-month"
_MANIFEST = """version: 1
project: handbook-7f3a
limits: {max_delete: 100%}
files:
  handbook: {glob: "docs/**/*.md", purpose: assistants}
"""


def updated(page: str, counts: Collection[int] = COUNTS) -> str:
    """Return the page with its captures of `counts` changes as they are now."""

    def block(match: re.Match[str]) -> str:
        count = int(match[2].replace(",", ""))
        return f"{match[1]}\n{_captures(count)}{match[3]}" if count in counts else match[0]

    return _BLOCK.sub(block, page)


def _captures(count: int) -> str:
    """Return one block for each width, or for all the widths where the same is shown."""
    widths: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        _project(Path(folder), count)
        for width in WIDTHS:
            widths.setdefault(_capture(Path(folder), width), []).append(str(width))
    return "".join(
        f"At {_listed(same)} columns:\n\n```plan\n{shown}```\n\n" for shown, same in widths.items()
    )


def _listed(words: Sequence[str]) -> str:
    """Return words in a sentence: `80, 100 and 140`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _project(folder: Path, count: int) -> None:
    """Make a project where each third file is new, another is changed, and the last is gone."""
    locked = {}
    for number in range(count):
        title = _LONG if number == 1 else "a-chapter-with-a-long-name"
        name = f"{_FOLDERS[number % 7 % 3]}/{title}-{number:04}.md"
        text = f"# Chapter {number}\n" * (number % 50 + 1)
        if number % 3 != 2:
            path = folder / "docs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if number % 3 != 0:
            old = text.replace("#", "##").encode()
            digest = hashlib.sha256(old).hexdigest()
            locked[f"handbook/{name}"] = {
                "id": f"file-{digest[:22]}",
                "path": f"docs/{name}",
                "sha256": digest,
                "bytes": len(old),
                "filename": Path(name).name,
                "purpose": "assistants",
                "expires_after": None,
                "created_at": 1_795_248_809,
                "expires_at": None,
            }
    (folder / "filesync.yaml").write_text(_MANIFEST)
    lock = {
        "version": 1,
        "project": "handbook-7f3a",
        "base_url": "https://api.openai.com/v1",
        "files": locked,
        "retired": [],
    }
    (folder / "filesync.lock").write_text(json.dumps(lock))


def _capture(folder: Path, width: int) -> str:
    """Return what `plan --offline` writes to a terminal of `width` columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, width, 0, 0))
    named = ("OPENAI_", "FILESYNC_", "COLUMNS", "LINES", "PAGER", "CI", "GITHUB_", "GITLAB_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(named)}
    env |= {"NO_COLOR": "1", "TERM": "xterm", "PAGER": "cat", "HOME": str(folder)}
    command = (sys.executable, "-m", "filesync", "plan", "--offline")
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    text = re.sub(r"[^\n]*\r\x1b\[K", "", seen.decode().replace("\r\n", "\n"))
    if process.wait():
        raise RuntimeError(text)
    return text


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
