"""Vector stores in the lockfile's text: one member a line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Any

from filesync.core.stores.model import Chunking, LockedMember, LockedStore
from filesync.core.text import printable, quoted

IsId = Callable[[str], object]


def dump_stores(stores: Mapping[str, LockedStore]) -> str:
    """Return the value of `vector_stores` as it stands in the lockfile, sorted by key."""
    text = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
    return (
        "{\n" + ",\n".join(_store_text(key, stores[key], text) for key in sorted(stores)) + "\n  }"
    )


def _store_text(key: str, store: LockedStore, text: Callable[[object], str]) -> str:
    chunking = None if store.chunking is None else store.chunking._asdict()
    protect = ', "protect": true' if store.protect else ""
    members = ",\n".join(
        f"      {encode_basestring(name)}: "
        f'{{"id": {encode_basestring(member.id)}, "attributes": {text(dict(member.attributes))}}}'
        for name, member in sorted(store.files.items())
    )
    head = (
        f'    {encode_basestring(key)}: {{"id": {encode_basestring(store.id)}, '
        f'"name": {encode_basestring(store.name)}, "expires_after": {text(store.expires_after)}, '
        f'"metadata": {text(dict(store.metadata))}, "chunking": {text(chunking)}{protect}, '
    )
    body = f"{{\n{members}\n    }}" if members else "{}"
    return f'{head}"files": {body}}}'


class BadStore(Exception):
    """What is wrong with `vector_stores`, as a sentence that follows the lockfile's path."""


def read_stores(value: object, is_id: IsId) -> dict[str, LockedStore]:
    """Return the stores that a value of `vector_stores` describes; BadStore for anything unsound.

    `is_id` says whether a text can be an id.
    """
    stores = _mapping(value, "vector_stores", None)
    return {
        key: _store(f"vector_stores.{printable(key)}", one, is_id) for key, one in stores.items()
    }


_STORE = {"id", "name", "expires_after", "metadata", "chunking", "files", "protect"}


def _store(where: str, value: object, is_id: IsId) -> LockedStore:
    fields = _mapping(value, where, _STORE)
    name, expires_after = fields.get("name"), fields.get("expires_after")
    metadata = _mapping(fields.get("metadata"), f"{where}.metadata", None)
    protect = fields.get("protect", False)
    if not isinstance(name, str):
        raise BadStore(f"has no name in {where}")
    if expires_after is not None and (type(expires_after) is not int or expires_after < 0):
        raise BadStore(f"has a bad expires_after in {where}")
    if not all(isinstance(text, str) for text in metadata.values()):
        raise BadStore(f"has bad metadata in {where}")
    if not isinstance(protect, bool):
        raise BadStore(f"has a bad protect in {where}")
    members = _mapping(fields.get("files"), f"{where}.files", None)
    return LockedStore(
        id=_id(fields, where, is_id),
        name=name,
        expires_after=expires_after,
        metadata=metadata,
        chunking=_chunking(fields.get("chunking"), where),
        files={
            key: _member(f"{where}.files.{printable(key)}", one, is_id)
            for key, one in members.items()
        },
        protect=protect,
    )


def _member(where: str, value: object, is_id: IsId) -> LockedMember:
    fields = _mapping(value, where, {"id", "attributes"})
    attributes = _mapping(fields.get("attributes"), f"{where}.attributes", None)
    if not all(_is_scalar(one) for one in attributes.values()):
        raise BadStore(f"has bad attributes in {where}")
    return LockedMember(_id(fields, where, is_id), attributes)


def _chunking(value: object, where: str) -> Chunking | None:
    if value is None:
        return None
    fields = _mapping(value, f"{where}.chunking", {"max_tokens", "overlap"})
    tokens, overlap = fields.get("max_tokens"), fields.get("overlap")
    if type(tokens) is not int or type(overlap) is not int:
        raise BadStore(f"has a bad chunking in {where}")
    return Chunking(tokens, overlap)


def _mapping(value: object, where: str, known: set[str] | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadStore(f"has a {where} that is not an object")
    if known is not None and not value.keys() <= known:
        raise BadStore(f"has an unknown field {quoted(min(value.keys() - known))} in {where}")
    return value


def _id(fields: Mapping[str, Any], where: str, is_id: IsId) -> str:
    found = fields.get("id")
    if not isinstance(found, str) or not is_id(found):
        raise BadStore(f"has no usable id in {where}")
    return found


def _is_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int | bool)
