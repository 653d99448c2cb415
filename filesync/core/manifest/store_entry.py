"""One entry of the manifest's `vector_stores`."""

from __future__ import annotations

from filesync.core.manifest import yaml_reader
from filesync.core.manifest.fields import key_fault
from filesync.core.manifest.problems import Report
from filesync.core.manifest.schema_stores import VectorStore
from filesync.core.stores.model import StoreEntry


def store_entry(report: Report, key: str, store: VectorStore, prefix: str) -> StoreEntry:
    """Return the store of this key; report what is wrong with it besides its single fields.

    `prefix` is the environment's, and goes before the store's name.
    """
    place = ("vector_stores", key)
    written = yaml_reader.mapping(report.root, place)
    if fault := key_fault(key, "store"):
        report.add(place, fault, at_key=True)
    if "files" not in written:
        report.add(place, "needs `files`: keys of `files`, or globs on them", at_key=True)
    positions: dict[str, tuple[int, int]] = {**written.value_at}
    positions[""] = yaml_reader.position(report.root, place, of_key=True)
    patterns = tuple(store.get("files", ()))
    for number, pattern in enumerate(patterns):
        where = (*place, "files", number)
        positions[f"files.{number}"] = yaml_reader.position(report.root, where)
        if not pattern:
            report.add(where, "is empty: give a key of `files`, or a glob on keys")
    return StoreEntry(
        key=key,
        name=prefix + store.get("name", key),
        description=store.get("description"),
        files=patterns,
        expires_after=store.get("expires_after"),
        chunking=store.get("chunking"),
        metadata=store.get("metadata", {}),
        attributes=store.get("attributes", {}),
        prune_unmanaged=store.get("prune_unmanaged", False),
        protect=store.get("protect", False),
        positions=positions,
    )
