"""Progress on stderr: bars on a terminal, otherwise one line per change."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filesync.core.decide.change import Action
from filesync.core.events import Done, Event, Failed, Note, Sent, Watcher
from filesync.core.plan.plan import Plan
from filesync.core.stores.change import MemberAction, StoreAction
from filesync.core.text import human_bytes, printable
from filesync.output.plan_stores import done_line, preposition
from filesync.output.plan_text import past
from filesync.output.stderr import stderr, waits
from filesync.output.tally import Tally

# Without a terminal a log has a line on the whole this often, in seconds.
_SUM_EVERY = 30.0
_LONGEST_REASON = 160
# After the bar, list at most this many changes; the lockfile has all of them.
_TOLD_AT_THE_END = 20
_ROOM_FOR_ECHO = 5


@contextmanager
def watching(plan: Plan, *, quiet: bool, verbose: bool) -> Iterator[Watcher]:
    """Yield the watcher that suits stderr: warnings only, a bar, or plain lines.

    A `verbose` run has no bar: its log would tear it.
    """
    summary = plan.summary
    sending = summary.create or summary.replace or summary.attach or summary.swap
    if quiet:
        yield _while_read(_plain_lines(lambda event: isinstance(event, Note) and event.warning))
    elif sending and not verbose and sys.stderr.isatty():
        with _bars(plan) as watch:
            yield _while_read(watch)
    else:
        yield _while_read(_plain_lines(lambda _event: True, Tally(plan.summary)))


def _while_read(watch: Watcher) -> Watcher:
    """Return a watcher that is silent once nobody reads stderr: `| head` must stop no apply."""
    gone = False

    def told(event: Event) -> None:
        nonlocal gone
        if gone:
            return
        try:
            watch(event)
        except OSError:
            gone = True

    return told


def _plain_lines(wanted: Callable[[Event], bool], tally: Tally | None = None) -> Watcher:
    """Return a watcher that prints a line an event, and every half minute how far the `tally` is:
    where files are large, or documents are indexed, nothing else may come for long."""
    guard = threading.Lock()
    told_at = time.monotonic()

    def watch(event: Event) -> None:
        nonlocal told_at
        if wanted(event) and (line := _line(event)):
            stderr.line(line)
        if tally is None:
            return
        with guard:
            tally.add(event)
            due = time.monotonic() - told_at >= _SUM_EVERY
            if due:
                told_at = time.monotonic()
        if due:
            stderr.line(str(tally))

    return watch


def _line(event: Event) -> str:
    match event:
        case Done(store=str()):
            return done_line(event)
        case Failed(key, action, error, str(store)):
            where = f"vector store {printable(store)}"
            of_store = key is None and action.value in list(StoreAction)
            beside = f"{printable(key or 'a document')} {preposition(action)} {where}"
            name = where if of_store else beside
            what = action.value
            if action is MemberAction.NOOP or action is StoreAction.NOOP:
                what = "fill" if of_store else "index"
            return f"failed to {what} {name}: {_short(error)}"
        case Done(key, action, file_id, size, filename):
            sent = f", {human_bytes(size)}" if action in (Action.CREATE, Action.REPLACE) else ""
            name = printable(filename if key is None else key)
            return f"{past(Action(action.value))} {name and name + ' '}({file_id}{sent})"
        case Failed(key, action, error):
            name = printable(key or "a file")
            return f"failed to {action.value} {name}: {_short(error)}"
        case Note(message, warning):
            return f"warning: {message}" if warning else message
        case _:
            return ""


def _short(error: str) -> str:
    """Return a reason shortened to one line; the end of the run shows it in full."""
    text = printable(error.partition("\n")[0])
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


@contextmanager
def _bars(plan: Plan) -> Iterator[Watcher]:
    from rich.console import Console, RenderableType  # takes 90 ms to import, so only on a terminal
    from rich.constrain import Constrain
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.table import Column
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    room = max(console.width // 3, 10)  # columns for what is going on

    class OneLine(Progress):
        """A bar that stays on one line even when the terminal echoes ^C behind it."""

        def get_renderable(self) -> RenderableType:
            return Constrain(super().get_renderable(), max(console.width - _ROOM_FOR_ECHO, 1))

    class Now(ProgressColumn):
        """What is going on, or the seconds until a request is sent again, at each refresh."""

        def render(self, task: Task) -> Text:
            now = str(waits.line() or task.fields["now"])
            return Text(now if len(now) <= room else f"…{now[1 - room :]}")

    whole = Column(no_wrap=True)  # only the bar gives way
    progress = OneLine(
        TextColumn("{task.fields[done]}/{task.fields[files]} files"),
        BarColumn(bar_width=None),
        DownloadColumn(table_column=whole),
        TransferSpeedColumn(table_column=whole),
        TimeRemainingColumn(compact=True, table_column=whole),
        Now(Column(no_wrap=True, max_width=room)),
        console=console,
        transient=True,
    )
    tally = Tally(plan.summary)
    task = progress.add_task(
        "upload", total=max(tally.bytes, 1), files=f"{tally.files:,}", done=0, now=""
    )
    guard = threading.Lock()
    made: list[Done] = []

    def watch(event: Event) -> None:
        if isinstance(event, Done):
            made.append(event)
        with guard:
            tally.add(event)
            done, now = f"{tally.done:,}", tally.now
        if isinstance(event, Sent):
            progress.advance(task, event.bytes)
        elif isinstance(event, Failed | Note):
            progress.console.print(_line(event), markup=False, soft_wrap=True)
        progress.update(task, done=done, now=now)

    try:
        waits.in_bar = True
        with progress:
            yield watch
    finally:
        waits.in_bar = False
        if len(made) <= _TOLD_AT_THE_END:
            for event in made:
                print(_line(event), file=sys.stderr, flush=True)  # noqa: T201
