"""What is said on stderr from any thread, and how much was read so far; what a plan needs of it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filesync.core.text import human_bytes, plural, printable
from filesync.output.countdown import Countdown

_TELL_AFTER = 0.5
_TELL_EVERY = 0.1
_COUNT_EVERY = 0.25


class _Stderr:
    """Stderr for many threads: whole lines, and on a terminal a last line that is overwritten."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._shown = ""

    def show(self, text: str) -> None:
        """Replace the last line of the terminal."""
        with self._guard:
            self._shown = text
            self._write(f"\r\x1b[K{text}")

    def line(self, text: str) -> None:
        """Print a line above the line that is overwritten."""
        with self._guard:
            self._write(f"\r\x1b[K{text}\n{self._shown}" if self._shown else f"{text}\n")

    def _write(self, text: str) -> None:
        # Looked up each time, because a bar replaces it while it is shown.
        sys.stderr.write(text)
        sys.stderr.flush()


stderr = _Stderr()


def say(message: str) -> None:
    """Print a line on stderr from any thread, above any progress bar."""
    stderr.line(printable(message))


class _Waits:
    """The countdown of this process, in a bar while there is one, or in its own line.

    A bar asks for `line` while it keeps others from writing, so who writes has only the lock of
    the writers' turn, which `line` does not wait for.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._countdown = Countdown()
        self._shown = False
        #: A bar shows `line` itself.
        self.in_bar = False

    def add(self, seconds: float) -> None:
        with self._turn:
            with self._guard:
                self._countdown.add(time.monotonic(), seconds)
                text = self._countdown.line(time.monotonic())
                if not text or self.in_bar or self._shown or not sys.stderr.isatty():
                    return
                self._shown = True
            stderr.show(text)
        threading.Thread(target=self._show, daemon=True).start()

    def line(self) -> str:
        with self._guard:
            return self._countdown.line(time.monotonic())

    def end(self) -> None:
        """Count nothing any more, and leave an empty line to whatever is printed next."""
        with self._turn:
            with self._guard:
                self._countdown = Countdown()
                shown = self._shown
            if shown:
                stderr.show("")

    def _show(self) -> None:
        going = True
        while going:
            time.sleep(_COUNT_EVERY)
            with self._turn:
                with self._guard:
                    text = self._countdown.line(time.monotonic())
                    # From when it is over, `add` starts anew.
                    self._shown = going = bool(text) and not self.in_bar
                stderr.show(text if going else "")


waits = _Waits()


def count_down(seconds: float) -> None:
    """Show on a terminal how long it is until a request is sent again, which waits from now on."""
    waits.add(seconds)


def end_countdown() -> None:
    """Take the countdown from the terminal, before an error is printed there."""
    waits.end()


@contextmanager
def hashing(*, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """Yield a function to call with bytes hashed; after a while a terminal shows their sum."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with _counting(lambda _calls, count: f"hashed {human_bytes(count)}") as on_hashed:
        yield on_hashed


@contextmanager
def fetching(*, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with each downloaded size; it shows count and sum, as above."""
    if quiet or not sys.stderr.isatty():
        yield lambda _count: None
        return
    with _counting(
        lambda calls, count: f"downloaded {plural(calls, 'file')}, {human_bytes(count)}"
    ) as on_fetched:
        yield on_fetched


@contextmanager
def _counting(line: Callable[[int, int], str]) -> Iterator[Callable[[int], None]]:
    """Yield a function that adds up its arguments and shows `line(calls, sum)` now and then."""
    guard = threading.Lock()
    calls, total, told_at, shown = 0, 0, time.monotonic() + _TELL_AFTER, False

    def on_count(count: int) -> None:
        nonlocal calls, total, told_at, shown
        with guard:
            calls += 1
            total += count
            if time.monotonic() >= told_at:
                told_at = time.monotonic() + _TELL_EVERY
                shown = True
                stderr.show(line(calls, total))

    try:
        yield on_count
    finally:
        if shown:
            stderr.show("")
