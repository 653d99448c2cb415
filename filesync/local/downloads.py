"""Downloaded content, which waits in `.filesync/import` until all downloads are complete.

The content of a remote file never changes, so a content that is here under its id is not
downloaded again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator

from filesync.core.from_remote.declare import Content
from filesync.core.text import has_controls, printable
from filesync.errors import LocalFileError
from filesync.local.files import place, why
from filesync.local.state_dir import ensure_state_dir


class FetchedFiles:
    """The folder of downloaded content; methods raise LocalFileError."""

    def __init__(self, manifest: str) -> None:
        self._folder = os.path.join(ensure_state_dir(manifest), "import")
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise _failed("create", self._folder, error) from None

    def find(self, file_id: str, size: int | None) -> Content | None:
        """Return a content downloaded before, None if there is none or its size differs."""
        content = hashed(self._path(file_id))
        return content if content is not None and size in (content.bytes, None) else None

    def write(self, file_id: str, chunks: Iterable[bytes]) -> Content:
        """Write a file's content, whole or not at all."""
        path = self._path(file_id)
        digest, size = hashlib.sha256(), 0
        part = path + ".part"
        try:
            with open(part, "wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except OSError as error:
            raise _failed("write", part, error) from None
        return Content(digest.hexdigest(), size)

    def place(self, file_id: str, target: str) -> None:
        """Move the content to its final path; an existing file there is an error."""
        try:
            place(self._path(file_id), target)
        except FileExistsError:
            raise LocalFileError(
                f"{printable(target)} has appeared meanwhile: nothing is overwritten",
                "run the same command again",
            ) from None
        except OSError as error:
            raise _failed("write", target, error) from None

    def clear(self) -> None:
        """Remove the folder, after everything was moved to its final path."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, file_id: str) -> str:
        # An id may be long or contain `..`, and the file system may ignore case: so use a hash.
        return os.path.join(self._folder, hashlib.sha256(file_id.encode()).hexdigest())


def hashed(path: str) -> Content | None:
    """Return the hash and size of a file, None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return Content(digest.hexdigest(), file.tell())
    except OSError:
        return None


def find_copies(
    root: str, wanted: set[tuple[str, int]], ours: Iterable[str]
) -> dict[tuple[str, int], list[Content]]:
    """Return the files below `root` that have one of the wanted names and sizes, hashed.

    Skips hidden folders, symlinks, and `ours`, which are paths relative to `root`.
    """
    names = {name.rpartition("/")[2] for name, _ in wanted}
    own = set(ours)
    found: dict[tuple[str, int], list[Content]] = {}
    by_last: dict[tuple[str, int], list[str]] = {}
    for name, size in wanted:
        by_last.setdefault((name.rpartition("/")[2], size), []).append(name)
    for path, size in _walk(root, names):
        full = by_last.get((path.rpartition("/")[2], size), ())
        if path in own or not full or has_controls(path) or "\\" in path:
            continue
        content = hashed(os.path.join(root, path))
        if content is not None and content.bytes == size:
            for name in full:
                found.setdefault((name, size), []).append(content._replace(path=path))
    return found


def _walk(root: str, names: set[str]) -> Iterator[tuple[str, int]]:
    """Yield each file below `root` with one of these names, and its size."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names.intersection(files):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, root), os.path.getsize(path)


def _failed(verb: str, path: str, error: OSError) -> LocalFileError:
    return LocalFileError(f"cannot {verb} {printable(path)}: {why(error)}")
