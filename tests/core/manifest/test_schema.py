"""The JSON Schema of the manifest: it takes what `parse` takes, and turns down what it must.

There is no JSON Schema library among the dependencies; the little checker below knows the
keywords our schema uses, and fails on any other.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from filesync.core.manifest import parse, yaml_reader
from filesync.core.manifest.schema import json_schema
from filesync.core.purposes import MAX_FILE_BYTES, OUTPUT_PURPOSES, PURPOSES

SCHEMA: dict[str, Any] = json_schema()
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
_NOTES = {"title", "description", "examples", "$schema", "$id", "$defs"}


def accepts(schema: dict[str, Any], value: Any) -> bool:
    return all(_keyword(schema, name, arg, value) for name, arg in schema.items())


def _keyword(schema: dict[str, Any], name: str, arg: Any, value: Any) -> bool:
    obj = value if isinstance(value, dict) else {}
    is_number = isinstance(value, int) and not isinstance(value, bool)
    match name:
        case _ if name in _NOTES:
            return True
        case "$ref":
            return accepts(SCHEMA["$defs"][arg.removeprefix("#/$defs/")], value)
        case "type":
            return isinstance(value, _TYPES[arg]) and (
                arg == "boolean" or value not in (True, False) or is_number
            )
        case "const":
            return bool(value == arg and type(value) is type(arg))
        case "enum":
            return value in arg
        case "minimum":
            return not is_number or value >= arg
        case "maximum":
            return not is_number or value <= arg
        case "minLength":
            return not isinstance(value, str) or len(value) >= arg
        case "maxLength":
            return not isinstance(value, str) or len(value) <= arg
        case "pattern":
            return not isinstance(value, str) or re.search(arg, value) is not None
        case "items":
            return not isinstance(value, list) or all(accepts(arg, item) for item in value)
        case "anyOf":
            return any(accepts(option, value) for option in arg)
        case "oneOf":
            return sum(accepts(option, value) for option in arg) == 1
        case "required":
            return not isinstance(value, dict) or all(key in value for key in arg)
        case "dependentRequired":
            return all(need in obj for key in arg if key in obj for need in arg[key])
        case "propertyNames":
            return all(accepts(arg, key) for key in obj)
        case "properties":
            return all(accepts(arg[key], v) for key, v in obj.items() if key in arg)
        case "additionalProperties":
            extra = [v for key, v in obj.items() if key not in schema.get("properties", {})]
            return not extra if arg is False else all(accepts(arg, v) for v in extra)
    raise AssertionError(f"the checker does not know {name}")


HEAD = "version: 1\nproject: p\n"
BOTH_TAKE = [
    HEAD,
    HEAD + "files: {}",
    HEAD + "remote: {base_url: 'emulator:x', requests_per_minute: 1}",
    HEAD + "limits: {max_delete: 5}",
    HEAD + "limits: {max_delete: 30%}\nprune: {unmanaged: true, purposes: [evals], match: 'kb-*'}",
    HEAD + "defaults: {purpose: batch, exclude: [x], allow_empty: true, fingerprint: true}",
    HEAD + "files: {a: {path: x, filename: y, protect: false, in_use: delete, retain: 0}}",
    HEAD + "files: {a: {glob: '**', exclude: ['x'], allow_empty: true}, 'é b': {path: x}}",
    HEAD + "files: {a: {path: x, expires_after: 7d, renew_before: 3600}}",
    HEAD + "files: {a: {path: x, expires_after: '3600'}, b: {path: x, expires_after: never}}",
    HEAD + "files: {a: {path: x, expires_after: {anchor: created_at, seconds: 604800}}}",
    HEAD + "environments: {}",
    HEAD + "environments: {s: {project: s}}",
    HEAD + "environments: {0-s: {project: s, base_url: 'http://x', prefix: ''}}",
    HEAD + "environments: {s: {project: s, defaults: {purpose: batch, exclude: [x]}}}",
]
BOTH_REFUSE = [
    "version: 1",
    "version: 2\nproject: p",
    "version: true\nproject: p",
    "version: 1\nproject: P",
    HEAD + "fils: {}",
    HEAD + "remote: {requests_per_minute: 0}",
    HEAD + "remote: {url: x}",
    HEAD + "limits: {max_delete: 101%}",
    HEAD + "limits: {max_delete: -1}",
    HEAD + "prune: {purposes: [batch_output]}",
    HEAD + "defaults: {path: x}",
    HEAD + "files: {a: {}}",
    HEAD + "files: {a: ~}",
    HEAD + "files: {-a: {path: x}}",
    HEAD + "files: {' a': {path: x}}",
    HEAD + "files: {a: {path: x, glob: y}}",
    HEAD + "files: {a: {path: ''}}",
    HEAD + "files: {a: {path: x, exclude: [y]}}",
    HEAD + "files: {a: {path: x, allow_empty: true}}",
    HEAD + "files: {a: {glob: x, filename: y}}",
    HEAD + "files: {a: {path: x, purpos: evals}}",
    HEAD + "files: {a: {path: x, purpose: ~}}",
    HEAD + "files: {a: {path: x, in_use: kep}}",
    HEAD + "files: {a: {path: x, expires_after: 1y}}",
    HEAD + "files: {a: {path: x, expires_after: 60}}",
    HEAD + "files: {a: {path: x, expires_after: {anchor: created_at}}}",
    HEAD + "files: {a: {path: x, expires_after: {anchor: created_at, seconds: 7, x: 1}}}",
    HEAD + "files: {a: {path: x, retain: -1}}",
    HEAD + "environments: []",
    HEAD + "environments: {s: ~}",
    HEAD + "environments: {s: {prefix: x}}",
    HEAD + "environments: {s: {project: S}}",
    HEAD + "environments: {S: {project: s}}",
    HEAD + "environments: {s: {project: s, files: {}}}",
    HEAD + "environments: {s: {project: s, defaults: {filename: x}}}",
    HEAD + "prefix: x",
]
BOTH_TAKE_VARIABLES = [
    "version: ${V}\nproject: ${V}x\n",
    HEAD + "remote:\n  base_url: ${URL}\n  requests_per_minute: ${V}\n",
    HEAD + "limits:\n  max_delete: ${V}\n",
    HEAD + "prune:\n  unmanaged: ${NO}\n  match: x${V}\n  purposes:\n    - ${PURPOSE}\n",
    HEAD + "defaults:\n  purpose: ${PURPOSE}\n  protect: ${NO}\n  retain: ${V}h\n",
    HEAD + "defaults:\n  exclude:\n    - ${V}x\n  in_use: ${NONE:-keep}\n",
    HEAD + "defaults: {purpose: '${PURPOSE}', fingerprint: false}",
    HEAD + "environments:\n  s:\n    project: ${V}x\n    prefix: a-${V}\n",
    HEAD + "files:\n  a:\n    path: ${URL}\n    expires_after: ${NONE:-7d}\n    filename: $${V}\n",
    HEAD + "files:\n  a:\n    path: x\n    expires_after:\n      anchor: created_at\n"
    "      seconds: ${SECONDS}\n",
]
BOTH_REFUSE_VARIABLES = [
    HEAD + "defaults:\n  purpose: $V\n",
    HEAD + "defaults:\n  purpose: $${PURPOSE}\n",
    HEAD + "defaults:\n  purpose: ${1}\n",
    HEAD + "defaults:\n  exclude: ${V}\n",
    HEAD + "defaults: ${V}\n",
    HEAD + "files: ${V}\n",
]
VARIABLES = {"V": "1", "URL": "https://x", "NO": "no", "PURPOSE": "evals", "SECONDS": "3600"}


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *((text, True) for text in BOTH_TAKE + BOTH_TAKE_VARIABLES),
        *((text, False) for text in BOTH_REFUSE + BOTH_REFUSE_VARIABLES),
    ],
)
def test_schema_and_parse_agree(text: str, good: bool) -> None:
    """The schema sees a variable as it is written, the parser what is put in its place."""
    data, _ = yaml_reader.load(text.encode())
    _, problems = parse.parse_manifest(text.encode(), "M", variables=VARIABLES)
    assert (problems == []) is good
    assert accepts(SCHEMA, data) is good


def test_the_schema_says_what_it_is() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"].startswith("https://")
    assert SCHEMA["$id"].endswith("/manifests/filesync.schema.json")
    assert SCHEMA["title"] == "filesync manifest"
    assert SCHEMA["required"] == ["version", "project"]


def test_every_field_is_described_for_editors() -> None:
    for definition in (SCHEMA, *SCHEMA["$defs"].values()):
        assert definition["additionalProperties"] is False
        assert definition["description"]
        for name, field in definition["properties"].items():
            assert "$ref" in field or field["description"], name


def test_purposes_table() -> None:
    assert [name for name, rule in PURPOSES.items() if not rule.may_never_expire] == ["batch"]
    assert PURPOSES["batch"] == (200 * 2**20, 30 * 86400, False)
    assert PURPOSES["vision"].max_bytes == 20 * 2**20
    assert MAX_FILE_BYTES == 8 * 2**30
    assert not OUTPUT_PURPOSES & PURPOSES.keys()
