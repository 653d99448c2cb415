"""The hashes of local files: from the cache where nothing changed, read where something did.

Content is checked in the same read (`local.content`): where a verdict is in the cache beside the
hash, the file is not read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from filesync.core.content.findings import CLEAN
from filesync.core.model import ScannedFile
from filesync.core.text import plural, printable
from filesync.errors import LocalFileError
from filesync.local.content.asked import Asked, ContentChecks
from filesync.local.hash_cache import HashCache

if TYPE_CHECKING:
    from filesync.local.hash_reader import HashReader

_Same = tuple[tuple[str, int, int, int, int], Asked | None]


def hash_files(
    files: Sequence[ScannedFile],
    cache: HashCache,
    *,
    workers: int = 2,
    on_bytes: Callable[[int], None] | None = None,
    on_idle: Callable[[ScannedFile], None] | None = None,
    checks: ContentChecks | None = None,
    now_ns: Callable[[], int] = time.time_ns,
) -> list[tuple[ScannedFile, str]]:
    """Return each file with its sha256 (hex), in the same order, and save the new ones in `cache`.

    `on_bytes` is given the number of bytes just read, from any of the `workers` threads; files
    known to the cache are not opened and not counted. With `checks`, content is checked in the
    same read, and the verdicts are kept beside the hashes. A thread that finds nothing left to hash
    gives `on_idle` the largest file that was to be hashed, the next one the next.

    A file that vanished, cannot be read, or changed since it was scanned has the hash "", and
    `checks.unread` says why; without `checks`, one LocalFileError names all of them. The others'
    hashes are saved all the same.
    """
    hashes: list[str | None] = []
    unknown: dict[_Same, list[int]] = {}
    unread: dict[str, str] = {}  # by the file's key: why
    for i, file in enumerate(files):
        asked = checks.asked(file) if checks is not None else None
        if file.fault:
            unread[file.key] = f"cannot be read: {file.fault}"
            hashes.append("")
            continue
        hashes.append(_known(file, cache, asked, checks))
        if hashes[-1] is None:
            unknown.setdefault((file.content, asked), []).append(i)
    if unknown:
        # With all that checks content it takes 60 ms to import, which most plans do not need.
        from filesync.local.hash_reader import HashReader

        tasks = [(files[places[0]], asked) for (_, asked), places in unknown.items()]
        reader = HashReader(tasks, on_bytes, on_idle)
        try:
            reader.run(workers, now_ns)
        finally:
            # After Ctrl-C too: what has been read need not be read again.
            _keep(reader, cache)
        for (file, asked), sha256, verdict, _ in reader.done:
            for i in unknown[file.content, asked]:
                hashes[i] = sha256
                if checks is not None and verdict is not None:
                    checks.verdicts[files[i].key] = verdict
        for (file, asked), reason in reader.failed:
            unread |= {files[i].key: reason for i in unknown[file.content, asked]}
    if checks is not None:
        checks.unread.update(unread)
    elif unread:
        raise _failure({file.path: unread[file.key] for file in files if file.key in unread})
    return [(file, sha256 or "") for file, sha256 in zip(files, hashes, strict=True)]


def _keep(reader: HashReader, cache: HashCache) -> None:
    for (file, asked), sha256, verdict, hashed_at_ns in reader.done:
        cache.put(file, sha256, hashed_at_ns=hashed_at_ns)
        if asked is not None and verdict is not None:
            cache.put_verdict(file, asked.id, verdict)
    cache.save()


def _known(
    file: ScannedFile, cache: HashCache, asked: Asked | None, checks: ContentChecks | None
) -> str | None:
    """Return the hash of a file that is not to be read: it, and the verdict asked for, are kept."""
    if checks is None or asked is None:
        return cache.get(file)
    if (both := cache.with_verdict(file, asked.id)) is None:
        return None
    known, said = both
    if said is not CLEAN:
        checks.verdicts[file.key] = said
    return known


def _failure(failed: dict[str, str]) -> LocalFileError:
    lines = [f"{printable(path)}: {reason}" for path, reason in sorted(failed.items())]
    if len(lines) > 1:
        lines.insert(0, f"{plural(len(lines), 'file')} could not be hashed:")
    return LocalFileError(
        "\n  ".join(lines), "run it again when nothing else writes to these files"
    )
