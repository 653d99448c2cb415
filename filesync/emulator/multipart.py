"""A multipart form read as it arrives: text fields in memory, the file part straight to disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.responses import Response

from filesync.emulator.call import json_response
from filesync.emulator.errors import ApiError, Json, missing_parameter, unknown_parameter
from filesync.emulator.store import Blob, Store

MAX_TEXT_BYTES = 64 * 1024
# What a form may weigh besides its file, when a Content-Length is judged up front.
OVERHEAD_BYTES = 1024 * 1024

_PARAMETER = re.compile(rb';\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))', re.DOTALL)


class Form:
    """The fields of a form; `blob` and `filename` are those of its one file part."""

    def __init__(
        self,
        boundary: bytes,
        new_blob: Callable[[], Blob],
        *,
        file_field: str,
        text_fields: Collection[str],
        max_bytes: int,
    ) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.blob: Blob | None = None
        self._new_blob = new_blob
        self._file_field = file_field
        self._text_fields = text_fields
        self._max_bytes = max_bytes
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._name = ""
        self._text = b""
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise ApiError(f"Could not parse multipart form: {error}.") from error

    def finish(self) -> Blob:
        """Say that the body is over; the file part must have come whole."""
        if not self._ended:
            raise ApiError("Could not parse multipart form: it ends before its last boundary.")
        if self.blob is None:
            raise missing_parameter(self._file_field)
        self.blob.finish()
        return self.blob

    def _on_part_begin(self) -> None:
        self._header_name = self._header_value = self._disposition = self._text = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        given = {
            match[1].lower(): _unquote(match[3] if match[2] is None else match[2])
            for match in _PARAMETER.finditer(self._disposition)
        }
        name = given.get(b"name")
        if name is None:
            raise ApiError("Could not parse multipart form: a part has no name.")
        self._name = name
        if name == self._file_field:
            if self.blob is not None:
                raise ApiError(f"Duplicate parameter: '{name}'.", param=name)
            self.filename = given.get(b"filename")
            self.blob = self._new_blob()
        elif name not in self._text_fields:
            raise unknown_parameter(name)
        elif name in self.fields:
            raise ApiError(f"Duplicate parameter: '{name}'.", param=name)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name != self._file_field:
            self._text += data[start:end]
            if len(self._text) > MAX_TEXT_BYTES:
                raise ApiError(f"'{self._name}' is too long.", param=self._name)
        elif self.blob is not None:
            if self.blob.size + end - start > self._max_bytes:
                raise too_large(self._file_field, self._max_bytes)
            self.blob.write(memoryview(data)[start:end])

    def _on_part_end(self) -> None:
        if self._name != self._file_field:
            self.fields[self._name] = _decode(self._text)

    def _on_end(self) -> None:
        self._ended = True


async def read_form(
    request: Request,
    work: Callable[[Form, Blob], Json],
    *,
    file_field: str,
    text_fields: Collection[str],
    max_bytes: int,
) -> Response:
    """Read the whole form, do the work with it, and answer what that returns.

    The blob is gone again afterwards unless it was kept.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise ApiError("This request must be 'multipart/form-data' with a boundary.")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > max_bytes + OVERHEAD_BYTES:
        raise too_large(file_field, max_bytes)
    store: Store = request.app.state.store
    try:
        form = Form(
            boundary,
            store.new_blob,
            file_field=file_field,
            text_fields=text_fields,
            max_bytes=max_bytes,
        )
    except FormParserError as error:
        raise ApiError(f"Could not parse multipart form: {error}.") from error
    try:
        # On the event loop: to wake a thread takes longer than to write a chunk or insert a row.
        async for chunk in request.stream():
            form.feed(chunk)
        return json_response(work(form, form.finish()))
    finally:
        if form.blob is not None:
            form.blob.discard()


def too_large(field: str, limit: int) -> ApiError:
    """The refusal of a file or part that is over its limit."""
    return ApiError(
        f"'{field}' is too large: the limit is {limit} bytes.",
        status=413,
        param=field,
        code="file_too_large",
    )


def _unquote(value: bytes) -> str:
    # Clients escape as HTML does (%22) or as RFC 822 did (\"); any other backslash is a backslash.
    value = re.sub(rb'\\(["\\])', rb"\1", value)
    return (
        _decode(value)
        .replace("%22", '"')
        .replace("%0D", "\r")
        .replace("%0d", "\r")
        .replace("%0A", "\n")
        .replace("%0a", "\n")
    )


def _decode(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ApiError("Could not parse multipart form: a field is not UTF-8.") from None
