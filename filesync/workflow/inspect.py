"""Facts about the content of one file, by key or by path; offline."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from filesync.core.commands import command
from filesync.core.content.facts import Collector, Facts
from filesync.core.content.json_line import BOM, LineParser
from filesync.core.content.lines import MAX_LINE
from filesync.core.run import Run
from filesync.core.text import composed, quoted
from filesync.errors import FilesyncError
from filesync.local.files import as_on_disk, why
from filesync.workflow.workspace import in_stores, read_manifest, scan

TOKENIZER = "o200k_base"


class Inspection(NamedTuple):
    """What was looked at: the path from the working directory, bytes, and the facts of its lines.

    `note` says what the lengths are counted in, and how to have tokens.
    """

    path: str
    bytes: int
    facts: Facts
    note: str


def inspect_file(run: Run, name: str) -> Inspection:
    """Look at the file of a key, or at a path; FilesyncError where there is neither."""
    path = _path_of(run, name)
    unit, measure, note = _measure()
    collector, parser = Collector(unit, measure), LineParser()
    try:
        with open(path, "rb") as file:
            if file.read(len(BOM)) != BOM:
                file.seek(0)
            while line := file.readline(MAX_LINE):
                while line[-1:] != b"\n" and (more := file.readline(MAX_LINE)):
                    line = b"" if more else line  # too long to be looked at
                    if more[-1:] == b"\n":
                        break
                text = line.rstrip(b"\r\n")
                collector.add(text, parser.parse(text) if text.strip() else None)
            size = file.tell()
    except OSError as error:
        raise FilesyncError(f"cannot read {quoted(path)}: {why(error)}") from None
    return Inspection(path, size, collector.facts(), note)


def _path_of(run: Run, name: str) -> str:
    key = composed(name)
    if os.path.exists(run.manifest):
        manifest, problems = read_manifest(run)
        for entry in in_stores(manifest):
            if key == entry.key or (entry.glob and key.startswith(f"{entry.key}/")):
                raise FilesyncError(
                    f"{quoted(name)} is in an object store ({entry.source}), "
                    f"and {command('inspect')} reads files on disk",
                    f"download it, then run {command('inspect', 'PATH')}",
                )
        for file in scan(run, manifest, problems, stores=False):
            if file.key == key:
                return file.absolute if os.path.isabs(file.path) else _joined(run, file.path)
    if os.path.isfile(name):
        return name
    raise FilesyncError(
        f"{quoted(name)} is neither a key of {run.manifest} nor a file",
        f"{command('status')} lists the keys",
    )


def _joined(run: Run, path: str) -> str:
    return os.path.normpath(as_on_disk(run.folder, path))


def _measure() -> tuple[str, Callable[[str], int], str]:
    """Return the unit, what counts it, and a note on it."""
    try:
        import bpe_openai
    except ImportError:
        note = "characters, not tokens: pip install 'openai-filesync[tokens]' counts tokens"
        return "characters", len, note
    encode = bpe_openai.get_encoding(TOKENIZER).encode_ordinary
    note = f"tokens by {TOKENIZER}, of the texts alone: a model counts a few more per message"
    return "tokens", lambda text: len(encode(text)), note
