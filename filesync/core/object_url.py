"""URLs of objects: `s3://bucket/key`, `gs://`, `az://container/key`, `file://`, `https://`."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from filesync.core.loopback import is_loopback
from filesync.core.text import printable

BUCKETS = ("s3", "gs", "az")
"""Schemes whose URL names a bucket (a container, for az) and a key in it."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_WEB = ("https", "http")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ObjectUrl(NamedTuple):
    """An object, or for a glob and a prefix several, by URL.

    `key` is the text after the bucket's name, taken literally, as each cloud's own command takes
    it. For `file` it is the absolute path, percent-decoded. For `https` and `http` it is empty, as
    only the whole `text` names the object; `bucket` is the host.
    """

    scheme: str
    bucket: str
    key: str
    text: str  #: as written: may hold a signature in its query, so it is never printed

    @property
    def shown(self) -> str:
        """Return the URL without what may give access: its query, user name and password."""
        if self.scheme not in _WEB:
            return printable(self.text)
        host = urlsplit(self.text).netloc.rpartition("@")[2]
        path = re.split(r"[?#]", self.text.split("://", 1)[1], maxsplit=1)[0].partition("/")[2]
        return printable(f"{self.scheme}://{host}/{path}")

    @property
    def is_web(self) -> bool:
        """Say whether it is one object at any web server, not in a bucket that can be listed."""
        return self.scheme in _WEB

    def at(self, key: str) -> ObjectUrl:
        """Return the URL of another key in the same bucket."""
        return self._replace(key=key, text=f"{self.scheme}://{self.bucket}/{key}")


def is_url(text: str) -> bool:
    """Say whether a path or glob of the manifest is meant as a URL."""
    return _SCHEME.match(text) is not None


def object_url(text: str) -> ObjectUrl:
    """Return what a URL names; ValueError with what is wrong with it, for use after its name."""
    found = _SCHEME.match(text)
    if found is None:
        raise ValueError("is not a URL")
    scheme, rest = found[1].lower(), text[found.end() :]
    if scheme in _WEB:
        return _web(scheme, text)
    if scheme == "file":
        host, slash, path = rest.partition("/")
        if host not in ("", "localhost") or not slash:
            raise ValueError("must name an absolute path: file:///folder/file")
        return ObjectUrl(scheme, "", f"/{unquote(path)}", text)
    if scheme not in BUCKETS:
        raise ValueError(
            f"has the scheme {scheme}://: use s3://, gs://, az://, file:// or https://"
        )
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        what = "container" if scheme == "az" else "bucket"
        raise ValueError(f"must name a {what}: {scheme}://{what}/key")
    return ObjectUrl(scheme, bucket, key, text)


def _web(scheme: str, text: str) -> ObjectUrl:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a valid URL") from None
    if not host or port == 0:
        raise ValueError("names no host")
    if scheme == "http" and not is_loopback(text):
        raise ValueError(
            "would be read over plain http, which anyone on the way can change: use https://"
        )
    return ObjectUrl(scheme, host, "", text)
