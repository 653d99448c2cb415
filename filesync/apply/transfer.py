"""Sending one file: one POST, or an upload session whose parts go in parallel.

The content is proven while it is sent. In one POST the last chunk is held back until the
sha256 of all that was read is the planned one, so a file that changed meanwhile never becomes
whole on the server. In parts, the file's stat identity (ctime among it, which cannot be set
back) must be the same before the first part and after the last as when it was hashed, and the
server checks the md5 that was taken from the same bytes as the sha256.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

from filesync.apply.events import Sent, Started, Watcher
from filesync.apply.pool import Step, Task
from filesync.core import parts
from filesync.core.diff import Change
from filesync.core.model import DesiredFile, RemoteFile
from filesync.core.text import printable
from filesync.errors import (
    ApiError,
    FilesyncError,
    Interrupted,
    LocalFileError,
    RemoteError,
)
from filesync.local.reader import FileSlice, stat_identity
from filesync.remote.client import Writer
from filesync.remote.multipart import content_type

# Parts of files already begun go before files not begun: fewer files are half done at once.
_PART_RANK = -(1 << 62)
_NO_UPLOADS = (404, 405, 501)  # what servers without the Uploads routes answer


class Uploaded(NamedTuple):
    """A change whose file is on the platform now."""

    change: Change
    remote: RemoteFile


class NotUploaded(NamedTuple):
    """A change whose file is not, and why."""

    change: Change
    error: FilesyncError


Outcome = Uploaded | NotUploaded


class Transfer:
    """One file on its way up; `task()` is the first step of it."""

    def __init__(
        self,
        change: Change,
        client: Writer,
        *,
        lanes: int,
        stop: threading.Event,
        watch: Watcher,
    ) -> None:
        assert change.desired is not None
        self._change = change
        self._want: DesiredFile = change.desired
        self._client = client
        self._lanes = lanes
        self._stop = stop
        self._watch = watch
        # Of an upload session:
        self._upload_id = ""
        self._part_ids: list[str] = []
        self._unsent = 0
        self._error: FilesyncError | None = None
        self._guard = threading.Lock()

    def task(self) -> Task[Outcome]:
        """Return the task that begins the transfer; the largest files begin first."""
        return Task(-self._want.bytes, self._begin)

    def _begin(self) -> Step[Outcome]:
        want = self._want
        self._watch(Started(want.key, want.bytes))
        try:
            self._check_unchanged()
            if want.bytes < parts.PARTS_FROM:
                return Step(self._send_whole())
            try:
                self._upload_id = self._client.create_upload(
                    filename=want.filename,
                    purpose=want.policy.purpose,
                    bytes=want.bytes,
                    mime_type=content_type(want.filename),
                    expires_after=want.policy.expires_after,
                )
            except ApiError as error:
                if error.status in _NO_UPLOADS and want.bytes <= parts.MAX_SINGLE:
                    return Step(self._send_whole())
                raise
        except FilesyncError as error:
            return Step(NotUploaded(self._change, error))
        cuts = parts.cut(want.bytes, self._lanes)
        self._part_ids = [""] * len(cuts)
        self._unsent = len(cuts)
        return Step(more=[self._part_task(index, part) for index, part in enumerate(cuts)])

    def _send_whole(self) -> Uploaded:
        want = self._want
        remote = self._client.create_file(
            self._body(parts.Part(0, want.bytes), sha256=want.sha256),
            filename=want.filename,
            purpose=want.policy.purpose,
            expires_after=want.policy.expires_after,
        )
        return self._checked(remote)

    def _part_task(self, index: int, part: parts.Part) -> Task[Outcome]:
        return Task(_PART_RANK, lambda: self._send_part(index, part))

    def _send_part(self, index: int, part: parts.Part) -> Step[Outcome]:
        if self._error is None:  # one part's failure is the file's: no use sending the rest
            try:
                self._part_ids[index] = self._client.add_part(self._upload_id, self._body(part))
            except FilesyncError as error:
                self._error = error
        with self._guard:
            self._unsent -= 1
            last = self._unsent == 0
        return Step(self._finish()) if last else Step()

    def _finish(self) -> Outcome:
        """Complete the session once every part is in, or cancel it."""
        try:
            if self._error is not None:
                raise self._error
            self._check_unchanged()
            md5 = self._want.local.md5
            assert md5 is not None, "files that go in parts are hashed with md5"
            remote = self._client.complete_upload(self._upload_id, self._part_ids, md5)
            return self._checked(remote)
        except FilesyncError as error:
            if not isinstance(error, Interrupted):
                self._cancel()
            return NotUploaded(self._change, error)

    def _cancel(self) -> None:
        # A session that cannot be cancelled expires within the hour; the first error matters.
        with contextlib.suppress(FilesyncError):
            self._client.cancel_upload(self._upload_id)

    def _checked(self, remote: RemoteFile) -> Uploaded:
        """Believe an answer only if the server holds as many bytes as were sent."""
        want = self._want
        wrong = ""
        if remote.bytes is not None and remote.bytes != want.bytes:
            wrong = f"holds {remote.bytes} bytes of it instead of {want.bytes}"
        elif remote.status == "error":
            wrong = "says it cannot use it (status error)"
        if not wrong:
            return Uploaded(self._change, remote)
        try:
            self._client.delete_file(remote.id)
            undone = "the upload was undone"
        except FilesyncError:
            undone = f"delete {remote.id} by hand: undoing the upload failed too"
        raise RemoteError(f"the platform {wrong}; {undone}", "check the file, then apply again")

    def _check_unchanged(self) -> None:
        scanned = self._want.local.scanned
        try:
            found = stat_identity(scanned.absolute)
        except OSError as error:
            raise LocalFileError(
                f"{printable(scanned.path)} cannot be read any more: {error.strerror}",
                "run filesync again",
            ) from None
        if found != (scanned.bytes, scanned.mtime_ns, scanned.ctime_ns, scanned.inode):
            raise _changed(self._want)

    def _body(self, part: parts.Part, sha256: str | None = None) -> _Body:
        return _Body(
            FileSlice(self._want.local.scanned.absolute, part.offset, part.length),
            self._want,
            sha256,
            self._stop,
            lambda count: self._watch(Sent(self._want.key, count)),
        )


class _Body:
    """A slice of a file as a request body: counted, stoppable, and proven if given a sha256."""

    def __init__(
        self,
        source: FileSlice,
        want: DesiredFile,
        sha256: str | None,
        stop: threading.Event,
        count: Callable[[int], None],
    ) -> None:
        self.size = source.size
        self._source = source
        self._want = want
        self._sha256 = sha256
        self._stop = stop
        self._count = count
        self._counted = 0

    def __iter__(self) -> Iterator[bytes]:
        self._report(-self._counted)  # a retry sends all of it again
        digest = hashlib.sha256() if self._sha256 else None
        held: bytes | None = None
        for chunk in self._source:
            if self._stop.is_set():
                raise Interrupted("interrupted")
            if held is not None:
                yield held
                self._report(len(held))
            if digest is not None:
                digest.update(chunk)
            held = chunk
        if digest is not None and digest.hexdigest() != self._sha256:
            raise _changed(self._want)
        if held is not None:
            yield held
            self._report(len(held))

    def _report(self, count: int) -> None:
        if count:
            self._counted += count
            self._count(count)


def _changed(want: DesiredFile) -> LocalFileError:
    return LocalFileError(
        f"{printable(want.path)} changed while filesync was running; nothing of it was kept",
        "let whatever writes it finish, then run filesync again",
    )
