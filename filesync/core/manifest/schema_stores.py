"""The shape of a vector store in the manifest, and of the attributes of its files."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

# pydantic refuses typing.TypedDict before Python 3.12.
from typing_extensions import TypedDict

from filesync.core.manifest.schema_parts import TEXT, strict
from filesync.core.manifest.store_fields import (
    MAX_METADATA,
    MAX_METADATA_NAME,
    MAX_METADATA_TEXT,
    MAX_OVERLAP,
    MAX_TOKENS,
    MIN_TOKENS,
    check_attributes,
    check_metadata,
    check_name,
    parse_chunking,
    parse_days,
)
from filesync.core.stores.declared import MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTE_TEXT, MAX_ATTRIBUTES
from filesync.core.stores.model import MARK, Chunking, Scalar

_ATTRIBUTES = {
    "type": "object",
    "maxProperties": MAX_ATTRIBUTES,
    "propertyNames": {"maxLength": MAX_ATTRIBUTE_NAME, "minLength": 1},
    "additionalProperties": {
        "anyOf": [
            {"type": "string", "maxLength": MAX_ATTRIBUTE_TEXT},
            {"type": "number"},
            {"type": "boolean"},
        ]
    },
}
_METADATA = {
    "type": "object",
    "maxProperties": MAX_METADATA,
    "propertyNames": {"maxLength": MAX_METADATA_NAME, "minLength": 1, "not": {"const": MARK}},
    "additionalProperties": {"type": "string", "maxLength": MAX_METADATA_TEXT},
}
_CHUNKING = [
    {"const": "auto"},
    {
        "type": "object",
        "properties": {
            "max_tokens": {"type": "integer", "minimum": MIN_TOKENS, "maximum": MAX_TOKENS},
            "overlap": {"type": "integer", "minimum": 0, "maximum": MAX_OVERLAP},
        },
        "required": ["max_tokens", "overlap"],
        "additionalProperties": False,
    },
]
_DAYS = [
    {"const": "never"},
    {"type": "string", "pattern": "^[0-9]{1,3}(d|w)$"},
]

FileAttributes = Annotated[
    dict[str, Scalar],
    PlainValidator(check_attributes),
    WithJsonSchema(_ATTRIBUTES),
]


class VectorStore(TypedDict, total=False):
    """A vector store, filled with files of this manifest."""

    __pydantic_config__ = strict("vector store", required=["files"])  # type: ignore[misc]

    name: Annotated[
        str,
        AfterValidator(check_name),
        WithJsonSchema(TEXT),
        Field(description="The store's name. Default its key."),
    ]
    description: Annotated[
        str, Field(description="What it is for. Set when the store is created, and never changed.")
    ]
    files: Annotated[
        list[str],
        Field(
            min_length=1,
            description="Which files it holds: keys of `files`, or globs on keys.",
            examples=[["handbook/*", "faq"]],
        ),
    ]
    expires_after: Annotated[
        int | None,
        PlainValidator(parse_days),
        WithJsonSchema({"anyOf": _DAYS}),
        Field(
            description="The store's life since it was last used, 1 to 365 days. Default never.",
            examples=["never", "30d"],
        ),
    ]
    chunking: Annotated[
        Chunking | None,
        PlainValidator(parse_chunking),
        WithJsonSchema({"anyOf": _CHUNKING}),
        Field(
            description="How documents are cut: tokens in a piece, and how many of them the next "
            "one repeats. Default auto.",
            examples=["auto", {"max_tokens": 800, "overlap": 400}],
        ),
    ]
    metadata: Annotated[
        dict[str, str],
        PlainValidator(check_metadata),
        WithJsonSchema(_METADATA),
        Field(description="The store's own metadata: text, at most 15.", examples=[{"team": "a"}]),
    ]
    attributes: Annotated[
        FileAttributes,
        Field(
            description="Attributes of each file in it, to filter searches by. {key}, {path}, "
            "{dir} and {name} are filled in.",
            examples=[{"source": "{path}"}],
        ),
    ]
    prune_unmanaged: Annotated[
        bool, Field(description="Detach files that filesync did not attach. Default false.")
    ]
    protect: Annotated[bool, Field(description="Never delete this store: the plan fails instead.")]
