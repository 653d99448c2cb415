"""What each type of server takes and sends: one row each, readable without a network.

`openai`, `azure` and `compatible` are the contract's; the others are servers whose own pages say
enough. A server that is none of them is `compatible`. The rows were checked against each
server's public reference in 2026-08; where that says nothing, a row has OpenAI's own value, since
a local check must never refuse what a server would have taken.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from posixpath import normpath
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from filesync.core.purposes import (
    DEFAULT_PURPOSE,
    MAX_EXPIRES_AFTER,
    MAX_FILE_BYTES,
    MIN_EXPIRES_AFTER,
    PURPOSES,
    Purpose,
)

_MIB = 2**20
_DAY = 86400
_PLAIN = Purpose(None, None, may_never_expire=True)


class Paging(enum.StrEnum):
    """How a server sends a listing that is longer than one answer."""

    CURSOR = "cursor"  #: `limit` and `after`; `has_more` says whether there is another page
    NUMBER = "number"  #: `page` and `page_size`; `total` says how many there are
    TOKEN = "token"  #: `pagination_token`, also sent with the last page, which is a short one
    WHOLE = "whole"  #: takes no parameters and sends everything at once


class ServerType(NamedTuple):
    """The rules of one type of server. Sizes are bytes, durations seconds."""

    name: str
    purposes: Mapping[str, Purpose]
    """The purposes that files can be uploaded with."""
    default_purpose: str = DEFAULT_PURPOSE
    """The purpose of an entry that names none."""
    expiry: tuple[int, int] | None = (MIN_EXPIRES_AFTER, MAX_EXPIRES_AFTER)
    """The shortest and longest `expires_after`; None: the server takes no expiry."""
    max_bytes: int = MAX_FILE_BYTES
    """The most bytes of any file, whatever its purpose."""
    max_unexpiring: int | None = None
    """How many files without an expiry the server keeps; None: no limit is known."""
    paging: Paging = Paging.CURSOR
    page_size: int = 10_000
    """The largest page to ask for; means nothing to a server that sends everything at once."""
    uploads: bool = True
    """Whether a file can go in parts (`/uploads`)."""
    verbatim: bool = True
    """Whether a download is what was uploaded, byte for byte."""
    done: frozenset[str] = frozenset({"processed", "ok"})
    """The words of `status` for a file that is ready."""
    failed: frozenset[str] = frozenset({"error", "failed"})
    """The words of `status` for a file that the server cannot use."""
    key_header: str = "Authorization"
    """The header that carries an API key: as a bearer token, or `api-key` as it is."""
    path: str = ""
    """The path of the base URL where a user gives only the host; "" leaves it as it is."""
    byte_order_mark: bool = False
    """Whether JSONL may begin with a byte order mark."""
    batch_urls: Mapping[str, str] = MappingProxyType({})
    """What else than OpenAI's paths the `url` of a request in a batch may be: the path of OpenAI's
    that it stands for, or "" for one that OpenAI does not have."""
    batch_envelope: bool = True
    """Whether each request of a batch names its method, url and model; if not, the job does."""
    hosts: tuple[str, ...] = ()
    """The hosts that are of this type if nobody says otherwise; these and any below them."""

    def max_bytes_of(self, purpose: str) -> int:
        """Return the most bytes of a file with a purpose."""
        rule = self.purposes.get(purpose)
        return min((rule and rule.max_bytes) or self.max_bytes, self.max_bytes)

    def status(self, word: str | None) -> str | None:
        """Return a file's status in OpenAI's words, another word as it is; None is not told."""
        if word in self.done:
            return "processed"
        return "error" if word in self.failed else word


_TYPES = (
    ServerType("openai", PURPOSES, hosts=("api.openai.com",)),
    ServerType(
        "azure",
        {
            "assistants": _PLAIN,
            "batch": Purpose(200 * _MIB, None, may_never_expire=True),
            "fine-tune": _PLAIN,
            "evals": _PLAIN,
        },
        default_purpose="assistants",
        expiry=(14 * _DAY, 30 * _DAY),
        max_unexpiring=500,
        key_header="api-key",
        path="/openai/v1",
        # Its pages ask for the mark in training files, and write paths without /v1.
        byte_order_mark=True,
        batch_urls={
            path.removeprefix("/v1"): path
            for path in (
                "/v1/responses",
                "/v1/chat/completions",
                "/v1/embeddings",
                "/v1/completions",
            )
        },
        hosts=("openai.azure.com", "services.ai.azure.com"),
    ),
    ServerType("compatible", PURPOSES),
    ServerType(
        "groq",
        {"batch": Purpose(100 * _MIB, None, may_never_expire=True)},
        default_purpose="batch",
        expiry=None,
        max_bytes=100 * _MIB,
        paging=Paging.WHOLE,
        uploads=False,
        batch_urls={"/v1/audio/transcriptions": "", "/v1/audio/translations": ""},
    ),
    ServerType(
        "mistral",
        {"fine-tune": _PLAIN, "batch": _PLAIN, "ocr": _PLAIN},
        default_purpose="fine-tune",
        expiry=None,
        paging=Paging.NUMBER,
        page_size=100,
        batch_envelope=False,
    ),
    ServerType(
        "xai", PURPOSES, max_bytes=50 * _MIB, paging=Paging.TOKEN, page_size=100, uploads=False
    ),
    ServerType(
        "deepinfra",
        {"batch": Purpose(200 * _MIB, 30 * _DAY, may_never_expire=False)},
        default_purpose="batch",
        expiry=(30 * _DAY, 30 * _DAY),
        max_bytes=200 * _MIB,
    ),
    ServerType(
        "litellm",
        PURPOSES,
        paging=Paging.WHOLE,
        done=frozenset({"processed", "ok", "uploaded"}),
    ),
    ServerType("ogx", PURPOSES, max_bytes=100 * _MIB, uploads=False),
    ServerType(
        "moonshot",
        {"file-extract": _PLAIN, "image": _PLAIN, "video": _PLAIN, "batch": _PLAIN},
        default_purpose="file-extract",
        expiry=None,
        max_bytes=100 * _MIB,
        paging=Paging.WHOLE,
        uploads=False,
        verbatim=False,
    ),
)

SERVER_TYPES = {one.name: one for one in _TYPES}
"""Every type of server, by the name that `remote.type` takes."""

COMPATIBLE = SERVER_TYPES["compatible"]
"""A server that nobody described: OpenAI's rules, and nothing assumed about its paging."""

KNOWN_PURPOSES = tuple(dict.fromkeys(purpose for one in _TYPES for purpose in one.purposes))
"""The purposes that some type of server takes, OpenAI's own first."""


class Urls(NamedTuple):
    """Base URLs that a run knows besides the manifest's.

    `override` wins over the manifest's, `fallback` is for a manifest that names none.
    """

    override: str | None
    fallback: str


NO_URLS = Urls(None, "")


def is_output(purpose: str) -> bool:
    """Say whether files of a purpose are a server's own, such as results: never ours to touch.

    Servers invent purposes for what they make, so that is any purpose that no file can be uploaded
    with. One listed as "" is only not told.
    """
    return purpose != "" and purpose not in KNOWN_PURPOSES


def server_type(said: str | None, base_url: str) -> ServerType:
    """Return the type named in a manifest, otherwise the one that the URL's host stands for."""
    if said is not None:
        return SERVER_TYPES[said]
    try:
        host = (urlsplit(base_url).hostname or "").removesuffix(".")
    except ValueError:
        return COMPATIBLE
    for one in _TYPES:
        if any(host == known or host.endswith(f".{known}") for known in one.hosts):
            return one
    return COMPATIBLE


_ROUTES = frozenset(
    {
        "files",
        "uploads",
        "models",
        "vector_stores",
        "batches",
        "responses",
        "embeddings",
        "completions",
        "chat",
        "jobs",
        "fine_tuning",
        "moderations",
    }
)


def path_fault(base_url: str) -> str:
    """Return what is wrong with a base URL's path, as "must ...: write URL"; "" if nothing.

    A path of one of the API's routes is what people copy from an example of a request.
    """
    scheme, _, rest = base_url.rstrip("/").partition("://")
    host, *parts = rest.split("/")
    named = [part for part in parts if part]
    route = len(named)
    while route and named[route - 1].lower() in _ROUTES:
        route -= 1
    better = "/".join((f"{scheme}://{host}", *named[:route]))
    if route < len(named):
        return f"must not end in '/{'/'.join(named[route:])}', which is added to it: write {better}"
    return f"must not have '//' in its path: write {better}" if named != parts else ""


def same_server(one: str, other: str) -> bool:
    """Say whether two base URLs are of one server, whatever way each is written."""
    return one == other or canonical_url(one) == canonical_url(other)


def canonical_url(base_url: str) -> str:
    """Return the one way to write a base URL: host in small letters, no usual port."""
    scheme, _, rest = base_url.partition(":")
    if scheme == "emulator":
        return f"{scheme}:{normpath(rest)}"
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return base_url
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    place = host if port in (None, usual) else f"{host}:{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def with_path(kind: ServerType, base_url: str) -> str:
    """Return a base URL with the type's path, if it is a host without one."""
    if kind.path and urlsplit(base_url).path.rstrip("/") == "":
        return base_url.rstrip("/") + kind.path
    return base_url
