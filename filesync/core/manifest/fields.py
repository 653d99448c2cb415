"""Checks of single values: what a field of the manifest may hold, in the API's and our terms.

Each check returns the value in its final form, or raises ValueError with a sentence that
follows the field's name, such as "must not be negative".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from filesync.core.durations import format_duration, parse_duration
from filesync.core.model import MaxDelete
from filesync.core.object_url import BUCKETS, ObjectUrl, is_url, object_url
from filesync.core.purposes import (
    MAX_EXPIRES_AFTER,
    MIN_EXPIRES_AFTER,
    OUTPUT_PURPOSES,
    PURPOSES,
)
from filesync.core.servers import KNOWN_PURPOSES, path_fault
from filesync.core.suggestions import nearest
from filesync.core.text import has_controls, odd_character

VERSION = 1
"""The version of the manifest's format that this filesync reads."""

KEY_LENGTH = 200
"""The most characters a key of `files` may have."""

PROJECT_PATTERN = "[a-z0-9][a-z0-9-]{0,62}"
PERCENT_PATTERN = "(100|[0-9]{1,2})%"
_EXPIRY_RANGE = f"{format_duration(MIN_EXPIRES_AFTER)} to {format_duration(MAX_EXPIRES_AFTER)}"


_TYPED_AGAIN = ": nobody can see or type it; write a space, or nothing, in its place"


def did_you_mean(word: object, candidates: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" if one of the candidates is close to `word`, otherwise ""."""
    # Comparing costs length squared, and a word that long is not a typing error.
    if not isinstance(word, str) or len(word) > 40:
        return ""
    return _suggestion(word, tuple(candidates))


@lru_cache(maxsize=256)
def _suggestion(word: str, candidates: tuple[str, ...]) -> str:
    close = nearest(word.lower(), candidates)
    return f"; did you mean '{close}'?" if close else ""


def key_fault(key: str, noun: str) -> str | None:
    """Return what is wrong with a key of `files` or `vector_stores`, None if nothing."""
    if not key.strip():
        return f"the key is empty: give the {noun} a name"
    if key != key.strip():
        odd = odd_character(key) or "a space"
        return f"the key must not begin or end with {odd}{_TYPED_AGAIN if odd != 'a space' else ''}"
    if key.startswith("-"):
        return "the key must not begin with '-': commands would take it for an option"
    if len(key) > KEY_LENGTH:
        return f"the key must not be longer than {KEY_LENGTH} characters"
    if has_controls(key):
        return "the key must not have control characters in it"
    if odd := odd_character(key):
        return f"the key must not have {odd} in it{_TYPED_AGAIN}"
    return None


def check_version(value: object) -> int:
    """Return the format's version: the integer VERSION, and neither true nor 1.0."""
    if isinstance(value, str) and value.strip() == str(VERSION):
        raise ValueError(f"must be the number {VERSION}: write it without quotes")
    if value != VERSION or type(value) is not int:
        raise ValueError(f"must be {VERSION}, the only version this filesync reads")
    return VERSION


def check_project(value: str) -> str:
    """Return the project's name if it is one."""
    if not re.fullmatch(PROJECT_PATTERN, value):
        raise ValueError("must be 1 to 63 of a-z, 0-9 and '-', and not begin with '-'")
    return value


def parse_base_url(value: str) -> str:
    """Return a base URL as it goes into the lockfile: no "/" at its end.

    Takes http(s)://host[:port][/path] and emulator:DIR; raises ValueError for all else.
    """
    if has_controls(value) or (" " in value and not value.startswith("emulator:")):
        raise ValueError("must not have spaces or control characters in it")
    if odd_character(value) and not value.startswith("emulator:"):
        raise ValueError(f"must not have {odd_character(value)} in it")
    if value.startswith("emulator:"):
        if not value.removeprefix("emulator:").strip():
            raise ValueError("names no folder: write emulator:DIR")
        return value
    # First, and without the parser's own words: they may quote a piece of the password.
    if "@" in value:
        raise ValueError("must not hold a user or password: it is written to the lockfile")
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        raise ValueError("is not a URL: see its host and port") from None
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise ValueError("must be http://HOST..., https://HOST... or emulator:DIR")
    if "?" in value or "#" in value:
        raise ValueError(f"must not have a '?' or '#' part: write {re.split('[?#]', value)[0]}")
    if fault := path_fault(value):
        raise ValueError(fault)
    return value.rstrip("/")


def one_of(values: Iterable[str]) -> Callable[[object], str]:
    """Return a check that takes only these texts."""
    allowed = tuple(values)

    def check(value: object) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        if isinstance(value, str) and value in OUTPUT_PURPOSES:
            raise ValueError(f"{value} files are made by the API and never filesync's to touch")
        raise ValueError(f"must be one of {', '.join(allowed)}{did_you_mean(value, allowed)}")

    return check


def check_purpose(value: object) -> str:
    """Return a purpose that some type of server takes; which one it is, is checked later."""
    if isinstance(value, str) and value in KNOWN_PURPOSES:
        return value
    return one_of(PURPOSES)(value)


def parse_expires_after(value: object) -> int | None:
    """Return a file's life in seconds, or None for never."""
    if value == "never":
        return None
    if isinstance(value, dict):
        seconds = value.get("seconds")
        if value.get("anchor") != "created_at" or len(value) != 2 or type(seconds) is not int:
            raise ValueError("must be {anchor: created_at, seconds: N}, with nothing else in it")
        value = seconds
    try:
        seconds = parse_duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or never") from None
    if not MIN_EXPIRES_AFTER <= seconds <= MAX_EXPIRES_AFTER:
        raise ValueError(f"must be {_EXPIRY_RANGE}, or never")
    return seconds


def parse_max_delete(value: object) -> MaxDelete:
    """Return a limit given as a count or as "N%"."""
    if type(value) is int and value >= 0:
        return MaxDelete(value, percent=False)
    if isinstance(value, str) and re.fullmatch(PERCENT_PATTERN, value):
        return MaxDelete(int(value[:-1]), percent=True)
    raise ValueError("must be a count such as 20, or a share of our files, 0% to 100%")


def check_path(value: str) -> str:
    """Return a path or URL of a file, as written; where it leads is for the scan to say."""
    url = _url_in(value)
    if url is not None and not url.key and not url.is_web:
        raise ValueError(f"names no object: write {url.scheme}://{url.bucket}/key")
    _check_parts(url)
    return value


def check_glob(value: str) -> str:
    """Return a glob of files on disk or in a bucket, as written."""
    url = _url_in(value)
    if url is not None and url.is_web:
        raise ValueError("cannot be listed: a web server has no glob, so give each file a `path`")
    if url is not None and not url.key.strip("/"):
        raise ValueError(f"names no object: for all of them write {url.scheme}://{url.bucket}/**")
    _check_parts(url)
    return value


def _check_parts(url: ObjectUrl | None) -> None:
    """Raise ValueError for a key that obstore would read as another: `/a` as `a`, `./a` as `a`."""
    if url is None or url.scheme not in BUCKETS:
        return
    if {"", ".", ".."} & set(url.key.removesuffix("/").split("/")) and url.key:
        raise ValueError(
            "has an empty or a dotted part between slashes, which is not supported: write "
            f"{url.scheme}://{url.bucket}/folder/name"
        )


def _url_in(value: str) -> ObjectUrl | None:
    """Return the URL that a path is, None for a path on disk; ValueError if it is neither."""
    if not value:
        raise ValueError("is empty: give a path below the manifest's folder")
    if "\0" in value:
        raise ValueError("must not have a NUL character in it")
    return object_url(value) if is_url(value) else None


def check_name_glob(value: str) -> str:
    """Return a glob on remote filenames."""
    if not value:
        raise ValueError("is empty: give a glob such as 'kb-*'")
    return value


def check_filename(value: str) -> str:
    """Return a remote filename; its length is judged once a fingerprint is in it."""
    if not value.strip(". "):
        raise ValueError("must have something other than dots and spaces in it")
    if has_controls(value):
        raise ValueError("must not have control characters in it")
    return value


def check_prefix(value: str) -> str:
    """Return what goes before remote filenames, which may be nothing."""
    if has_controls(value):
        raise ValueError("must not have control characters in it")
    return value


def check_state(value: str) -> str:
    """Return the URL of a folder in a bucket; ValueError with what is wrong with it."""
    url = object_url(value)
    if url.scheme not in BUCKETS:
        raise ValueError("must be in a bucket: s3://bucket/prefix, gs:// or az://")
    if any(part in ("", ".", "..") for part in url.key.strip("/").split("/")) and url.key:
        raise ValueError("has an empty or a dotted part between slashes")
    return f"{url.scheme}://{url.bucket}/{url.key.strip('/')}".rstrip("/")


def check_lockfile(value: str) -> str:
    """Return the URL of a lockfile in a bucket; ValueError with what is wrong with it."""
    url = object_url(value)
    if url.scheme not in BUCKETS:
        raise ValueError("must be in a bucket: s3://bucket/filesync.lock, gs:// or az://")
    *folders, name = url.key.split("/")
    if not name.removesuffix(".lock") or not name.endswith(".lock"):
        raise ValueError(
            f"must name an object that ends in .lock: {url.scheme}://{url.bucket}/filesync.lock"
        )
    if any(part in ("", ".", "..") for part in folders):
        raise ValueError("has an empty or a dotted part between slashes")
    return url.at(url.key).text
