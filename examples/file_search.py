"""Keep a vector store in step with a folder of documents.

    filesync apply -m manifests/file-search.yaml
    python examples/file_search.py manifests/file-search.lock

Run both after each change. filesync syncs the files, and this example the vector store: it
attaches files that are in the lockfile and not attached yet, and detaches files that are no longer
in the lockfile. Needs `pip install openai` and OPENAI_API_KEY; to try it without a key,
start `filesync emulator` and export what it prints.
"""

from __future__ import annotations

import sys

from openai import OpenAI

import filesync

STORE = "handbook"  # the vector store's name; nothing but our documents goes into it
FOLDER = "handbook/"  # the keys that a glob made: the entry's key and the path


def main() -> None:
    lock = filesync.load_lock(sys.argv[1] if len(sys.argv) > 1 else "filesync.lock")
    wanted = {entry.id: key for key, entry in lock.files.items() if key.startswith(FOLDER)}
    client = OpenAI()

    stores = (store for store in client.vector_stores.list() if store.name == STORE)
    store = next(stores, None) or client.vector_stores.create(name=STORE)
    attached = {file.id for file in client.vector_stores.files.list(store.id)}

    for file_id in wanted.keys() - attached:
        file = client.vector_stores.files.create_and_poll(file_id, vector_store_id=store.id)
        if file.status != "completed":
            sys.exit(f"{wanted[file_id]} could not be indexed: {file.last_error}")
        print(f"attached {wanted[file_id]} ({file_id})")
    for file_id in attached - wanted.keys():
        client.vector_stores.files.delete(file_id, vector_store_id=store.id)
        print(f"took out {file_id}")
    print(f"{store.id} holds {len(wanted)} documents")


if __name__ == "__main__":
    main()
