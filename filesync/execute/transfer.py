"""Sending one file: one POST, or an upload session whose parts go in parallel.

The content is proven while it is sent. In one POST the last chunk is held back until the
sha256 of all that was read is the planned one, so a file that changed meanwhile never becomes
whole on the server. In parts, the file's stat identity (ctime among it, which cannot be set
back) must be the same before the first part and after the last as when it was hashed, and the
server checks an md5 that was taken meanwhile: see `local.sums`. A file whose sha256 decided nothing
is hashed meanwhile, too: it has it before the server is asked to complete the upload. Of an object
in a store, each read is of the version that was hashed.

Every step that may leave something on the server is in the journal before it is asked for.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import NamedTuple

from filesync.core import parts
from filesync.core.decide.change import Change
from filesync.core.events import Sent, Started
from filesync.core.model import DesiredFile, RemoteFile
from filesync.core.recovery.journal import Attempt
from filesync.core.text import printable
from filesync.errors import (
    AmbiguousError,
    ApiError,
    AuthError,
    FilesyncError,
    Interrupted,
    LocalFileError,
    NoSuchRoute,
    RemoteError,
)
from filesync.execute.context import ApplyContext
from filesync.execute.file_body import FileBody, Source, changed
from filesync.execute.pool import Step, Task
from filesync.local.file_slice import FileSlice, stat_identity
from filesync.remote.mime_types import content_type
from filesync.storage.object_slice import ObjectSlice

# Parts of files already begun go before files not begun: fewer files are half done at once.
_PART_RANK = -(1 << 62)
# What servers without the Uploads routes answer, and those that refuse a purpose or a media type
# there: the API's document lists fewer purposes for /uploads than for /files.
_NO_UPLOADS = (404, 405, 501, 400, 415, 422)


class Uploaded(NamedTuple):
    """A change whose file is on the platform now."""

    change: Change
    remote: RemoteFile


class NotUploaded(NamedTuple):
    """A change whose file is not, and why."""

    change: Change
    error: FilesyncError


class UnclearUpload(NamedTuple):
    """A change whose file may be on the platform: no clear answer came.

    It may have been made from `since` on, and was sent by `until`. `attempt` is that of an earlier
    run, where that one left the doubt, and `error` is None then. `answered` is the file that an
    answer named which may be about another.
    """

    transfer: Transfer
    since: int
    until: int
    error: AmbiguousError | None
    attempt: Attempt | None = None
    answered: RemoteFile | None = None


Outcome = Uploaded | NotUploaded | UnclearUpload


class Transfer:
    """One file on its way up; `task()` is the first step of it.

    `resume` is an open session for this very file, from an interrupted run.
    """

    def __init__(
        self, change: Change, context: ApplyContext, resume: Attempt | None = None
    ) -> None:
        assert change.desired is not None
        self.change = change
        self.want: DesiredFile = change.desired
        self.number = 0
        self.tries = 0
        self._context = context
        self._resume = resume
        # Of an upload session:
        self._upload_id = ""
        self._resumed = False
        self._asked_to_complete = False
        self._opened = 0  # when it was opened: its file may be stamped with that
        self._began = 0  # when it was first asked to complete
        self._part_ids: list[str] = []
        self._unsent = 0
        self._error: FilesyncError | None = None
        self._guard = threading.Lock()

    def task(self) -> Task[Outcome]:
        """Return the task that begins the transfer; the largest files begin first."""
        return Task(-self.want.bytes, self._begin)

    @property
    def has_session(self) -> bool:
        """Say whether an upload session is open that `again` would go on with."""
        return bool(self._upload_id)

    def again(self) -> Task[Outcome]:
        """Return the task that retries after it was established that no file was created.

        A session that has all its parts is completed again, which cannot make a second file.
        """
        if self._upload_id:
            self.tries += 1
            return Task(_PART_RANK, self._finish)
        return self.task()

    def _begin(self) -> Step[Outcome]:
        want = self.want
        self.tries += 1
        self._context.watch(Started(want.key, want.bytes))
        try:
            self._check_unchanged()
            if not want.sha256:
                self._context.sums.sha256.begin(want.scanned)
            if want.bytes < parts.PARTS_FROM or not self._context.client.server.uploads:
                return Step(self._send_whole())
            return self._send_in_parts()
        except FilesyncError as error:
            return Step(self._failed(error))

    # ---- in one request ----------------------------------------------------------------------

    def _send_whole(self) -> Outcome:
        self._wait_for_sha256()
        want, context = self.want, self._context
        at = context.now()
        attempt = context.journal.attempt(want, at, context.answers.before(want))
        self.number = attempt.number
        body = self._body(
            parts.Part(0, want.bytes),
            sha256=want.sha256,
            before_last=lambda: context.journal.sent_whole(attempt, context.now()),
        )
        try:
            remote = context.client.create_file(
                body,
                filename=want.filename,
                purpose=want.policy.purpose,
                expires_after=want.policy.expires_after,
            )
        except AmbiguousError as error:
            context.answers.unanswered(want)
            return UnclearUpload(self, at, context.now(), error)
        except FilesyncError:
            context.journal.end(self.number)
            raise
        return self._made(remote, at)

    # ---- in parts ----------------------------------------------------------------------------

    def _send_in_parts(self) -> Step[Outcome]:
        want, context = self.want, self._context
        resume, self._resume = self._resume, None
        if resume is not None and resume.upload_id is not None:
            self.number, self._upload_id = resume.number, resume.upload_id
            self._resumed, self._asked_to_complete = True, resume.sent is not None
            self._opened, self._began = resume.opened_at, resume.sent or 0
            cuts = parts.ranges(want.bytes, resume.part_bytes)
            done = resume.parts
            if not resume.sha256:
                context.journal.hashed(self.number, want.sha256)
        else:
            cuts, done = parts.cut(want.bytes, context.lanes), {}
            self._resumed = self._asked_to_complete = False
            self._began = 0
            self._opened = context.now()
            self.number = context.journal.begin(want, self._opened, context.answers.before(want))
            try:
                self._upload_id = context.client.create_upload(
                    filename=want.filename,
                    purpose=want.policy.purpose,
                    bytes=want.bytes,
                    mime_type=content_type(want.filename),
                    expires_after=want.policy.expires_after,
                )
            except (ApiError, NoSuchRoute) as error:
                context.journal.end(self.number)
                if _no_uploads(error) and want.bytes <= parts.MAX_SINGLE:
                    return Step(self._send_whole())
                raise
            context.journal.session(self.number, self._upload_id, cuts[0].length, context.now())
        self._error = None
        self._part_ids = [done.get(index, "") for index in range(len(cuts))]
        left = [(i, part) for i, part in enumerate(cuts) if not self._part_ids[i]]
        self._unsent = len(left)
        context.sums.md5.begin(want.scanned)
        context.watch(Sent(want.key, want.bytes - sum(part.length for _, part in left)))
        if not left:
            return self._finish()
        return Step(more=[self._part_task(index, part) for index, part in left])

    def _part_task(self, index: int, part: parts.Part) -> Task[Outcome]:
        return Task(_PART_RANK, lambda: self._send_part(index, part))

    def _send_part(self, index: int, part: parts.Part) -> Step[Outcome]:
        context = self._context
        if self._error is None:  # one part's failure is the file's: no use sending the rest
            try:
                part_id = context.client.add_part(self._upload_id, self._body(part))
                context.journal.part(self.number, index, part_id)
                self._part_ids[index] = part_id
                self._take_sha256(context.sums.sha256.known(self.want.scanned))
            except FilesyncError as error:
                with self._guard:
                    first, self._error = self._error is None, self._error or error
                if first and isinstance(error, AuthError):
                    # Reported at once: it stops the run, and parts that were not begun are
                    # dropped, so there may be no last part to report it.
                    return Step(self._failed(error))
        with self._guard:
            self._unsent -= 1
            last = self._unsent == 0
        return self._finish() if last else Step()

    def _finish(self) -> Step[Outcome]:
        """Complete the session once every part is in, or give it up."""
        context = self._context
        at = context.now()
        try:
            if self._error is not None:
                raise self._error
            self._wait_for_sha256()
            md5 = context.sums.md5.result(self.want.scanned, context.stop)
            self._check_unchanged()
            at = context.now()
            context.journal.sent(self.number, at)
            self._began = self._began or at
            remote = context.client.complete_upload(self._upload_id, self._part_ids, md5)
            return Step(self._made(remote, self._opened))
        except AmbiguousError as error:
            self._asked_to_complete = True
            return Step(UnclearUpload(self, at, context.now(), error))
        except Interrupted as error:
            return Step(NotUploaded(self.change, error))  # the session waits for the next run
        except FilesyncError as error:
            return self._give_up(error)

    def _give_up(self, error: FilesyncError) -> Step[Outcome]:
        refused = isinstance(error, ApiError) and not isinstance(error, AuthError)
        if refused and self._asked_to_complete:
            # The session is over. If that is because the first request completed it, the file
            # is there and only not listed yet: look again, for as long as a listing may lag.
            self._upload_id = ""
            doubt = AmbiguousError(f"it is not known whether {self.change.key} was completed")
            return Step(UnclearUpload(self, self._began, self._context.now(), doubt))
        self._abandon(error)
        if refused and self._resumed:
            return Step(more=[self.task()])  # the server has lost the session: begin anew
        return Step(self._failed(error))

    def _abandon(self, error: FilesyncError) -> None:
        """Cancel the session, unless the key no longer works for that either."""
        if isinstance(error, AuthError):
            return  # the journal remembers it
        # What cannot be cancelled expires within the hour; the first error is what matters.
        with contextlib.suppress(FilesyncError):
            self._context.client.cancel_upload(self._upload_id)
            self._context.journal.end(self.number)

    # ---- both --------------------------------------------------------------------------------

    def _made(self, remote: RemoteFile, since: int) -> Outcome:
        """Believe an answer only if it is about this file, and the server has all of it."""
        want, context = self.want, self._context
        until = context.now()
        wrong = context.answers.misfit(
            remote, want, since=since, until=until, resumed=self._resumed
        )
        self._upload_id = ""
        if not wrong and remote.bytes is None:
            remote = self._looked_up(remote)
        wrong = wrong or spoiled(remote, want)
        if not wrong:
            context.journal.made(self.number, remote.id)
            return Uploaded(self.change, remote)
        context.journal.answered(self.number, remote.id)
        context.answers.unanswered(want)
        doubt = AmbiguousError(f"the answer to the upload of {printable(want.key)} is odd: {wrong}")
        return UnclearUpload(self, since, until, doubt, answered=remote)

    def _looked_up(self, remote: RemoteFile) -> RemoteFile:
        """Return the file with the size that the server knows by now; it may not know it yet."""
        with contextlib.suppress(RemoteError):
            return self._context.client.get_file(remote.id) or remote
        return remote

    def _failed(self, error: FilesyncError) -> NotUploaded:
        if isinstance(error, AuthError):
            self._context.stop.set()  # what this key may not do now, it may not do for any file
        return NotUploaded(self.change, error)

    def _wait_for_sha256(self) -> None:
        if not self.want.sha256:
            sums, stop = self._context.sums, self._context.stop
            self._take_sha256(sums.sha256.result(self.want.scanned, stop))

    def _take_sha256(self, sha256: str | None) -> None:
        """Take the sha256 of a file that is hashed while it is sent; None: not known yet."""
        with self._guard:
            if self.want.sha256 or sha256 is None:
                return
            self.want = self.want._replace(sha256=sha256)
            self.change = self.change._replace(desired=self.want)
        if self._upload_id:  # so that a later run knows the content where the file is written anew
            self._context.journal.hashed(self.number, sha256)

    def _check_unchanged(self) -> None:
        scanned = self.want.scanned
        if scanned.version is not None:
            return  # each read of an object is of this version, or fails
        try:
            found = stat_identity(scanned.absolute)
        except OSError as error:
            raise LocalFileError(
                f"{printable(scanned.path)} cannot be read any more: {error.strerror}",
                "run filesync again",
            ) from None
        if found != scanned.identity:
            raise changed(self.want)

    def _body(
        self,
        part: parts.Part,
        *,
        sha256: str | None = None,
        before_last: Callable[[], None] | None = None,
    ) -> FileBody:
        scanned = self.want.scanned
        source: Source = (
            FileSlice(scanned.absolute, part.offset, part.length)
            if scanned.version is None
            else ObjectSlice(self._context.objects, scanned, part.offset, part.length)
        )
        return FileBody(
            self.want,
            source,
            stop=self._context.stop,
            count=lambda count: self._context.watch(Sent(self.want.key, count)),
            sha256=sha256,
            before_last=before_last,
        )


def _no_uploads(error: RemoteError) -> bool:
    return isinstance(error, NoSuchRoute) or (
        isinstance(error, ApiError) and error.status in _NO_UPLOADS
    )


def spoiled(remote: RemoteFile, want: DesiredFile) -> str:
    """Return what is wrong with the file that an upload has made, "" if nothing is."""
    if remote.bytes is not None and remote.bytes != want.bytes:
        return f"the platform holds {remote.bytes} bytes of it instead of {want.bytes}"
    if remote.status == "error":
        why = f": {printable(remote.status_details)}" if remote.status_details else ""
        return f"the platform says it cannot use it (status error){why}"
    return ""
