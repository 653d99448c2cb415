"""Start a batch with an input file that filesync manages.

    filesync apply -m manifests/batch.yaml
    python examples/batch_job.py manifests/batch.lock

Needs `pip install openai` and OPENAI_API_KEY; to try it without a key, start
`filesync emulator` and export what it prints.
"""

from __future__ import annotations

import sys

from openai import OpenAI

import filesync


def main() -> None:
    lock = filesync.load_lock(sys.argv[1] if len(sys.argv) > 1 else "filesync.lock")
    batch = OpenAI().batches.create(
        input_file_id=lock.id("reviews"),
        endpoint="/v1/chat/completions",  # the `url` of the requests in the file
        completion_window="24h",
    )
    print(f"{batch.id} is {batch.status}: {batch.endpoint} on {batch.input_file_id}")


if __name__ == "__main__":
    main()
