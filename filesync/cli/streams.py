"""The standard streams, which may be closed or full."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

from filesync.errors import FilesyncError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def prepare() -> None:
    """Make the standard streams fit to be used, also those that are closed."""
    closed = sys.stdout is None
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            # Without this, the next file that is opened would take its number, and what is printed
            # would go into that file. Writing to this stdout fails, so that a lack is reported.
            fd = os.open(os.devnull, flags)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(fd, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks must not be what fails a run.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if not sys.stdout.isatty():
        raw = _Stdout(sys.stdout.fileno(), "w", closefd=False)
        raw.absent = closed
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=sys.stdout.encoding, errors="backslashreplace"
        )


def do_without_stdout() -> None:
    """Let nothing fail because stdout is closed: for commands that print only to inform."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Stdout) and raw.absent:
        raw.lost = True


class _Stdout(io.FileIO):
    """Stdout that says what is wrong with it, once: after that it swallows everything.

    So Python, which flushes it again at exit, has nothing to complain of.
    """

    absent = False
    lost = False

    def write(self, data: ReadableBuffer, /) -> int:
        if not self.lost:
            try:
                return super().write(data)
            except BrokenPipeError:
                raise  # whoever read it has seen enough
            except OSError as error:
                self.lost = True
                because = "it is closed" if error.errno == errno.EBADF else error.strerror
                hint = "send it to a file or a pipe that takes it"
                raise FilesyncError(f"cannot write to stdout: {because}", hint) from None
        return memoryview(data).nbytes
