"""The emulator within a run, and what to say where its folder cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from filesync.core.text import printable
from filesync.errors import FilesyncError


@contextmanager
def emulated(folder: str) -> Iterator[str]:
    """Run the emulator on a folder; yields its base URL. FilesyncError if it cannot start."""
    from filesync.emulator.server import embedded

    with ExitStack() as stack:
        try:
            url = stack.enter_context(embedded(folder))
        except OSError as error:
            raise cannot_serve(folder, error) from None
        yield url


def cannot_serve(folder: str, error: OSError, port: int | None = None) -> FilesyncError:
    """Return the error for an emulator that did not start: because of its folder or its port."""
    from filesync.emulator.store import UnusableFolder

    if not isinstance(error, UnusableFolder):
        where = "loopback" if port is None else f"port {port}"
        because = error.strerror or str(error)
        return FilesyncError(
            f"the emulator cannot serve on {where}: {because}",
            "" if port is None else "choose another --port; 0 is any free one",
        )
    return FilesyncError(
        f"the emulator cannot keep its files in {printable(folder)}: {printable(str(error))}",
        "move away what is in the way there and it begins anew"
        if error.damaged
        else "name another folder, one that can be written to",
    )
