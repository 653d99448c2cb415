"""Ask a vector store that filesync keeps in step with a folder.

    filesync apply -m manifests/file-search.yaml
    python examples/file_search.py "When can I bring something back?"

The manifest declares the store; the lockfile knows its id. Needs `pip install openai` and
OPENAI_API_KEY; to try it without a key, start `filesync emulator` and export what it prints.
"""

from __future__ import annotations

import sys

from openai import OpenAI

import filesync


def main() -> None:
    lock = filesync.load_lock("manifests/file-search.lock")
    store = lock.store("handbook")
    for answer in OpenAI().vector_stores.search(store.id, query=sys.argv[1], max_num_results=3):
        print(f"{answer.filename} ({answer.score:.2f})")
        print("".join(part.text for part in answer.content))


if __name__ == "__main__":
    main()
