"""Search in a vector store, by plain full-text ranking: no meaning, but an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from filesync.emulator import checks, errors, vector_stores
from filesync.emulator.call import Call
from filesync.emulator.errors import Json
from filesync.emulator.indexing import ATTACHED, settle

_FIELDS = ("query", "filters", "max_num_results", "ranking_options", "rewrite_query")
_RANKERS = ("none", "auto", "default-2024-11-15")
_LONGEST_PASSAGE = 3200  # about 800 tokens
_MOST_RANKED = 2000


def search(call: Call) -> Json:
    """POST /vector_stores/{item}/search: the best of the members that are indexed."""
    body = call.fields(_FIELDS, ("query",))
    queries = body["query"] if isinstance(body["query"], list) else [body["query"]]
    if not queries or not all(isinstance(one, str) and one.strip() for one in queries):
        raise errors.invalid_value("query", "expected text, or a list of texts.")
    most = checks.whole_number("max_num_results", body.get("max_num_results") or 10, 1, 50)
    if not isinstance(body.get("rewrite_query", False), bool | None):
        raise errors.invalid_value("rewrite_query", "expected true or false.", "invalid_type")
    least = _threshold(body.get("ranking_options"))
    accepts = _filter(body["filters"]) if body.get("filters") is not None else None
    found = []
    with call.store.writing() as db:
        settle(db, call.store)
        item = call.path["item"]
        vector_stores.use(db, call.store, vector_stores.live(db, call.store, item))
        words = re.findall(r"\w+", " ".join(queries))
        match = " OR ".join(f'"{word}"' for word in words)
        rows = db.execute(
            "SELECT f.id, f.filename, r.body, texts.body, bm25(texts) FROM texts"
            " JOIN files f ON f.seq = texts.rowid"
            " JOIN records r ON r.id = f.id AND r.kind = ? AND r.parent = ?"
            " WHERE texts MATCH ? AND json_extract(r.body, '$.status') = 'completed'"
            " ORDER BY bm25(texts) LIMIT ?",
            (ATTACHED, item, match, _MOST_RANKED),
        ).fetchall()
    for file_id, filename, member, text, rank in rows:
        attributes = json.loads(member)["attributes"]
        score = round(-rank / (1 - rank), 4)
        if score < least or (accepts is not None and not accepts(attributes)):
            continue
        found.append(
            {
                "file_id": file_id,
                "filename": filename,
                "score": score,
                "attributes": attributes,
                "content": [{"type": "text", "text": _passage(text, words)}],
            }
        )
    return {
        "object": "vector_store.search_results.page",
        "search_query": queries,
        "data": found[:most],
        "has_more": False,
        "next_page": None,
    }


def _threshold(options: object) -> float:
    """The least score of `ranking_options`; there is one ranker, whichever of them is asked for."""
    if options is None:
        return 0
    if not isinstance(options, dict):
        raise errors.invalid_value("ranking_options", "expected an object.", "invalid_type")
    name = "ranking_options[{}]"
    for key in options:
        if key not in ("ranker", "score_threshold"):
            raise errors.unknown_parameter(name.format(key))
    if options.get("ranker", "auto") not in _RANKERS:
        raise errors.invalid_value(name.format("ranker"), f"expected one of {list(_RANKERS)}.")
    least = options.get("score_threshold", 0)
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 <= least <= 1:
        raise errors.invalid_value(name.format("score_threshold"), "expected a number 0 to 1.")
    return least


def _passage(text: str, words: list[str]) -> str:
    """The text around the first of the words, if it is too long as a whole."""
    if len(text) <= _LONGEST_PASSAGE:
        return text
    places = [text.lower().find(word.lower()) for word in words]
    start = max(min((place for place in places if place >= 0), default=0) - 200, 0)
    return text[start : start + _LONGEST_PASSAGE]


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "gt": lambda one, other: one > other,
    "gte": lambda one, other: one >= other,
    "lt": lambda one, other: one < other,
    "lte": lambda one, other: one <= other,
    "in": lambda one, other: one in other,
    "nin": lambda one, other: one not in other,
}


def _filter(spec: object) -> Callable[[Json], bool]:
    """What says of a member's attributes whether a filter lets them pass."""
    kind = spec.get("type") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(kind, str):
        raise errors.invalid_value("filters", "expected an object with a 'type'.")
    if kind in ("and", "or"):
        inner = spec.get("filters")
        if not isinstance(inner, list) or not inner:
            raise errors.invalid_value("filters", f"'{kind}' needs a list of filters.")
        parts = [_filter(one) for one in inner]
        join = all if kind == "and" else any
        return lambda attributes: join(part(attributes) for part in parts)
    key, value = spec.get("key"), spec.get("value")
    if kind not in _COMPARE or not isinstance(key, str) or value is None:
        raise errors.invalid_value("filters", f"'{kind}' with 'key' and 'value' is not understood.")
    compare = _COMPARE[kind]

    def accepts(attributes: Json) -> bool:
        try:
            return key in attributes and compare(attributes[key], value)
        except TypeError:  # text compared with a number
            return False

    return accepts
