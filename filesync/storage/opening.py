"""A bucket opened from a URL, with the credentials of its cloud's usual environment.

obstore reads these itself: `AWS_*`, `GOOGLE_*` and `AZURE_*` variables, workload identities, and
what a machine in that cloud answers. Plain http is allowed to this machine, and elsewhere where
the environment says so (`AWS_ALLOW_HTTP`, `GOOGLE_ALLOW_HTTP`, `AZURE_ALLOW_HTTP`).
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from filesync.core.loopback import is_loopback
from filesync.core.object_url import ObjectUrl
from filesync.errors import FilesyncError, ObjectStoreError
from filesync.storage.failures import store_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
_IN_HEADERS = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"),
    "gs": ("GOOGLE_BEARER_TOKEN",),
    "az": ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_TOKEN"),
}
_ALLOW_HTTP = {"s3": "AWS_ALLOW_HTTP", "gs": "GOOGLE_ALLOW_HTTP", "az": "AZURE_ALLOW_HTTP"}
_TRUE = ("1", "true", "yes", "on")


class Deadlines(NamedTuple):
    """How long a store may take, in seconds, and how often a request is repeated.

    `request` bounds one request with its whole answer, `silence` the time between two pieces of
    it; no retry begins after `retry`.
    """

    connect: float = 5
    silence: float = 30
    request: float = 60
    retry: float = 90
    retries: int = 5


def open_store(url: ObjectUrl, deadlines: Deadlines = Deadlines()) -> ObjectStore:  # noqa: B008
    """Return the store of a URL's bucket, whose keys are those of the URLs; nothing is sent yet.

    For `file` it is the whole file system. For `https` it holds one object, whose key is "".
    Raises FilesyncError without the extra, and ObjectStoreError for settings that cannot be used.
    """
    with cloud_installed(url):
        from obstore.store import AzureStore, GCSStore, HTTPStore, LocalStore, S3Store

    _check_environment(url)
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=deadlines.connect),
        "read_timeout": timedelta(seconds=deadlines.silence),
        "timeout": timedelta(seconds=deadlines.request),
        "allow_http": _allows_http(url),
    }
    retry: RetryConfig = {
        "max_retries": deadlines.retries,
        "retry_timeout": timedelta(seconds=deadlines.retry),
    }
    with store_errors(url):
        if url.scheme == "s3":
            return S3Store(url.bucket, client_options=client, retry_config=retry)
        if url.scheme == "gs":
            return GCSStore(url.bucket, client_options=client, retry_config=retry)
        if url.scheme == "az":
            return AzureStore(url.bucket, client_options=client, retry_config=retry)
        if url.scheme == "file":
            return LocalStore()
        text, login = _without_login(url.text)
        if login:
            client["default_headers"] = {"authorization": login}
        return HTTPStore.from_url(text, client_options=client, retry_config=retry)


def _without_login(text: str) -> tuple[str, str]:
    """Return a URL without its user name and password, and the header for them, "" for none."""
    parts = urlsplit(text)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return text, ""
    user, _, password = login.partition(":")
    both = f"{unquote(user)}:{unquote(password)}".encode()
    return parts._replace(netloc=host).geturl(), f"Basic {b64encode(both).decode()}"


@contextmanager
def cloud_installed(url: ObjectUrl) -> Iterator[None]:
    """Import obstore in here: FilesyncError where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "obstore":
            raise
        raise FilesyncError(
            f"{url.shown} needs the Python package obstore, which is not installed",
            "run `pip install 'openai-filesync[cloud]'`",
        ) from None


def _check_environment(url: ObjectUrl) -> None:
    """Raise ObjectStoreError for a variable that obstore would not survive: it panics."""
    for name in _ENDPOINTS.get(url.scheme, ()):
        value = os.environ.get(name)
        if value and not _is_endpoint(value):
            raise ObjectStoreError(
                f"cannot use {url.shown}: {name} is not a URL", "write it as https://HOST[:PORT]"
            )
    for name in _IN_HEADERS.get(url.scheme, ()):
        if not os.environ.get(name, "").isprintable():
            raise ObjectStoreError(
                f"cannot use {url.shown}: {name} holds a line break or another control character",
                f"set {name} again without it",
            )


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return valid and text.isascii() and not re.search(r"[\s\\]", text)


def _allows_http(url: ObjectUrl) -> bool:
    if url.is_web:
        return is_loopback(url.text)
    if url.scheme in _ALLOW_HTTP and _is_true(_ALLOW_HTTP[url.scheme]):
        return True
    endpoints = (os.environ.get(name) for name in _ENDPOINTS.get(url.scheme, ()))
    endpoint = next((value for value in endpoints if value), "")
    emulated = url.scheme == "az" and _is_true("AZURE_STORAGE_USE_EMULATOR")
    return emulated or is_loopback(endpoint)


def _is_true(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in _TRUE
