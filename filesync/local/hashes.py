"""The hashes of files: from the cache where nothing changed, read where something did.

Content is checked in the same read (`local.content`): where a verdict is in the cache beside the
hash, the file is not read again. Objects in stores are read by whom the caller names, as nothing
here knows a network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from filesync.core.content.asked import Asked, ContentChecks
from filesync.core.content.findings import CLEAN
from filesync.core.content.kept import verdict_in
from filesync.core.hashed import Hashed, HashObjects, Later, Task, Unread
from filesync.core.model import ScannedFile
from filesync.core.text import plural, printable
from filesync.errors import LocalFileError
from filesync.local.hash_cache import HashCache, KeptHash

if TYPE_CHECKING:
    from filesync.local.hash_reader import HashReader

_WORKERS = 2

_Content = tuple[str, int, int, int, int, str | None]
_Same = tuple[_Content, Asked | None]


def hash_files(
    files: Sequence[ScannedFile],
    cache: HashCache,
    *,
    on_bytes: Callable[[int], None] | None = None,
    checks: ContentChecks | None = None,
    objects: HashObjects | None = None,
    later: Later | None = None,
    now_ns: Callable[[], int] = time.time_ns,
) -> list[tuple[ScannedFile, str]]:
    """Return each file with its sha256 (hex), in the same order, and save the new ones in `cache`.

    `on_bytes` is given the number of bytes just read, from any thread; files known to the cache
    are not opened and not counted. With `checks`, content is checked in the same read, and the
    verdicts are kept beside the hashes. `objects` reads those of the files that are in stores. Of
    those that are hashed `later` only the beginning is read; they have the hash "", too, and are
    noted there.

    A file that vanished, cannot be read, or changed since it was scanned has the hash "", and
    `checks.unread` says why; without `checks`, one LocalFileError names all of them. Raises what
    `objects` raises. The others' hashes are saved all the same.
    """
    later = later or Later()
    hashing = _Hashing(files, cache, checks, objects, later)
    if hashing.unknown:
        tasks = hashing.tasks()
        on_disk = [task for task in tasks if task[0].version is None]
        in_stores = [task for task in tasks if task[0].version is not None]
        try:
            if on_disk:
                # 60 ms with all that checks content, which most plans do not need.
                from filesync.local.hash_reader import HashReader

                reader = HashReader(on_disk, on_bytes, later)
                _read(reader, hashing.take, now_ns)
            if in_stores:
                assert objects is not None
                objects.read(in_stores, on_bytes, hashing.take)
        finally:
            cache.save()  # after Ctrl-C too: what has been read need not be read again
    unread = hashing.unread
    if checks is not None:
        checks.unread.update(unread)
    elif unread:
        raise _failure({file.path: unread[file.key] for file in files if file.key in unread})
    return [(file, sha256 or "") for file, sha256 in zip(files, hashing.sums, strict=True)]


class _Hashing:
    """The hashes of files as they become known.

    `unknown` holds the places of those to read, `unread` says by key why one could not be read.
    """

    def __init__(
        self,
        files: Sequence[ScannedFile],
        cache: HashCache,
        checks: ContentChecks | None,
        objects: HashObjects | None,
        later: Later,
    ) -> None:
        self.sums: list[str | None] = []
        self.unknown: dict[_Same, list[int]] = {}
        self.unread: dict[str, str] = {}
        self._files = files
        self._cache = cache
        self._checks = checks
        self._objects = objects
        self._later = later
        cache.load(files)
        for i, file in enumerate(files):
            asked = checks.asked(file) if checks is not None else None
            if file.fault:
                self.unread[file.key] = f"cannot be read: {file.fault}"
                self.sums.append("")
                continue
            kept = cache.get(file)
            if kept is None or (asked is not None and not self._is_judged(file, kept, asked)):
                self.sums.append(None)
                self.unknown.setdefault((file.content, asked), []).append(i)
                continue
            self.sums.append(kept.sha256)
            if file.version is not None and objects and kept.md5:
                objects.take_md5(file, kept.md5)

    def _is_judged(self, file: ScannedFile, kept: KeptHash, asked: Asked) -> bool:
        """Say whether the verdict is kept as well, and take it."""
        said = verdict_in(kept.verdicts, asked.id)
        if said is not None and said is not CLEAN and self._checks is not None:
            self._checks.verdicts[file.key] = said
        return said is not None

    def tasks(self) -> list[Task]:
        """Return what is to be read, each content once."""
        return [(self._files[places[0]], asked) for (_, asked), places in self.unknown.items()]

    def take(self, one: Hashed | Unread) -> None:
        """Take what reading one file has brought."""
        places = self.unknown[one.file.content, one.asked]
        if isinstance(one, Unread):
            self.unread |= {self._files[i].key: one.why for i in places}
            return
        if one.sha256:
            self._cache.put_read(one)
        else:
            self._later.looked.append(one)
        for i in places:
            self.sums[i] = one.sha256
            if self._checks is not None and one.verdict is not None:
                self._checks.verdicts[self._files[i].key] = one.verdict
        if one.md5 is not None and self._objects is not None:
            self._objects.take_md5(one.file, one.md5)


def _read(
    reader: HashReader, take: Callable[[Hashed | Unread], None], now_ns: Callable[[], int]
) -> None:
    """Read files on disk, and hand over what came of each, after Ctrl-C too."""
    try:
        reader.run(_WORKERS, now_ns)
    finally:
        for one in reader.done:
            take(one)
        for task, because in reader.failed:
            take(Unread(*task, because))


def _failure(failed: dict[str, str]) -> LocalFileError:
    lines = [f"{printable(path)}: {reason}" for path, reason in sorted(failed.items())]
    if len(lines) > 1:
        lines.insert(0, f"{plural(len(lines), 'file')} could not be hashed:")
    return LocalFileError(
        "\n  ".join(lines), "run it again when nothing else writes to these files"
    )
