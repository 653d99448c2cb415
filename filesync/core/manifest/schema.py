"""The manifest's shape: which fields there are, what each takes, and their JSON Schema.

The shapes are typed dicts that pydantic checks: a field nobody wrote is absent, so that `null`
is never taken for "not given". No field is required here; what must be there, and what fields
mean to each other, is checked in `manifest`, which can then report all of it at once.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import AfterValidator, Field, PlainValidator, TypeAdapter, WithJsonSchema

# pydantic refuses typing.TypedDict before Python 3.12.
from typing_extensions import TypedDict

from filesync.core.durations import TEXT_PATTERN, parse_duration
from filesync.core.env_names import ENV_PATTERN
from filesync.core.manifest.fields import (
    KEY_LENGTH,
    PERCENT_PATTERN,
    PROJECT_PATTERN,
    VERSION,
    check_filename,
    check_glob,
    check_lockfile,
    check_name_glob,
    check_path,
    check_prefix,
    check_project,
    check_purpose,
    check_state,
    check_version,
    one_of,
    parse_base_url,
    parse_expires_after,
    parse_max_delete,
)
from filesync.core.manifest.schema_parts import TEXT, strict
from filesync.core.manifest.schema_stores import FileAttributes, VectorStore
from filesync.core.manifest.variables import USES_ONE
from filesync.core.model import InUse, MaxDelete
from filesync.core.purposes import MAX_EXPIRES_AFTER, MIN_EXPIRES_AFTER
from filesync.core.servers import KNOWN_PURPOSES, SERVER_TYPES

SCHEMA_ID = "https://raw.githubusercontent.com/OWNER/filesync/main/manifests/filesync.schema.json"
"""What the schema is called, and where it is once the repository has an address."""

_BOUNDS = {"minimum": MIN_EXPIRES_AFTER, "maximum": MAX_EXPIRES_AFTER}
_DURATION = [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": TEXT_PATTERN}]
_ANCHORED = {
    "type": "object",
    "properties": {"anchor": {"const": "created_at"}, "seconds": {"type": "integer", **_BOUNDS}},
    "required": ["anchor", "seconds"],
    "additionalProperties": False,
}
_EXPIRY = [{"const": "never"}, {"type": "integer", **_BOUNDS}, _DURATION[1], _ANCHORED]
_COUNT_OR_SHARE = [
    {"type": "integer", "minimum": 0},
    {"type": "string", "pattern": f"^{PERCENT_PATTERN}$"},
]
_ONE_PATH = {
    "oneOf": [{"required": ["path"]}, {"required": ["glob"]}],
    "dependentRequired": {"filename": ["path"], "exclude": ["glob"], "allow_empty": ["glob"]},
}

Path = Annotated[str, AfterValidator(check_path), WithJsonSchema(TEXT)]
Glob = Annotated[str, AfterValidator(check_glob), WithJsonSchema(TEXT)]
Duration = Annotated[int, PlainValidator(parse_duration), WithJsonSchema({"anyOf": _DURATION})]
Purpose = Annotated[
    str, PlainValidator(check_purpose), WithJsonSchema({"enum": list(KNOWN_PURPOSES)})
]
Type = Annotated[
    str, PlainValidator(one_of(SERVER_TYPES)), WithJsonSchema({"enum": list(SERVER_TYPES)})
]
Project = Annotated[
    str,
    AfterValidator(check_project),
    WithJsonSchema({"type": "string", "pattern": f"^{PROJECT_PATTERN}$"}),
]


class Remote(TypedDict, total=False):
    """The server that the files are on."""

    __pydantic_config__ = strict("remote")  # type: ignore[misc]

    base_url: Annotated[
        str,
        AfterValidator(parse_base_url),
        Field(
            description="Where the API is; emulator:DIR is the built-in one, its data in DIR.",
            examples=["https://api.openai.com/v1", "emulator:.emulator"],
        ),
    ]
    type: Annotated[
        Type,
        Field(
            description="What kind of server it is. Default azure or openai by its host, otherwise "
            "compatible."
        ),
    ]
    requests_per_minute: Annotated[
        int, Field(ge=1, description="The most requests sent in a minute. Default 1000.")
    ]


class Limits(TypedDict, total=False):
    """How much one apply may do before it refuses."""

    __pydantic_config__ = strict("limits")  # type: ignore[misc]

    max_delete: Annotated[
        MaxDelete,
        PlainValidator(parse_max_delete),
        WithJsonSchema({"anyOf": _COUNT_OR_SHARE}),
        Field(description="The most deletes: a count, or a share of our files. Default 30%."),
    ]


class Prune(TypedDict, total=False):
    """Deletes remote files that nobody declared. The first three fields go together."""

    __pydantic_config__ = strict("prune")  # type: ignore[misc]

    unmanaged: Annotated[bool, Field(description="true turns pruning on.")]
    purposes: Annotated[list[Purpose], Field(description="Only files of these purposes.")]
    match: Annotated[
        str,
        AfterValidator(check_name_glob),
        WithJsonSchema(TEXT),
        Field(description="Only files whose remote filename matches this glob.", examples=["kb-*"]),
    ]
    orphans: Annotated[
        bool,
        Field(
            description="Delete files with this project's tag in their name that neither manifest "
            "nor lockfile names. Default false: they are only reported."
        ),
    ]
    orphans_after: Annotated[
        Duration,
        Field(
            description="Leave younger orphans alone: a colleague's apply may not have pushed its "
            "lockfile yet. Default 1d.",
            examples=["1d"],
        ),
    ]


class Defaults(TypedDict, total=False):
    """What holds for every file whose own entry does not say otherwise."""

    __pydantic_config__ = strict("defaults")  # type: ignore[misc]

    purpose: Annotated[Purpose, Field(description="What the file is for. Default user_data.")]
    expires_after: Annotated[
        int | None,
        PlainValidator(parse_expires_after),
        WithJsonSchema({"anyOf": _EXPIRY}),
        Field(
            description="The remote file's life, 1 hour to 30 days, or never. "
            "Default never; batch files always expire, by default after 30d.",
            examples=["never", "14d", "12h", 3600],
        ),
    ]
    renew_before: Annotated[
        Duration,
        Field(
            description="Upload again when less than this is left. Default 10% of expires_after.",
            examples=["2d"],
        ),
    ]
    protect: Annotated[
        bool, Field(description="Never delete or replace this file: the plan fails instead.")
    ]
    retain: Annotated[
        Duration,
        Field(
            description="Keep a replaced remote file this long before deleting it. Default 0.",
            examples=["7d"],
        ),
    ]
    in_use: Annotated[
        InUse,
        PlainValidator(one_of(get_args(InUse))),
        WithJsonSchema({"enum": list(get_args(InUse))}),
        Field(
            description="What to do with a replaced or removed file that a job, batch or "
            "vector store still uses. Default keep."
        ),
    ]
    fingerprint: Annotated[
        bool,
        Field(
            description="Put owner and content hash into the remote filename, so that a lost "
            "lockfile can be rebuilt from the remote listing."
        ),
    ]
    validate: Annotated[bool, Field(description="false: do not check the content. Default true.")]
    # Not strict, so that a list becomes a tuple: all entries share the one in the defaults.
    exclude: Annotated[
        tuple[Glob, ...],
        Field(strict=False, description="For globs: leave out what matches one of these globs."),
    ]
    allow_empty: Annotated[
        bool, Field(description="For globs: matching no file is fine, not an error.")
    ]
    attributes: Annotated[
        FileAttributes,
        Field(
            description="Attributes of the file in vector stores, over the store's own.",
            examples=[{"audience": "all"}],
        ),
    ]


class File(Defaults, total=False):
    """One file (path), or every file that a glob matches."""

    __pydantic_config__ = strict("file", **_ONE_PATH)  # type: ignore[misc]

    path: Annotated[
        Path,
        Field(
            description="The file, relative to the manifest's folder, or its URL: s3://, gs://, "
            "az://, file:// or https://.",
            examples=["data/train.jsonl", "s3://bucket/train.jsonl"],
        ),
    ]
    glob: Annotated[
        Glob,
        Field(
            description="One remote file for each match, relative to the manifest's folder or by "
            "URL: s3://, gs://, az:// or file://.",
            examples=["docs/**/*.md", "s3://bucket/docs/**/*.md"],
        ),
    ]
    filename: Annotated[
        str,
        AfterValidator(check_filename),
        WithJsonSchema(TEXT),
        Field(description="The remote filename. Default the path's last part."),
    ]


class Environment(TypedDict, total=False):
    """One more target of the same files, chosen with --env; what it says goes first."""

    __pydantic_config__ = strict("environment", required=["project"])  # type: ignore[misc]

    project: Annotated[
        Project,
        Field(
            description="Who owns these files; no other target of this manifest has it.",
            examples=["support-bot-staging"],
        ),
    ]
    base_url: Annotated[
        str,
        AfterValidator(parse_base_url),
        Field(description="Where the API is, instead of remote.base_url."),
    ]
    type: Annotated[
        Type,
        Field(description="What kind of server it is, instead of remote.type."),
    ]
    prefix: Annotated[
        str,
        AfterValidator(check_prefix),
        Field(description="Put before every remote filename.", examples=["staging-"]),
    ]
    defaults: Annotated[Defaults, Field(description="Go before the manifest's own defaults.")]


class Shape(TypedDict, total=False):
    """The files that a project keeps on an OpenAI-compatible server."""

    __pydantic_config__ = strict("filesync manifest", required=["version", "project"])  # type: ignore[misc]

    version: Annotated[
        int,
        PlainValidator(check_version),
        WithJsonSchema({"const": VERSION}),
        Field(description="The version of the manifest's format."),
    ]
    project: Annotated[
        Project, Field(description="Who owns these files.", examples=["support-bot"])
    ]
    remote: Remote
    state: Annotated[
        str,
        AfterValidator(check_state),
        WithJsonSchema({"type": "string", "pattern": "^(s3|gs|az)://."}),
        Field(
            description="A folder in a bucket that holds journal and apply lease, for runners "
            "without a disk that lasts. Default: .filesync beside the manifest.",
            examples=["s3://bucket/filesync"],
        ),
    ]
    lockfile: Annotated[
        str,
        AfterValidator(check_lockfile),
        WithJsonSchema({"type": "string", "pattern": "^(s3|gs|az)://.+/.*[^/]\\.lock$"}),
        Field(
            description="The lockfile as an object in a bucket, for those who do not commit it. An "
            "environment's name goes before its .lock. Default: beside the manifest.",
            examples=["s3://bucket/filesync.lock"],
        ),
    ]
    defaults: Defaults
    limits: Limits
    prune: Prune
    environments: Annotated[
        dict[str, Environment],
        Field(
            description="More targets of the same files, each with a lockfile of its own.",
            json_schema_extra={"propertyNames": {"pattern": f"^{ENV_PATTERN}$"}},
        ),
    ]
    files: Annotated[
        dict[str, File],
        Field(
            description="The files. The key is how the lockfile and `filesync id` name one.",
            json_schema_extra={
                "propertyNames": {"maxLength": KEY_LENGTH, "pattern": r"^[^\s-](.*\S)?$"}
            },
        ),
    ]
    vector_stores: Annotated[
        dict[str, VectorStore],
        Field(
            description="Vector stores to fill. The key is how the lockfile and "
            "`filesync id --store` name one.",
            json_schema_extra={
                "propertyNames": {"maxLength": KEY_LENGTH, "pattern": r"^[^\s-](.*\S)?$"}
            },
        ),
    ]


SHAPE = TypeAdapter(Shape)
"""Checks plain data against the manifest's shape; building it is slow, so it is built once."""

SECTIONS: dict[str, frozenset[str]] = {
    "": Shape.__optional_keys__,
    "remote": Remote.__optional_keys__,
    "defaults": Defaults.__optional_keys__,
    "limits": Limits.__optional_keys__,
    "prune": Prune.__optional_keys__,
    "environments": Environment.__optional_keys__,
    "files": File.__optional_keys__,
    "vector_stores": VectorStore.__optional_keys__,
}
"""The fields that each section takes: "" the top level, "files" and "environments" each entry."""


_USES_VARIABLE = {"type": "string", "pattern": USES_ONE}
_NOTES = ("title", "description", "examples")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the manifest, for editors and other tools."""
    schema = SHAPE.json_schema()
    definitions = {name: _open(one) for name, one in schema["$defs"].items()}
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "$id": SCHEMA_ID, **_open(schema), "$defs": definitions}


def _open(mapping: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping's schema whose fields may hold variables: no editor knows their values."""
    fields = {name: _or_variable(field) for name, field in mapping["properties"].items()}
    return {**mapping, "properties": fields}


def _or_variable(field: dict[str, Any]) -> dict[str, Any]:
    kind = field.get("type")
    if kind == "array":
        return {**field, "items": _or_variable(field["items"])}
    if "$ref" in field or kind == "object" or (kind == "string" and "pattern" not in field):
        return field  # a mapping, or any text at all
    notes = {name: field[name] for name in _NOTES if name in field}
    checks = {name: rule for name, rule in field.items() if name not in _NOTES}
    options = [_open(one) if "properties" in one else one for one in checks.get("anyOf", [checks])]
    return {**notes, "anyOf": [*options, _USES_VARIABLE]}
