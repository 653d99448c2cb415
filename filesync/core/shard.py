"""Shards: which of several runs uploads the file of a key. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable

from filesync.core.decide.desired import remote_filename
from filesync.core.model import ScannedFile
from filesync.core.resemblance import shown_name
from filesync.core.run import Shard

MOST = 1000
"""The most runs that one apply can be split into."""


def parse_shard(text: str) -> Shard:
    """Return the shard that `I/N` names, such as 2/4; ValueError if it names none."""
    found = re.fullmatch(r"(0|[1-9][0-9]{0,8})/(0|[1-9][0-9]{0,8})", text.strip())
    if found is None:
        raise ValueError("must be I/N, such as 2/4: the second of four runs")
    number, of = int(found[1]), int(found[2])
    if not 1 <= of <= MOST:
        raise ValueError(f"must be one of at least 1 and at most {MOST:,} runs, such as 2/4")
    if not 1 <= number <= of:
        raise ValueError(f"must be 1 to {of} of {of}: the first run is 1/{of}")
    return Shard(number, of)


def number_of(key: str, of: int) -> int:
    """Return which of so many runs a key belongs to, from 1 on; it depends on the key alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % of + 1


def share_of(files: Iterable[ScannedFile], shard: Shard) -> frozenset[str]:
    """Return the keys whose files a shard uploads, out of all files of the manifest.

    Files that a listing cannot tell apart (same remote filename, size and purpose, no fingerprint)
    go with the one of them whose key sorts first: where an answer is lost, only a run that knows
    all of them can say which one was made.
    """
    alike: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    keys = set()
    for file in files:
        policy = file.entry.policy
        if policy.fingerprint:
            if number_of(file.key, shard.of) == shard.number:
                keys.add(file.key)
        else:
            alike[shown_name(remote_filename(file)), file.bytes, policy.purpose].append(file.key)
    for group in alike.values():
        if number_of(min(group), shard.of) == shard.number:
            keys.update(group)
    return frozenset(keys)
