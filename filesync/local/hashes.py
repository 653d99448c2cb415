"""The hashes of local files: from the cache where nothing changed, read where something did.

Content is checked in the same read (`local.content`): where a verdict is in the cache beside the
hash, the file is not read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from filesync.core.content.findings import CLEAN
from filesync.core.model import ScannedFile
from filesync.core.text import plural, printable
from filesync.errors import LocalFileError
from filesync.local.content.asked import Asked, ContentChecks
from filesync.local.hash_cache import HashCache

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
    gives `on_idle` the largest file that was to be hashed, the next one the next. Raises one
    LocalFileError that names every file which vanished, could not be read, or changed since it
    was scanned; the others' hashes are saved all the same.
    """
    results: list[tuple[ScannedFile, str] | None] = []
    unknown: dict[_Same, list[int]] = {}
    for i, file in enumerate(files):
        asked = checks.asked(file) if checks is not None else None
        if checks is None or asked is None:
            known = cache.get(file)
        elif (both := cache.with_verdict(file, asked.id)) is None:
            known = None
        else:
            known, said = both
            if said is not CLEAN:
                checks.verdicts[file.key] = said
        results.append((file, known) if known else None)
        if known is None:
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
            for (file, asked), sha256, verdict, hashed_at_ns in reader.done:
                cache.put(file, sha256, hashed_at_ns=hashed_at_ns)
                if asked is not None and verdict is not None:
                    cache.put_verdict(file, asked.id, verdict)
                for i in unknown[file.content, asked]:
                    results[i] = (files[i], sha256)
                    if checks is not None and verdict is not None:
                        checks.verdicts[files[i].key] = verdict
            cache.save()
        if reader.failed:
            raise _failure(reader.failed)
    return [result for result in results if result is not None]


def _failure(failed: list[tuple[str, str]]) -> LocalFileError:
    lines = [f"{printable(path)}: {reason}" for path, reason in sorted(failed)]
    if len(lines) > 1:
        lines.insert(0, f"{plural(len(lines), 'file')} could not be hashed:")
    return LocalFileError(
        "\n  ".join(lines), "run it again when nothing else writes to these files"
    )
