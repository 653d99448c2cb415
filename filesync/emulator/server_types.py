"""What each type of server does differently from OpenAI: one row each.

Written from the servers' own pages, listed in docs/design/api-notes.md, and not from filesync's own
table, so that a mistake in one does not stand in both. Where a page says nothing, a row has what
OpenAI does.
"""

from __future__ import annotations

import base64
import enum
import re
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from filesync.emulator.errors import Json

_DAY = 86400
_MIB = 1024 * 1024
OPENAI_PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
_ALL_ROUTES = frozenset({"files", "uploads", "fine_tuning", "batches", "vector_stores"})
_FILES_ONLY = frozenset({"files"})
_ALNUM = string.ascii_letters + string.digits
# Each byte as one of these.
_TO_ALNUM = (_ALNUM * 5)[:256].encode()


class Paging(enum.StrEnum):
    """How GET /files is paged, and what a page looks like."""

    CURSOR = "cursor"  # `limit`, `order`, `after`; with first_id, last_id and has_more
    NUMBER = "number"  # `page` from 0 and `page_size`; with `total`, without has_more
    TOKEN = "token"  # `limit` and `pagination_token`, which is sent with the last page, too
    WHOLE = "whole"  # takes no parameters: object and data
    CLAIMED = "claimed"  # the same, and has_more is false


def _openai_id() -> str:
    return "file-" + secrets.token_bytes(22).translate(_TO_ALNUM).decode()


def _long_id() -> str:
    text = f"litellm_proxy:application/octet-stream;unified_id,{uuid.uuid4()};{_openai_id()}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _plain_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


class ServerType(NamedTuple):
    """The differences of one type of server. Sizes are bytes, durations seconds."""

    name: str
    path: str = "/v1"
    """The path of the base URL."""
    api_key_header: bool = False
    """Whether the key may come in the header `api-key`, besides as a bearer token."""
    routes: frozenset[str] = _ALL_ROUTES
    """The first words of the paths that are served."""
    purposes: tuple[str, ...] = OPENAI_PURPOSES
    """The purposes that files can be uploaded with."""
    shows_purpose: bool = True
    """Whether answers say what a file's purpose is; otherwise it is listed as ""."""
    batch_endpoints: tuple[str, ...] = ()
    """The endpoints of batches besides OpenAI's."""
    expiry: tuple[int, int] | None = (3600, 30 * _DAY)
    """The shortest and longest `expires_after`; None: the field is refused."""
    default_expiry: Mapping[str, int] = MappingProxyType({"batch": 30 * _DAY})
    """How long a file of a purpose lives that was sent without an expiry; "" is any other."""
    max_unexpiring: int | None = None
    """How many files without an expiry are kept at most."""
    max_bytes: int = 512 * _MIB
    """The largest file that POST /files takes."""
    paging: Paging = Paging.CURSOR
    page: tuple[int, int] = (10_000, 10_000)
    """The size of a page of files that names none, and the largest there is."""
    status: str | None = "processed"
    """The word for a file that is ready; None: files have no status."""
    withheld: tuple[str, ...] = ()
    """The purposes whose content is not given back."""
    verbatim: bool = True
    """Whether content comes back byte for byte, and not as extracted text."""
    plain_errors: bool = False
    """Whether errors have a message and nothing else."""
    new_id: Callable[[], str] = _openai_id
    """Makes a file's id."""
    rename: Callable[[str], str] = str
    """What becomes of a filename."""

    def shown(self, file: Json) -> Json:
        """Return a file as this server describes it."""
        view = {**file, "status": self.status}
        if self.status is None:
            del view["status"], view["status_details"]
        if not self.shows_purpose:
            view["purpose"] = ""
        return view


_WITHHELD = ("assistants", "user_data")
_ROWS = (
    ServerType("openai", withheld=_WITHHELD),
    ServerType(
        "azure",
        path="/openai/v1",
        api_key_header=True,
        purposes=("assistants", "batch", "fine-tune", "evals"),
        batch_endpoints=("/responses", "/chat/completions", "/completions", "/embeddings"),
        expiry=(14 * _DAY, 30 * _DAY),
        default_expiry={},
        max_unexpiring=500,
        withheld=("assistants",),
    ),
    ServerType(
        "groq",
        path="/openai/v1",
        routes=frozenset({"files", "batches"}),
        purposes=("batch",),
        batch_endpoints=("/v1/audio/transcriptions", "/v1/audio/translations"),
        expiry=None,
        default_expiry={},
        max_bytes=100 * _MIB,
        paging=Paging.WHOLE,
        status=None,
        new_id=lambda: f"file_01{secrets.token_hex(12)}",
    ),
    ServerType(
        "mistral",
        routes=_FILES_ONLY,
        purposes=("fine-tune", "batch", "ocr"),
        expiry=None,
        default_expiry={},
        paging=Paging.NUMBER,
        page=(100, 100),
        status=None,
        new_id=lambda: str(uuid.uuid4()),
    ),
    ServerType(
        "xai",
        routes=_FILES_ONLY,
        shows_purpose=False,
        default_expiry={},
        max_bytes=50 * _MIB,
        paging=Paging.TOKEN,
        page=(100, 100),
        status=None,
        new_id=lambda: f"file_{uuid.uuid4()}",
    ),
    ServerType(
        "deepinfra",
        path="/v1/openai",
        routes=frozenset({"files", "batches"}),
        purposes=("batch",),
        expiry=(30 * _DAY, 30 * _DAY),
        default_expiry={"": 30 * _DAY},
        max_bytes=200 * _MIB,
    ),
    ServerType(
        "litellm", paging=Paging.CLAIMED, status="uploaded", withheld=_WITHHELD, new_id=_long_id
    ),
    ServerType(
        "ogx",
        routes=frozenset({"files", "batches", "vector_stores"}),
        default_expiry={"": 365 * _DAY},
        max_bytes=100 * _MIB,
        plain_errors=True,
        rename=_plain_name,
    ),
    ServerType(
        "moonshot",
        routes=frozenset({"files", "batches"}),
        purposes=("file-extract", "image", "video", "batch"),
        expiry=None,
        default_expiry={},
        max_bytes=100 * _MIB,
        paging=Paging.WHOLE,
        status="ok",
        verbatim=False,
    ),
    # Some server that has the Files API, as many do: a listing without paging, and no jobs.
    ServerType("compatible", routes=frozenset({"files", "uploads"}), paging=Paging.WHOLE),
)
SERVER_TYPES = {row.name: row for row in _ROWS}
"""Every type, by the name that the setting `type` takes."""
