"""All uploads of a plan: sent at once, doubts settled after, what proves absent sent again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Set

from filesync.core.decide.change import Change
from filesync.core.events import Note
from filesync.core.recovery.journal import Attempt
from filesync.core.recovery.recover import Recovery, resumable
from filesync.core.text import plural
from filesync.errors import AmbiguousError, ApiError, FilesyncError
from filesync.execute.context import ApplyContext
from filesync.execute.doubts import settle
from filesync.execute.pool import Step, Task, run_tasks
from filesync.execute.transfer import NotUploaded, Outcome, Transfer, UnclearUpload, Uploaded

# A file whose request ends without a clear answer this often will hardly get one.
_MOST_TRIES = 5
# The same where the server did answer, such as a gateway's 502: it has said what it has to say.
_MOST_ANSWERED = 2
# For so many requests at once there is a worker more, which reads the next file meanwhile: the
# client lets no more requests than lanes be under way.
_LANES_A_SPARE = 8


def upload_all(
    changes: Iterable[Change],
    recovery: Recovery,
    context: ApplyContext,
    owned: Callable[[], Iterable[str]],
    known: Set[str],
    planned: int,
) -> Iterator[list[Uploaded | NotUploaded]]:
    """Upload what creates and replaces ask for; yield outcomes in batches as they come,
    empty ones too.

    `owned` gives the ids the lock holds by then, `known` are those that the plan saw at `planned`,
    in Unix seconds by the server's clock. Sessions of an earlier run are continued where they
    fit, and cancelled where they do not. After `line.stop` is set, nothing new is begun.
    """
    began = context.now()
    tasks, doubts = _first_steps(changes, recovery, context)
    said: set[str] = set()
    workers = context.lanes + context.lanes // _LANES_A_SPARE
    while tasks or doubts:
        for batch in run_tasks(tasks, workers=workers, stop=context.stop):
            doubts += [outcome for outcome in batch if isinstance(outcome, UnclearUpload)]
            yield [outcome for outcome in batch if not isinstance(outcome, UnclearUpload)]
        if not doubts or context.stop.is_set():
            return
        note = f"{plural(len(doubts), 'upload')} without a clear answer: looking first"
        if note not in said:
            said.add(note)
            context.watch(Note(note))
        settled = settle(
            doubts, owned=owned, known=known, planned=planned, began=began, context=context
        )
        for doubt, uploaded in settled.found:
            context.journal.made(doubt.transfer.number, uploaded.remote.id)
        yield [uploaded for _, uploaded in settled.found] + settled.failed
        tasks, doubts = [], []
        for doubt, sure in settled.absent:
            transfer = doubt.transfer
            if sure and not transfer.has_session:
                context.journal.end(transfer.number)
            # Else the journal keeps it: what is listed late is taken away by a later run.
            if transfer.tries >= _most_tries(doubt.error):
                error = doubt.error or AmbiguousError("no clear answer came")
                yield [NotUploaded(transfer.change, error)]
            else:
                tasks.append(transfer.again())


def _most_tries(error: AmbiguousError | None) -> int:
    if error is None or error.answered is None:
        return _MOST_TRIES
    return 1 if error.told else _MOST_ANSWERED


def _first_steps(
    changes: Iterable[Change], recovery: Recovery, context: ApplyContext
) -> tuple[list[Task[Outcome]], list[UnclearUpload]]:
    """Return the tasks to begin with, and the doubts that an earlier run left."""
    sessions = {attempt.key: attempt for attempt in recovery.sessions}
    tasks: list[Task[Outcome]] = []
    doubts = []
    resumed = set()
    for change in changes:
        want = change.desired
        assert want is not None
        unsettled = recovery.unsettled.get(want.key)
        session = sessions.get(want.key)
        if unsettled is not None and unsettled.is_for(want):
            transfer = Transfer(change, context)
            transfer.number = unsettled.number
            sent = unsettled.sent or unsettled.at
            doubts.append(UnclearUpload(transfer, unsettled.at, sent, None, unsettled))
            continue
        if session is not None and session.is_for(want) and resumable(session, context.now()):
            resumed.add(session.number)
            tasks.append(Transfer(change, context, session).task())
        else:
            tasks.append(Transfer(change, context).task())
    tasks += [
        _cancel(attempt, context) for attempt in recovery.sessions if attempt.number not in resumed
    ]
    return tasks, doubts


def _cancel(attempt: Attempt, context: ApplyContext) -> Task[Outcome]:
    """Cancel a session that nobody will go on with."""

    def run() -> Step[Outcome]:
        assert attempt.upload_id is not None
        with contextlib.suppress(FilesyncError):
            try:
                context.client.cancel_upload(attempt.upload_id)
            except ApiError as error:
                # It may be completed, and its file not listed yet: the next run looks again.
                completed = attempt.sent is not None and error.status in (400, 409)
                if completed or error.status not in (400, 404, 409):
                    raise  # else it has ended by itself
            context.journal.end(attempt.number)
        return Step()

    return Task(0, run)
