"""The Files and Uploads API, one method a route; what each route takes is in the API's reference.

Two classes for one reason: `plan` and its like get a Reader, which has no method that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar

from filesync.core.model import Job, RemoteFile
from filesync.core.servers import COMPATIBLE, ServerType
from filesync.core.text import printable
from filesync.errors import (
    ApiError,
    AuthError,
    ListingError,
    NoSuchRoute,
    RemoteError,
    unless_gone,
)
from filesync.remote import answers, decode, listing
from filesync.remote.call import Call, JsonPayload
from filesync.remote.endpoint import Endpoint
from filesync.remote.form_body import Body, Multipart, require_utf8
from filesync.remote.paths import segment
from filesync.remote.retry import Kind
from filesync.remote.stores import StoreReader, StoreWriter
from filesync.remote.timing import ClientSettings
from filesync.remote.transport import Transport

# Of a smaller page, importing msgspec takes longer than it saves.
_LARGE_PAGE = 1_000_000

_I = TypeVar("_I", bound=listing.Item)


class Reader:
    """Looks things up; safe to use from many threads, which share its pace.

    Methods raise RemoteError (ApiError for an error status, AuthError for 401 and 403) when the
    attempts are used up, and Interrupted when `settings.stop` is set.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        requests_per_minute: float = 1000,
        settings: ClientSettings | None = None,
        server: ServerType = COMPATIBLE,
    ) -> None:
        self.server = server
        self._transport = Transport(
            endpoint, requests_per_minute=requests_per_minute, settings=settings or ClientSettings()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def retries(self) -> int:
        """Return how many requests were sent again so far."""
        return self._transport.retries

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    @property
    def stores(self) -> StoreReader:
        """Return what looks vector stores up, over the same connections."""
        return StoreReader(self._transport)

    @property
    def clock_offset(self) -> float | None:
        """The server's clock minus ours in seconds, None before the first answer with a Date."""
        return self._transport.clock_offset

    def now(self, offset: float = 0.0) -> int:
        """Return the time in Unix seconds by the server's clock.

        `offset` is the server's clock minus ours where no answer has told it yet.
        """
        known = self._transport.clock_offset
        wall_clock = self._transport.settings.wall_clock
        return int(wall_clock() + (offset if known is None else known))

    def list_files(self, purpose: str | None = None) -> list[RemoteFile]:
        """Return every remote file, or those with a purpose; ListingError unless that is all."""

        params = {"purpose": purpose} if purpose else {}
        try:
            files = self._list("/files", "files", self._file, 10_000, params, _parse_files)
        except AuthError:
            raise
        except (ApiError, NoSuchRoute) as exc:
            raise ListingError(exc.message, exc.hint) from None
        if purpose is None:
            return files
        # A server that ignores the parameter sends all; one that leaves it out is believed.
        return [file for file in files if file.purpose in (purpose, "")]

    def list_fine_tuning_jobs(self) -> list[Job]:
        """Return every fine-tuning job; ApiError 404 where the server has no such route."""
        return self._list("/fine_tuning/jobs", "fine-tuning jobs", decode.fine_tuning_job, 100)

    def list_batches(self) -> list[Job]:
        """Return every batch; ApiError 404 where the server has no such route."""
        return self._list("/batches", "batches", decode.batch, 100)

    def list_vector_stores(self) -> list[Job]:
        """Return every vector store, its files left out; ApiError 404 as above."""
        return self._list("/vector_stores", "vector stores", decode.vector_store, 100)

    def is_attached(self, vector_store_id: str, file_id: str) -> bool:
        """Say whether a vector store holds a file."""
        path = f"/vector_stores/{segment(vector_store_id)}{_file_path(file_id)}"
        call = Call("GET", path, f"look {printable(file_id)} up in {printable(vector_store_id)}")
        return unless_gone(lambda: self._transport.json(call, decode.json_object)) is not None

    def _list(
        self,
        path: str,
        what: str,
        item: Callable[[object], _I],
        limit: int,
        params: dict[str, str] | None = None,
        read: Callable[[bytes], object] = decode.parse_json,
    ) -> list[_I]:
        page = listing.page_of(item)
        call = Call("GET", path, f"list the {what}", most_bytes=answers.MOST_PAGE, read=read)

        def fetch(query: dict[str, str]) -> listing.Page[_I]:
            return self._transport.json_and_headers(call._replace(params=query), page)

        return listing.list_all(fetch, limit=limit, params=params, server=self.server)

    def _file(self, raw: object) -> RemoteFile:
        file = raw if isinstance(raw, RemoteFile) else decode.remote_file(raw)
        return self._translated(file)

    def _named(self, file_id: str) -> Callable[[object], RemoteFile]:
        """Return what reads the answer about one file; BadAnswer if it is about another."""
        return lambda raw: self._translated(decode.file_of(file_id, raw))

    def _translated(self, file: RemoteFile) -> RemoteFile:
        """Return a file with its status in OpenAI's words."""
        status = self.server.status(file.status)
        return file if status == file.status else file._replace(status=status)

    def get_file(self, file_id: str) -> RemoteFile | None:
        """Return the file, or None if the API says there is none with this id.

        An answer about another file is none: it is asked for again, and a RemoteError in the end.
        """
        return unless_gone(lambda: self._transport.json(_get(file_id), self._named(file_id)))

    def get_raw(self, file_id: str) -> dict[str, object] | None:
        """Return the file as the server describes it, or None if there is none."""
        return unless_gone(lambda: self._transport.json(_get(file_id), decode.json_object))

    def download(self, file_id: str, expected: int | None = None) -> Iterator[bytes]:
        """Yield the file's content; the first step raises ApiError where the API refuses.

        `expected` is its number of bytes, as far as that is known.
        """
        call = Call(
            "GET",
            f"{_file_path(file_id)}/content",
            f"download {printable(file_id)}",
            slow=True,
            # Compressed on the way, its length could not tell us that the end is missing.
            headers={"Accept": "*/*", "Accept-Encoding": "identity"},
        )
        return self._transport.stream(call, expected)


class Writer(Reader):
    """Also creates and deletes.

    A body is streamed in its own chunks; what its iterator raises ends the request before the
    server has all of it, and reaches the caller unchanged. `expires_after` is in seconds.
    """

    @property
    def stores(self) -> StoreWriter:
        """Return what also fills vector stores, over the same connections."""
        return StoreWriter(self._transport)

    def create_file(
        self, body: Body, *, filename: str, purpose: str, expires_after: int | None
    ) -> RemoteFile:
        """Send a file in one request; AmbiguousError if it may exist although no answer said so."""
        fields = [("purpose", purpose)]
        if expires_after is not None:
            fields += [
                ("expires_after[anchor]", "created_at"),
                ("expires_after[seconds]", str(expires_after)),
            ]
        call = Call(
            "POST",
            "/files",
            f"upload {printable(filename)}",
            Kind.ONCE,
            payload=Multipart(fields, field="file", filename=filename, body=body),
            doubt=f"a file named {printable(filename)} may exist now",
            slow=True,
        )
        return self._transport.json(call, self._file)

    def delete_file(self, file_id: str) -> bool:
        """Delete a file; False if it was gone already.

        A server without this route answers 404 as well: then the file is looked for, and if it is
        there, RemoteError is raised.
        """
        call = Call("DELETE", _file_path(file_id), f"delete {printable(file_id)}", Kind.DELETE)
        done = unless_gone(lambda: self._transport.json(call, decode.deletion_of(file_id)))
        if done is None and self.get_file(file_id) is not None:
            raise RemoteError(
                f"could not delete {printable(file_id)}: the server answers that there is no such "
                "file, and has it when asked for it",
                "it may not let files be deleted: see whoever runs it",
            )
        return done or False

    def create_upload(
        self,
        *,
        filename: str,
        purpose: str,
        bytes: int,
        mime_type: str,
        expires_after: int | None,
    ) -> str:
        """Open an upload session for a file that goes in parts, and return the session's id."""
        require_utf8(filename)
        document: dict[str, object] = {
            "filename": filename,
            "purpose": purpose,
            "bytes": bytes,
            "mime_type": mime_type,
        }
        if expires_after is not None:
            document["expires_after"] = {"anchor": "created_at", "seconds": expires_after}
        call = Call(
            "POST",
            "/uploads",
            f"begin the upload of {printable(filename)}",
            payload=JsonPayload(document),
        )
        return self._transport.json(call, decode.object_id)

    def add_part(self, upload_id: str, body: Body) -> str:
        """Send one part, at most 64 MB, and return its id."""
        call = Call(
            "POST",
            f"{_upload_path(upload_id)}/parts",
            f"send a part of upload {printable(upload_id)}",
            payload=Multipart([], field="data", filename="part", body=body),
            slow=True,
        )
        return self._transport.json(call, decode.object_id)

    def complete_upload(self, upload_id: str, part_ids: Sequence[str], md5: str) -> RemoteFile:
        """Make the file of the parts, in this order, and return it; AmbiguousError as above.

        `md5` is the whole file's, in hex; the server compares.
        """
        call = Call(
            "POST",
            f"{_upload_path(upload_id)}/complete",
            f"complete upload {printable(upload_id)}",
            Kind.ONCE,
            payload=JsonPayload({"part_ids": list(part_ids), "md5": md5}),
            doubt="its file may exist now",
            slow=True,
        )
        return self._translated(self._transport.json(call, decode.file_of_upload))

    def cancel_upload(self, upload_id: str) -> None:
        """Give up an upload session and its parts; ApiError if it has already ended."""
        call = Call(
            "POST", f"{_upload_path(upload_id)}/cancel", f"cancel upload {printable(upload_id)}"
        )
        self._transport.json(call, decode.json_object)


def _parse_files(body: bytes) -> object:
    """Return the JSON of a page of files; of a large one, `data` may hold them as RemoteFiles."""
    page = None
    if len(body) >= _LARGE_PAGE:
        from filesync.remote.large_pages import parse_plain

        page = parse_plain(body)
    return decode.parse_json(body) if page is None else page


def _get(file_id: str) -> Call:
    return Call("GET", _file_path(file_id), f"look up {printable(file_id)}")


def _file_path(file_id: str) -> str:
    return f"/files/{segment(file_id)}"


def _upload_path(upload_id: str) -> str:
    return f"/uploads/{segment(upload_id)}"
