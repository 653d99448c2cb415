"""Files that look like what they are not, one of each kind: the rules that catch them."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.core.content import builders
from tests.core.content.builders import rules_of

GOOD = builders.text_of(*(builders.chat(number) for number in range(12)))
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n"
KEY = b"sk-" + b"a1B2" * 12
PNG = b"\x89PNG\r\n\x1a\n"


def archive(*names: str, first: int = 4) -> bytes:
    """A zip archive; the first file in it has so many bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x" * (first if name == names[0] else 4))
    return made.getvalue()


WORD = archive("[Content_Types].xml", "_rels/.rels", "word/document.xml")


# fmt: off
FILES: list[tuple[str, str, bytes, str]] = [
    # not of the type that the name says
    ("a.docx", "assistants", WORD, ""),
    ("a.docx", "assistants", archive("a.txt"), "unlike-its-name"),
    ("a.docx", "assistants", archive("[Content_Types].xml", "xl/workbook.xml"), "unlike-its-name"),
    ("a.pptx", "assistants", WORD, "unlike-its-name"),
    ("a.xlsx", "user_data", WORD, "unlike-its-name"),
    ("a.docx", "assistants", archive("[Content_Types].xml", "media/1.png", "word/document.xml", first=300_000), ""),  # noqa: E501
    ("a.docx", "assistants", archive("[Content_Types].xml", "media/1.png", "xl/workbook.xml", first=300_000), "unlike-its-name"),  # noqa: E501
    ("a.docx", "assistants", archive("[Content_Types].xml", "ppt/slides/1.xml", first=131_000), "unlike-its-name"),  # noqa: E501
    ("a.docx", "assistants", b"hello", "not-what-it-says"),
    ("a.pdf", "assistants", b"junk\n" * 10 + b"%PDF-1.5\nx", ""),
    ("a.pdf", "assistants", b"x" * 2000 + b"%PDF-1.5\nx", "not-what-it-says"),
    ("a.pdf", "assistants", b"<html>404</html>", "not-what-it-says"),
    *((f"a.{one}", "user_data", b"plain text", "unlike-its-name") for one in ("png", "jpg", "jpeg", "gif", "webp", "xls", "ppt", "odt", "rtf", "zip")),  # noqa: E501
    *((f"a.{one}", "user_data", PNG, "unlike-its-name") for one in ("jpg", "gif", "webp")),
    ("a.doc", "assistants", b"plain text", "not-what-it-says"),
    *(("a.doc", "assistants", one, "unlike-its-name") for one in (b"<html xmlns:w='x'>", b"<?xml version='1.0'?>", b"MIME-Version: 1.0\r\n", b"\xef\xbb\xbf\n<!DOCTYPE html>")),  # noqa: E501
    ("a.png", "user_data", PNG, ""),
    ("a.rtf", "user_data", b"{\\rtf1 x}", ""),
    ("a.zip", "user_data", archive(), ""),
    # nothing in it
    ("a.md", "assistants", b" \n\t\r\n", "empty-document"),
    ("a.md", "assistants", b"\xef\xbb\xbf", "empty-document"),
    ("a.md", "assistants", b"", "empty-document"),
    # a Git LFS pointer, however it was written
    *((name, purpose, LFS, "git-lfs-pointer") for name, purpose in (("a.md", "assistants"), ("a.png", "vision"), ("a.jsonl", "batch"), ("a.jsonl", "fine-tune"), ("a.jsonl", "evals"))),  # noqa: E501
    ("a.md", "assistants", LFS.replace(b"\n", b"\r\n"), "git-lfs-pointer"),
    ("a.md", "assistants", LFS.replace(b"git-lfs", b"hawser"), "git-lfs-pointer"),
    ("a.md", "assistants", b"\xef\xbb\xbf" + LFS, "git-lfs-pointer"),
    ("a.md", "assistants", LFS.replace(b"oid", b"ext-0-case sha256:ab\noid"), "git-lfs-pointer"),
    ("a.md", "assistants", b"What a pointer is:\n" + LFS, ""),
    # secrets
    ("a.txt", "assistants", b"# notes\n" + KEY, "secret"),
    ("a.txt", "assistants", (b"# notes\n" + KEY).decode().encode("utf-16"), "secret"),
    ("a.txt", "assistants", b"task-1234567890123456789012345 and ask-me-anything-you-like", ""),
    ("a.jsonl", "fine-tune", GOOD.replace(b"How", KEY, 1), "secret"),
    ("a.txt", "assistants", b"-----BEGIN PUBLIC KEY-----", ""),
    # where a last line can be cut
    *(("a.jsonl", "evals", b'{"a":1}\n' + one, "cut-line") for one in (b"{", b'{"b"', b'{"b":', b'{"b":1', b'{"b":1.', b'{"b":1e', b'{"b":1.5e-', b'{"b":-', b'{"b":tr', b'{"b":"x', b'{"b":"x\\', b'{"b":"x\\u', b'{"b":"x\\u00', b'{"b":"x\xc3', b'{"b":"x\xf0\x9f\x98', b'{"b":[1,')),  # noqa: E501
    ("a.jsonl", "evals", b'{"a":1}\n{"b":1.}\n', "invalid-json"),
    ("a.jsonl", "evals", b'{"a":1}\n{"b":"x\xc3"}', "not-utf-8"),
    ("a.jsonl", "evals", b'{"a":1}\n{"b":"\\uZZ', "invalid-json"),
    # other kinds of line ends
    ("a.jsonl", "evals", b'{"a":1}\r{"a":2}\r', "invalid-json"),
    ("a.jsonl", "evals", b'{"a":1}\r\n{"a":2}\r\n', "crlf"),
    ("a.jsonl", "evals", b'{"a":1}\xe2\x80\xa8{"a":2}', "invalid-json"),
]
NAMES = ("prod.env", ".env", ".env.local", ".git-credentials", "kubeconfig", "id_rsa", "server.pem")
# fmt: on


@pytest.mark.parametrize(("name", "purpose", "data", "rule"), FILES)
def test_a_file_that_is_not_what_it_looks_like(
    name: str, purpose: str, data: bytes, rule: str
) -> None:
    assert rules_of(name, purpose, data) == ({rule} if rule else set())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_says_secret(name: str) -> None:
    assert "secret-file-name" in rules_of(name, "user_data", b"x")


@pytest.mark.parametrize("name", [".env.example", "environment.md", "keynote.txt", "monkey.txt"])
def test_a_name_that_only_resembles_one(name: str) -> None:
    assert "secret-file-name" not in rules_of(name, "user_data", b"x")


def test_a_document_with_a_password_is_called_so() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    found = builders.findings_of("a.docx", "assistants", data)
    assert [one.message for one in found] == [
        ".docx, but in an older format, or protected by a password"
    ]
    assert builders.findings_of("a.doc", "assistants", data) == ()
