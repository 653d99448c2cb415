from __future__ import annotations

from typing import Any

import pytest
from python_multipart.multipart import MultipartParser, parse_options_header

from filesync.errors import Interrupted, LocalFileError
from filesync.remote.form_body import Multipart
from filesync.remote.mime_types import content_type
from tests.remote.helpers import Bytes, Failing


def parsed(body: Multipart) -> list[tuple[str, bytes]]:
    """The parts of a body as (headers, content), by a parser that is not ours."""
    parts: list[tuple[bytearray, bytearray]] = []
    callbacks: Any = {
        "on_part_begin": lambda: parts.append((bytearray(), bytearray())),
        "on_header_field": lambda data, start, end: parts[-1][0].extend(data[start:end] + b": "),
        "on_header_value": lambda data, start, end: parts[-1][0].extend(data[start:end] + b"\n"),
        "on_part_data": lambda data, start, end: parts[-1][1].extend(data[start:end]),
    }
    _, options = parse_options_header(body.content_type)
    parser = MultipartParser(options[b"boundary"], callbacks)
    for chunk in body:
        parser.write(chunk)
    parser.finalize()
    return [(bytes(head).decode(), bytes(content)) for head, content in parts]


def test_fields_first_and_the_file_last() -> None:
    body = Multipart(
        [("purpose", "batch"), ("expires_after[seconds]", "3600")],
        field="file",
        filename="a.jsonl",
        body=Bytes(b"{}\n", b"--x\r\n"),
    )
    assert parsed(body) == [
        ('Content-Disposition: form-data; name="purpose"\n', b"batch"),
        ('Content-Disposition: form-data; name="expires_after[seconds]"\n', b"3600"),
        (
            'Content-Disposition: form-data; name="file"; filename="a.jsonl"\n'
            "Content-Type: application/jsonl\n",
            b"{}\n--x\r\n",
        ),
    ]


@pytest.mark.parametrize(
    ("filename", "sent"),
    [
        ("dir/é ü.txt", "dir/é ü.txt"),
        ('a"b\r\n.txt', "a%22b%0D%0A.txt"),
        ("100%22.txt", "100%22.txt"),
        ("日本.md", "日本.md"),
    ],
)
def test_filenames_are_raw_utf8(filename: str, sent: str) -> None:
    body = Multipart([], field="file", filename=filename, body=Bytes())
    assert f'filename="{sent}"\r\n'.encode() in b"".join(body)


def test_a_name_that_is_not_utf8() -> None:
    with pytest.raises(LocalFileError, match="not valid UTF-8"):
        Multipart([], field="file", filename="a\udcff.txt", body=Bytes())


@pytest.mark.parametrize("chunks", [(), (b"",), (b"a",), (b"abc", b"", b"\r\n--")])
def test_the_size_is_exact_and_it_can_be_sent_again(chunks: tuple[bytes, ...]) -> None:
    body = Multipart([("purpose", "ä")], field="file", filename="é", body=Bytes(*chunks))
    first = b"".join(body)
    assert len(first) == body.size
    assert b"".join(body) == first


def test_chunks_pass_through_one_at_a_time() -> None:
    source = Bytes(*[b"x" * 1000] * 100)
    for number, chunk in enumerate(Multipart([], field="file", filename="a", body=source)):
        if 1 <= number <= 100:
            assert chunk is source.chunks[number - 1]
            assert source.taken == number


@pytest.mark.parametrize("size", [0, 4, 6, 1000])
def test_a_file_of_another_size_never_ends_the_body(size: int) -> None:
    body = Multipart([], field="file", filename="a.txt", body=Bytes(b"hello", size=size))
    sent = bytearray()
    with pytest.raises(LocalFileError, match=r"a\.txt changed"):
        sent.extend(byte for chunk in body for byte in chunk)
    assert len(sent) < body.size
    assert not sent.endswith(b"--\r\n")


def test_what_the_body_raises_passes_through() -> None:
    error = Interrupted("interrupted")
    body = Multipart([], field="file", filename="a", body=Failing(error, b"ab", size=4))
    with pytest.raises(Interrupted) as caught:
        b"".join(body)
    assert caught.value is error


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.jsonl", "application/jsonl"),
        ("a.MD", "text/markdown"),
        ("a.pdf", "application/pdf"),
        ("a.png", "image/png"),
        # What Python's table lacks or says differently in one version or another.
        (
            "a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("a.ts", "application/typescript"),
        ("a.go", "text/x-golang"),
        ("a.RB", "text/x-ruby"),
        ("a.js", "text/javascript"),
        ("a.txt", "text/plain"),
        ("a", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
        ("a.csv.gz", "application/octet-stream"),
        ("data:,x", "application/octet-stream"),
    ],
)
def test_content_type_by_extension(filename: str, expected: str) -> None:
    assert content_type(filename) == expected
