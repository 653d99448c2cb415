"""What the beginning, the name and the size of a file say: for every purpose, JSONL too."""

from __future__ import annotations

import re
from typing import NamedTuple

from filesync.core.content.findings import Finding, Tally, Verdict
from filesync.core.purposes import JSONL_PURPOSES, PURPOSES
from filesync.core.servers import COMPATIBLE, ServerType
from filesync.core.text import human_bytes, printable, suffix_of

HEAD = 128 * 2**10
"""How many bytes at the beginning of a file are looked at for what it is, and for secrets."""

SEARCH_PURPOSES = frozenset({"assistants", "user_data"})
"""The purposes whose files are documents, for file search or as input to a model."""

FINE_TUNE_BYTES = 2**30
"""What an older table of the API's documents gives as the limit of a fine-tuning file."""


def _extensions(text: str) -> frozenset[str]:
    return frozenset(text.split())


# https://developers.openai.com/api/docs/guides/tools-file-search, read in 2026.
SEARCH_EXTENSIONS = _extensions(
    ".c .cpp .cs .css .doc .docx .go .html .java .js .json .md .pdf .php .pptx .py "
    ".rb .sh .tex .ts .txt"
)
# https://developers.openai.com/api/docs/guides/file-inputs: what a model reads besides.
INPUT_EXTENSIONS = _extensions(
    ".bash .bat .cc .cfg .conf .csv .cxx .diff .dot .eml .gif .h .hpp .htm .ics .ini "
    ".ipynb .jpeg .jpg .jsonl .kt .less .log .lua .m .markdown .mjs .odt .patch .pl "
    ".png .ppt .ps1 .r .rs .rst .rtf .scala .scss .sql .srt .svg .swift .tar .toml "
    ".tsv .tsx .vcf .vtt .webp .xls .xlsx .xml .yaml .yml .zip .zsh"
)
_TEXT = _extensions(
    ".c .cpp .cs .css .go .html .java .js .json .md .php .py .rb .sh .tex .ts .txt "
    ".csv .tsv .xml .yaml .yml .toml .ini .log .rst .sql"
)
_ZIP, _OLE = rb"\APK\x03\x04", rb"\A\xd0\xcf\x11\xe0"
_STARTS = {
    ".pdf": ("a PDF", re.compile(rb"%PDF-")),
    ".docx": ("a Word document", re.compile(_ZIP)),
    ".pptx": ("a PowerPoint document", re.compile(_ZIP)),
    ".xlsx": ("an Excel document", re.compile(_ZIP)),
    ".odt": ("an OpenDocument text", re.compile(_ZIP)),
    ".zip": ("a zip archive", re.compile(rb"\APK(\x03\x04|\x05\x06)")),
    ".doc": ("a Word document", re.compile(rb"\A(\xd0\xcf\x11\xe0|\{\\rtf|PK\x03\x04)")),
    ".xls": ("an Excel document", re.compile(_OLE + rb"|" + _ZIP)),
    ".ppt": ("a PowerPoint document", re.compile(_OLE + rb"|" + _ZIP)),
    ".rtf": ("an RTF document", re.compile(rb"\A\{\\rtf")),
    ".png": ("a PNG", re.compile(rb"\A\x89PNG")),
    ".jpg": ("a JPEG", re.compile(rb"\A\xff\xd8\xff")),
    ".jpeg": ("a JPEG", re.compile(rb"\A\xff\xd8\xff")),
    ".gif": ("a GIF", re.compile(rb"\AGIF8")),
    ".webp": ("a WEBP", re.compile(rb"\ARIFF....WEBP", re.DOTALL)),
}
# Of these, file search makes text: what is of another type fails there.
_INDEXED = _extensions(".pdf .docx .pptx .xlsx .doc")
# An Office document is a zip archive with this folder in it; the end of an archive lists its names.
_FOLDERS = {".docx": b"word/", ".pptx": b"ppt/", ".xlsx": b"xl/"}
# A PDF reader looks for the header in so many bytes.
_PDF_HEAD = 1024

_LFS = re.compile(
    rb"\A(?:\xef\xbb\xbf)?version https://(?:git-lfs|hawser)\.github\.com/spec/v\d[^\n]*"
    rb"\r?\n(?:[a-z0-9.-]+ [^\n]*\r?\n)*oid [a-z0-9]+:[0-9a-f]+\r?\n"
)
_POINTER = (
    "this is a Git LFS pointer, not the file: run `git lfs pull`; in a workflow, give"
    " actions/checkout the setting `lfs: true`"
)
_LFS_BYTES = 1024  # a pointer is smaller, by the specification of Git LFS

_NEAR = 0.9
_SHRUNK = 0.1
_IMAGE_EXTENSIONS = {
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "webp": (".webp",),
    "gif": (".gif",),
}
# What Word itself writes under the name .doc besides its own format: pages, XML and web archives.
_WORD_TEXT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype|<html|<\?xml|MIME-Version:)", re.IGNORECASE
)

# A kind of key, what to look for first, and how it looks: by itself, not within a longer word.
_SECRETS = tuple(
    (what, anchor, re.compile(pattern))
    for what, anchor, pattern in (
        (
            "a private key",
            b"PRIVATE KEY",
            rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
        ),
        (
            "an API key (sk-...)",
            b"sk-",
            rb"(?<![A-Za-z0-9_-])sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}",
        ),
        ("an AWS access key", b"AKIA", rb"(?<![A-Za-z0-9])AKIA[0-9A-Z]{16}(?![A-Za-z0-9])"),
        ("an AWS access key", b"ASIA", rb"(?<![A-Za-z0-9])ASIA[0-9A-Z]{16}(?![A-Za-z0-9])"),
        (
            "an AWS secret key",
            b"_ACCESS_KEY",
            rb"AWS_SECRET_ACCESS_KEY[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9/+]{40}",
        ),
        (
            "an AWS secret key",
            b"_access_key",
            rb"aws_secret_access_key[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9/+]{40}",
        ),
        ("a GitHub token", b"gh", rb"(?<![A-Za-z0-9_])gh[pousr]_[A-Za-z0-9]{36}"),
        ("a GitHub token", b"github_pat_", rb"(?<![A-Za-z0-9_])github_pat_[A-Za-z0-9_]{36}"),
        ("a GitLab token", b"glpat-", rb"(?<![A-Za-z0-9_-])glpat-[A-Za-z0-9_-]{20}"),
        ("a Google API key", b"AIza", rb"(?<![A-Za-z0-9_-])AIza[0-9A-Za-z_-]{35}"),
        ("a Slack token", b"xox", rb"(?<![A-Za-z0-9])xox[abeoprs]-[0-9A-Za-z-]{10,}"),
        ("a Hugging Face token", b"hf_", rb"(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{34}"),
        ("a Stripe key", b"k_live_", rb"(?<![A-Za-z0-9_])[rs]k_live_[0-9A-Za-z]{20,}"),
        ("an Azure storage key", b"AccountKey=", rb"AccountKey=[A-Za-z0-9+/]{86}=="),
    )
)
_BINARY_HEAD = 8192
_SECRET_NAME = re.compile(
    r"""(?ix) \A (?: \.env (?!\.(?:example|sample|template|dist)\Z) (?:\..+)? | .+\.env
    | .*\.(?:pem|key|p12|pfx|keystore|jks|kdbx|ppk)
    | id_(?:rsa|dsa|ecdsa|ed25519) | \.(?:npmrc|pypirc|netrc|htpasswd|pgpass)
    | \.git-credentials | kubeconfig | credentials(?:\.json)?
    | service[-_]account.*\.json | secrets?\.(?:ya?ml|json|toml|env)
    ) \Z"""
)


class Image(NamedTuple):
    """What a library says of an image: None for what it does not know. `cut` if it ends early."""

    format: str | None
    width: int | None
    height: int | None
    cut: bool
    frames: int


class Beginning(NamedTuple):
    """What is known of a file before all of it was read.

    `name` is the remote filename, by which servers judge; `head` has the first HEAD bytes, and
    `image` what a library says of them, for vision. `tail` has the last HEAD bytes, where
    `has_list_at_end` says that they tell something.
    """

    purpose: str
    name: str
    size: int
    head: bytes
    image: Image | None = None
    tail: bytes = b""


def has_list_at_end(purpose: str, name: str, size: int) -> bool:
    """Say whether a file lists at its end what is in it, beyond what its beginning shows."""
    return purpose in SEARCH_PURPOSES and size > HEAD and suffix_of(name).lower() in _FOLDERS


def of_name(
    purpose: str, name: str, path: str, size: int, server: ServerType = COMPATIBLE
) -> Verdict:
    """Return what a file's remote name, its path here and its size in bytes say.

    Nothing is read for it. `server` is where it goes: its limits count.
    """
    tally = Tally()
    file = Beginning(purpose, name, size, b"")
    local = path.rpartition("/")[2]
    if _SECRET_NAME.match(local) or _SECRET_NAME.match(name):
        shown = printable(local)
        tally.add(None, "secret-file-name", f"{shown}: files of this name hold keys or passwords")
    _size(file, server, tally)
    for check in (_name, _extension):
        check(file, tally)
    return tally.verdict()


def too_long(characters: int, limit: str) -> Verdict:
    """Return the verdict on a file whose remote name has too many characters.

    `limit` is how many it may have, and why.
    """
    message = (
        f"its remote filename has {characters} characters and may have {limit}: rename the file, "
        "or put it into `exclude` and give it an entry of its own with `path` and a shorter "
        "`filename`"
    )
    return Verdict((Finding(None, "name-too-long", message),), 1, 0)


def of_beginning(file: Beginning) -> Verdict:
    """Return what the beginning of a file's content says."""
    tally = Tally()
    if file.size == 0:
        rule = "empty-file" if file.purpose in JSONL_PURPOSES else "empty-document"
        tally.add(None, rule, "the file is empty")
    elif _is_blank(file):
        tally.add(None, "empty-document", "the file holds nothing but blanks")
    elif is_lfs_pointer(file):
        tally.add(1, "git-lfs-pointer", _POINTER)
    else:
        for check in (_type, _image, _secrets):
            check(file, tally)
    return tally.verdict()


def is_lfs_pointer(file: Beginning) -> bool:
    """Say whether a file is what Git LFS leaves where it did not fetch the real one."""
    return file.size < _LFS_BYTES and _LFS.match(file.head) is not None


def _is_blank(file: Beginning) -> bool:
    """Say whether a document holds nothing; blank lines of JSONL are reported one by one."""
    text = file.head.removeprefix(b"\xef\xbb\xbf")
    return file.purpose in SEARCH_PURPOSES and file.size == len(file.head) and not text.strip()


def shrunk(before: int, now: int) -> bool:
    """Say whether content lost more than 90% of its bytes since the lockfile was written."""
    return now < before * _SHRUNK


def _size(file: Beginning, server: ServerType, tally: Tally) -> None:
    limit = server.max_bytes_of(file.purpose)
    if file.purpose == "fine-tune" and file.size > FINE_TUNE_BYTES:
        size = human_bytes(file.size)
        tally.add(None, "near-limit", f"{size}; some servers take only 1 GB for fine-tuning")
    elif file.size > limit:
        size, most = human_bytes(file.size), human_bytes(limit)
        if size == most:
            size, most = f"{file.size:,} bytes", f"{limit:,}"
        tally.add(
            None,
            "too-large",
            f"{size}; the limit for {file.purpose} is {most}"
            + ("" if server.purposes is PURPOSES else f" on a server of type {server.name}")
            + ": split it",
        )
    elif file.size > limit * _NEAR:
        tally.add(None, "near-limit", f"{human_bytes(file.size)} of {human_bytes(limit)}")


def _name(file: Beginning, tally: Tally) -> None:
    suffix = suffix_of(file.name)
    shown = printable(file.name)
    if suffix != suffix.lower():
        tally.add(None, "name-case", f"write the extension as {printable(suffix.lower())}")
    if file.purpose in JSONL_PURPOSES and suffix.lower() != ".jsonl":
        tally.add(
            None, "jsonl-name", f"{shown} does not end in .jsonl: rename it, or set `filename`"
        )


def _extension(file: Beginning, tally: Tally) -> None:
    if file.purpose not in SEARCH_PURPOSES:
        return
    suffix = suffix_of(file.name).lower()
    known = SEARCH_EXTENSIONS | INPUT_EXTENSIONS
    if suffix not in (known if file.purpose == "user_data" else SEARCH_EXTENSIONS):
        shown = f"a {printable(suffix)} file" if suffix else "a file without an extension"
        tally.add(None, "extension", f"file search does not read {shown}")


def _type(file: Beginning, tally: Tally) -> None:
    if file.purpose not in SEARCH_PURPOSES:
        return
    suffix = suffix_of(file.name).lower()
    if suffix in _STARTS:
        what, start = _STARTS[suffix]
        listed = file.head + file.tail
        lacks = len(listed) >= min(file.size, HEAD + 1) and _FOLDERS.get(suffix, b"") not in listed
        is_other = not start.search(file.head[:_PDF_HEAD])
        if is_other or lacks:
            is_read = suffix not in _INDEXED or (suffix == ".doc" and _WORD_TEXT.match(file.head))
            rule = "not-what-it-says" if is_other and not is_read else "unlike-its-name"
            older = suffix in _FOLDERS and re.match(_OLE, file.head)
            why = "in an older format, or protected by a password" if older else f"not {what}"
            tally.add(None, rule, f"{printable(suffix)}, but {why}")
    elif suffix in _TEXT and (problem := _encoding(file)):
        tally.add(_line_of(file.head, problem[0]), "text-encoding", problem[1])


def _encoding(file: Beginning) -> tuple[int, str] | None:
    """Return where the head is not text, and why; None if it is, as far as it goes."""
    if file.head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        file.head.decode()
    except UnicodeDecodeError as error:
        # The head may end within a character.
        if error.start < len(file.head) - 3 or file.size <= len(file.head):
            return error.start, f"byte 0x{file.head[error.start]:02x} is not UTF-8"
    at = file.head.find(b"\0")
    return (at, "a NUL byte: this is not text") if at >= 0 else None


def _image(file: Beginning, tally: Tally) -> None:
    if file.purpose != "vision" or not file.size or file.image is None:
        return
    image = file.image
    suffix = suffix_of(file.name).lower()
    if image.format is None:
        tally.add(None, "not-an-image", "the content is not that of an image")
        return
    extensions = _IMAGE_EXTENSIONS.get(image.format)
    if extensions is None:
        formats = ", ".join(name.upper() for name in _IMAGE_EXTENSIONS)
        tally.add(None, "image-format", f"{image.format.upper()}; the models read {formats}")
        return
    if suffix not in extensions:
        shown = printable(suffix) or "no extension"
        others = any(suffix in known for known in _IMAGE_EXTENSIONS.values())
        tally.add(
            None,
            "image-name" if others else "image-extension",
            f"a {image.format.upper()} with {shown}, not {extensions[0]}",
        )
    if not image.width or not image.height or image.width < 0 or image.height < 0:
        tally.add(None, "image-dimensions", "the image has no width and height that can be read")
    elif image.cut:
        tally.add(None, "image-cut", "the image stops in the middle")
    if image.frames > 1:
        tally.add(None, "animated", "an animated GIF: only one of its pictures is looked at")


def _secrets(file: Beginning, tally: Tally) -> None:
    head = file.head
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    if b"\0" in head[:_BINARY_HEAD]:
        return  # not text
    for what, anchor, pattern in _SECRETS:
        if anchor in head and (found := pattern.search(head)):
            tally.add(_line_of(head, found.start()), "secret", f"looks like {what}")


def _line_of(head: bytes, at: int) -> int:
    return head.count(b"\n", 0, at) + 1
