"""Manifest text -> Manifest: the contract's example, and each mistake with its line and column."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.manifest import parse
from filesync.core.model import Entry, Manifest, MaxDelete, Policy, Position, Prune
from filesync.errors import ManifestError, Problem

EXAMPLE = """\
version: 1
project: support-bot              # who owns these files
remote:
  base_url: https://api.openai.com/v1
  requests_per_minute: 1000
defaults:
  purpose: user_data
  expires_after: never
limits:
  max_delete: 30%
prune:
  unmanaged: true
  purposes: [user_data]
  match: "kb-*"
files:
  train:
    path: data/train.jsonl
    purpose: fine-tune
    expires_after: 14d
    renew_before: 2d
    filename: train.jsonl
    protect: true
    retain: 7d
    in_use: keep
    fingerprint: true
  handbook:
    glob: docs/**/*.md
    exclude: ["docs/drafts/**"]
    purpose: assistants
    allow_empty: false
"""

BUILT_IN = Policy(
    purpose="user_data",
    expires_after=None,
    renew_before=0,
    protect=False,
    retain=0,
    in_use="keep",
    fingerprint=False,
)
HEAD = "version: 1\nproject: p\n"


def good(text: str) -> Manifest:
    parsed, problems = parse.parse_manifest(text.encode(), "filesync.yaml")
    assert problems == []
    return parsed


def policy(fields: str, defaults: str = "") -> Policy:
    """Return the policy of an entry, its fields and the defaults given in {flow: style}."""
    text = f"{HEAD}defaults: {{{defaults}}}\nfiles:\n  a: {{path: x, {fields}}}\n"
    return good(text).entries[0].policy


def found(text: str) -> list[str]:
    """Return the problems as the user sees them, without the path in front."""
    _, problems = parse.parse_manifest(text.encode(), "M")
    return [line.removeprefix("M:") for line in str(ManifestError("M", problems)).splitlines()]


def test_the_contracts_example_in_full() -> None:
    parsed = good(EXAMPLE)
    assert parsed == Manifest(
        path="filesync.yaml",
        sha256=hashlib.sha256(EXAMPLE.encode()).hexdigest(),
        project="support-bot",
        base_url="https://api.openai.com/v1",
        requests_per_minute=1000,
        max_delete=MaxDelete(30, percent=True),
        prune=Prune(("user_data",), "kb-*"),
        entries=(
            Entry(
                key="train",
                path="data/train.jsonl",
                glob=None,
                exclude=(),
                allow_empty=False,
                filename="train.jsonl",
                policy=Policy(
                    purpose="fine-tune",
                    expires_after=14 * 86400,
                    renew_before=2 * 86400,
                    protect=True,
                    retain=7 * 86400,
                    in_use="keep",
                    fingerprint=True,
                ),
                positions={
                    "": Position(16, 3),
                    "path": Position(17, 11),
                    "purpose": Position(18, 14),
                    "expires_after": Position(19, 20),
                    "renew_before": Position(20, 19),
                    "filename": Position(21, 15),
                    "protect": Position(22, 14),
                    "retain": Position(23, 13),
                    "in_use": Position(24, 13),
                    "fingerprint": Position(25, 18),
                },
            ),
            Entry(
                key="handbook",
                path=None,
                glob="docs/**/*.md",
                exclude=("docs/drafts/**",),
                allow_empty=False,
                filename=None,
                policy=BUILT_IN._replace(purpose="assistants"),
                positions={
                    "": Position(26, 3),
                    "glob": Position(27, 11),
                    "exclude": Position(28, 14),
                    "purpose": Position(29, 14),
                    "allow_empty": Position(30, 18),
                },
            ),
        ),
        removed=BUILT_IN,
        warnings=(),
    )


@pytest.mark.parametrize("files", ["", "files: {}\n"])
def test_the_least_manifest(files: str) -> None:
    assert good(HEAD + files) == Manifest(
        path="filesync.yaml",
        sha256=hashlib.sha256((HEAD + files).encode()).hexdigest(),
        project="p",
        base_url=None,
        requests_per_minute=1000,
        max_delete=MaxDelete(30, percent=True),
        prune=None,
        entries=(),
        removed=BUILT_IN,
        warnings=(),
    )


@pytest.mark.parametrize(
    ("fields", "defaults", "expected"),
    [
        ("", "", BUILT_IN),
        ("", "protect: yes", BUILT_IN._replace(protect=True)),
        ("protect: no", "protect: yes", BUILT_IN),
        ("in_use: delete, retain: 1w", "", BUILT_IN._replace(in_use="delete", retain=604800)),
        ("expires_after: 3600", "", BUILT_IN._replace(expires_after=3600, renew_before=360)),
        ("expires_after: '3601'", "", BUILT_IN._replace(expires_after=3601, renew_before=360)),
        (
            "expires_after: {anchor: created_at, seconds: 604800}",
            "",
            BUILT_IN._replace(expires_after=604800, renew_before=60480),
        ),
        (
            "expires_after: 30d, renew_before: 0",
            "",
            BUILT_IN._replace(expires_after=2592000, renew_before=0),
        ),
        ("expires_after: never", "expires_after: 7d", BUILT_IN),
        ("expires_after: never", "expires_after: 7d, renew_before: 1d", BUILT_IN),
        ("", "renew_before: 1d", BUILT_IN),
        # Batch files always expire: never, where it is only inherited, means the files that can.
        (
            "purpose: batch",
            "",
            BUILT_IN._replace(purpose="batch", expires_after=2592000, renew_before=259200),
        ),
        (
            "purpose: batch",
            "expires_after: never",
            BUILT_IN._replace(purpose="batch", expires_after=2592000, renew_before=259200),
        ),
        (
            "purpose: batch",
            "expires_after: 7d, renew_before: 1d",
            BUILT_IN._replace(purpose="batch", expires_after=604800, renew_before=86400),
        ),
    ],
)
def test_policy_is_the_entry_then_defaults_then_built_in(
    fields: str, defaults: str, expected: Policy
) -> None:
    assert policy(fields, defaults) == expected


def test_removed_files_follow_the_defaults() -> None:
    parsed = good(HEAD + "defaults: {purpose: batch, in_use: delete, retain: 1h, protect: true}\n")
    assert parsed.removed == Policy("batch", 2592000, 259200, True, 3600, "delete", False)


def test_exclude_and_allow_empty_in_defaults_are_for_globs() -> None:
    parsed = good(
        HEAD + "defaults: {exclude: [a, b], allow_empty: true}\n"
        "files:\n  f: {path: x}\n  g: {glob: '*'}\n  h: {glob: '*', exclude: []}\n"
    )
    assert [(e.exclude, e.allow_empty) for e in parsed.entries] == [
        ((), False),
        (("a", "b"), True),
        ((), True),
    ]


def test_entries_share_the_list_in_the_defaults() -> None:
    parsed = good(HEAD + "defaults: {exclude: [a]}\nfiles: {g: {glob: x}, h: {glob: y}}\n")
    assert parsed.entries[0].exclude is parsed.entries[1].exclude


def test_merge_keys_and_aliases_share_fields() -> None:
    parsed = good(
        HEAD + "files:\n  a: &a\n    path: x\n    retain: 1h\n"
        "  b:\n    <<: *a\n    path: y\n  c: *a\n"
    )
    assert [(e.key, e.path, e.policy.retain) for e in parsed.entries] == [
        ("a", "x", 3600),
        ("b", "y", 3600),
        ("c", "x", 3600),
    ]
    assert parsed.entries[1].at("retain") == (6, 13)
    assert parsed.entries[1].at("path") == (9, 11)
    assert parsed.entries[1].at("purpose") == (7, 3)


@pytest.mark.parametrize(
    ("section", "prune", "warnings"),
    [
        ("{unmanaged: false, purposes: [evals], match: x}", None, []),
        ("{unmanaged: true, purposes: [evals], match: x}", Prune(("evals",), "x"), []),
        ("{unmanaged: true, match: x}", None, ["prune is off: it also needs purposes"]),
        (
            "{unmanaged: true, purposes: [], match: x}",
            None,
            ["prune is off: it also needs purposes"],
        ),
        ("{unmanaged: true}", None, ["prune is off: it also needs purposes and match"]),
        (
            "{purposes: [evals], match: x}",
            None,
            ["prune is off: it also needs unmanaged: true"],
        ),
    ],
)
def test_prune_is_off_unless_all_three_are_given(
    section: str, prune: Prune | None, warnings: list[str]
) -> None:
    parsed = good(f"{HEAD}prune: {section}\n")
    assert (parsed.prune, list(parsed.warnings)) == (prune, warnings)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("emulator:.emulator", "emulator:.emulator"),
        ("emulator:my data", "emulator:my data"),
    ],
)
def test_base_urls(written: str, url: str) -> None:
    assert good(f"{HEAD}remote: {{base_url: '{written}'}}\n").base_url == url


@pytest.mark.parametrize(
    ("written", "expected"),
    [("0", (0, False)), ("20", (20, False)), ("0%", (0, True)), ("100%", (100, True))],
)
def test_max_delete(written: str, expected: tuple[int, bool]) -> None:
    assert good(f"{HEAD}limits: {{max_delete: {written}}}\n").max_delete == MaxDelete(*expected)


PURPOSES = "assistants, batch, fine-tune, vision, user_data, evals"
EMPTY = "is empty: give a value or remove the line"
DURATION = "must be a duration: seconds such as 3600, or text such as 90m, 12h or 7d"
MAPPING = "must be a mapping: lines of 'field: value' below it, or {}"
VERSION = "must be 1, the only version this filesync reads"
LIST = "must not be a list: give each entry a key, such as 'KEY: {path: FILE}'"
PROJECT = "must be 1 to 63 of a-z, 0-9 and '-', and not begin with '-'"
QUOTES = "must be text: write it in quotes"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "{}",
            [
                "1:1: project: is missing: every manifest has it",
                "1:1: version: is missing: every manifest has it",
            ],
        ),
        ("version: 2\nproject: p", [f"1:10: version: {VERSION}"]),
        (
            "version: '1'\nproject: p",
            ["1:10: version: must be the number 1: write it without quotes"],
        ),
        ("version: '2'\nproject: p", [f"1:10: version: {VERSION}"]),
        ("version: yes\nproject: p", [f"1:10: version: {VERSION}"]),
        ("version: 1.0\nproject: p", [f"1:10: version: {VERSION}"]),
        ("version:\nproject:", [f"1:9: version: {EMPTY}", f"2:9: project: {EMPTY}"]),
        ("version: 1\nproject: 123", [f"2:10: project: {QUOTES}"]),
        ("version: 1\nproject: no", [f"2:10: project: {QUOTES}"]),
        ("version: 1\nproject: Ab", [f"2:10: project: {PROJECT}"]),
        ("version: 1\nproject: -a", [f"2:10: project: {PROJECT}"]),
        ("version: 1\nproject: " + "a" * 64, [f"2:10: project: {PROJECT}"]),
        ('version: 1\nproject: "a\\n"', [f"2:10: project: {PROJECT}"]),
        (HEAD + "files:", [f"3:7: files: {EMPTY}"]),
        (HEAD + "files: []", [f"3:8: files: {LIST}"]),
        (HEAD + "files:\n  - path: a.txt", [f"4:3: files: {LIST}"]),
        (HEAD + "files: {a: a.txt}", ["3:12: files.a: must be a mapping: write {path: 'a.txt'}"]),
        (HEAD + "files: {a: '*.md'}", ["3:12: files.a: must be a mapping: write {glob: '*.md'}"]),
        (HEAD + "defaults: x", [f"3:11: defaults: {MAPPING}"]),
        (HEAD + "fils: {}", ["3:1: fils: unknown key; did you mean 'files'?"]),
        (
            HEAD + "xyz: {}",
            [
                "3:1: xyz: unknown key; allowed are defaults, environments, files, limits, "
                "lockfile, project, prune, remote, state, vector_stores, version"
            ],
        ),
        (HEAD + "on: 1\n123: 2", ["3:1: on: ", "4:1: 123: "]),
        (
            HEAD + "remote: {baseurl: x}",
            ["3:10: remote.baseurl: unknown key; did you mean 'base_url'?"],
        ),
        (
            HEAD + "remote: {requests_per_minute: 0}",
            ["3:31: remote.requests_per_minute: must be 1 or more"],
        ),
        (
            HEAD + "remote: {requests_per_minute: 1.5}",
            ["3:31: remote.requests_per_minute: must be a whole number"],
        ),
        (
            HEAD + "remote: {requests_per_minute: true}",
            ["3:31: remote.requests_per_minute: must be a whole number"],
        ),
        (
            HEAD + "limits: {max_delete: 101%}",
            [
                "3:22: limits.max_delete: must be a count such as 20, or a share of our files, "
                "0% to 100%"
            ],
        ),
        (HEAD + "limits: {max_delete: -1}", ["3:22: limits.max_delete: must be a count"]),
        (HEAD + "limits: {max_delete: yes}", ["3:22: limits.max_delete: must be a count"]),
        (
            HEAD + "prune: {unmanaged: 1, purposes: x, match: ''}",
            [
                "3:20: prune.unmanaged: must be true or false",
                "3:33: prune.purposes: must be a list, such as [one, two]",
                "3:43: prune.match: is empty: give a glob such as 'kb-*'",
            ],
        ),
        (
            HEAD + "prune: {purposes: [batch_output, file, ~]}",
            [
                "3:20: prune.purposes[0]: batch_output files are made by the API and never "
                "filesync's to touch",
                f"3:34: prune.purposes[1]: must be one of {PURPOSES}",
                f"3:40: prune.purposes[2]: {EMPTY}",
            ],
        ),
        (
            HEAD + "defaults: {path: x, filename: y}",
            [
                "3:12: defaults.path: cannot have a default: it belongs to one file",
                "3:21: defaults.filename: cannot have a default: it belongs to one file",
            ],
        ),
        (
            HEAD + "defaults: {purpose: batch, expires_after: never}\nfiles: {a: {path: x}}",
            [
                "3:43: defaults.expires_after: batch files always expire: give 1h to 30d, or "
                "remove it for 30d"
            ],
        ),
        (
            HEAD + "defaults: {expires_after: 1d, renew_before: 1d}\nfiles: {a: {path: x}}",
            [
                "3:45: defaults.renew_before: renew_before (1d) must be less than expires_after "
                "(1d), or every run uploads again"
            ],
        ),
    ],
)
def test_problems_of_the_top_level(text: str, problems: list[str]) -> None:
    got = found(text)
    assert len(got) == len(problems), got
    for line, expected in zip(got, problems, strict=True):
        assert line.startswith(expected)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("api.openai.com", "must be http://HOST..., https://HOST... or emulator:DIR"),
        ("ftp://x", "must be http://HOST..., https://HOST... or emulator:DIR"),
        ("https://", "must be http://HOST..., https://HOST... or emulator:DIR"),
        ("https:///v1", "must be http://HOST..., https://HOST... or emulator:DIR"),
        ("https://u:p@x", "must not hold a user or password: it is written to the lockfile"),
        ("https://x?a=1", "must not have a '?' or '#' part"),
        ("https://x#a", "must not have a '?' or '#' part"),
        ("https://x?", "must not have a '?' or '#' part"),
        ("https://x y", "must not have spaces or control characters in it"),
        ("https://x\\n", "must not have spaces or control characters in it"),
        ("https://u:pa/ss@x", "must not hold a user or password"),
        ("https://[x", "is not a URL: see its host and port"),
        ("https://x:99999", "is not a URL: see its host and port"),
        ("emulator:", "names no folder: write emulator:DIR"),
    ],
)
def test_bad_base_urls(url: str, message: str) -> None:
    (line,) = found(f'{HEAD}remote: {{base_url: "{url}"}}')
    assert line.startswith(f"3:20: remote.base_url: {message}")


@pytest.mark.parametrize(
    ("entry", "problems"),
    [
        ("", [f"4:5: files.a: {EMPTY}"]),
        ("x.txt", ["4:6: files.a: must be a mapping: write {path: 'x.txt'}"]),
        ("3", [f"4:6: files.a: {MAPPING}"]),
        ("{}", ["4:3: files.a: needs a path or a glob"]),
        ("{path: x, glob: y}", ["4:22: files.a.glob: use either path or glob, not both"]),
        (
            "{path: x, exclude: [y], allow_empty: true}",
            [
                "4:25: files.a.exclude: goes only with glob",
                "4:43: files.a.allow_empty: goes only with glob",
            ],
        ),
        (
            "{glob: x, filename: y}",
            [
                "4:26: files.a.filename: goes only with path: all files of a glob would have "
                "the same name"
            ],
        ),
        ("{path: ''}", ["4:13: files.a.path: is empty: give a path below the manifest's folder"]),
        ("{path: 12}", [f"4:13: files.a.path: {QUOTES}"]),
        ("{path: [x]}", ["4:13: files.a.path: must be text"]),
        ('{path: "a\\0b"}', ["4:13: files.a.path: must not have a NUL character in it"]),
        ("{glob: x, exclude: y}", ["4:25: files.a.exclude: must be a list, such as [one, two]"]),
        ("{glob: x, exclude: {y: 1}}", ["4:25: files.a.exclude: must be a list"]),
        ("{glob: x, exclude: ~}", [f"4:25: files.a.exclude: {EMPTY}"]),
        (
            "{glob: x, exclude: [y, 1, '']}",
            [
                f"4:29: files.a.exclude[1]: {QUOTES}",
                "4:32: files.a.exclude[2]: is empty: give a path below the manifest's folder",
            ],
        ),
        (
            "{path: x, filename: '. .'}",
            ["4:26: files.a.filename: must have something other than dots and spaces in it"],
        ),
        (
            '{path: x, filename: "a\\tb"}',
            ["4:26: files.a.filename: must not have control characters in it"],
        ),
        (
            "{path: x, purpos: evals}",
            ["4:16: files.a.purpos: unknown key; did you mean 'purpose'?"],
        ),
        (
            "{path: x, purpose: fine_tune}",
            [f"4:25: files.a.purpose: must be one of {PURPOSES}; did you mean 'fine-tune'?"],
        ),
        ("{path: x, purpose: }", [f"4:25: files.a.purpose: {EMPTY}"]),
        ("{path: x, purpose: 5}", [f"4:25: files.a.purpose: must be one of {PURPOSES}"]),
        (
            "{path: x, in_use: kep}",
            ["4:24: files.a.in_use: must be one of keep, delete; did you mean 'keep'?"],
        ),
        ("{path: x, protect: maybe}", ["4:25: files.a.protect: must be true or false"]),
        ("{path: x, retain: never}", [f"4:24: files.a.retain: {DURATION}"]),
        ("{path: x, retain: -1}", ["4:24: files.a.retain: must not be negative"]),
        ("{path: x, expires_after: 1y}", [f"4:31: files.a.expires_after: {DURATION}, or never"]),
        ("{path: x, expires_after: no}", [f"4:31: files.a.expires_after: {DURATION}, or never"]),
        ("{path: x, expires_after: 1.5}", [f"4:31: files.a.expires_after: {DURATION}, or never"]),
        ("{path: x, expires_after: 59m}", ["4:31: files.a.expires_after: must be 1h to 30d"]),
        ("{path: x, expires_after: 31d}", ["4:31: files.a.expires_after: must be 1h to 30d"]),
        (
            "{path: x, expires_after: {anchor: created_at}}",
            [
                "4:31: files.a.expires_after: must be {anchor: created_at, seconds: N}, with "
                "nothing else in it"
            ],
        ),
        (
            "{path: x, expires_after: {anchor: created_at, seconds: 60}}",
            ["4:31: files.a.expires_after: must be 1h to 30d"],
        ),
        (
            "{path: x, purpose: batch, expires_after: never}",
            [
                "4:47: files.a.expires_after: batch files always expire: give 1h to 30d, or "
                "remove it for 30d"
            ],
        ),
        (
            "{path: x, renew_before: 1h}",
            ["4:30: files.a.renew_before: nothing to renew: this file never expires"],
        ),
        (
            "{path: x, expires_after: 1h, renew_before: 90m}",
            [
                "4:49: files.a.renew_before: renew_before (90m) must be less than expires_after "
                "(1h), or every run uploads again"
            ],
        ),
        (
            "{path: x, purpose: batch, renew_before: 30d}",
            ["4:46: files.a.renew_before: renew_before (30d) must be less than"],
        ),
        # Several at once, each told, and none told only because of another.
        (
            "{pth: x, expires_after: 1x, renew_before: 2d, retain: z}",
            [
                "4:3: files.a: needs a path or a glob",
                "4:7: files.a.pth: unknown key; did you mean 'path'?",
                f"4:30: files.a.expires_after: {DURATION}, or never",
                f"4:60: files.a.retain: {DURATION}",
            ],
        ),
        (
            "{path: x, glob: y, expires_afte: 7d, renew_before: 2d}",
            [
                "4:22: files.a.glob: use either path or glob, not both",
                "4:25: files.a.expires_afte: unknown key; did you mean 'expires_after'?",
            ],
        ),
    ],
)
def test_problems_of_an_entry(entry: str, problems: list[str]) -> None:
    got = found(f"{HEAD}files:\n  a: {entry}\n")
    assert len(got) == len(problems), got
    for line, expected in zip(got, problems, strict=True):
        assert line.startswith(expected)


@pytest.mark.parametrize(
    ("defaults", "entry", "problem"),
    [
        ("renew_before: 7d", "expires_after: 1d", "5:31: files.a.expires_after: renew_before (7d)"),
        ("renew_before: 40d", "purpose: batch", "5:25: files.a.purpose: renew_before (40d)"),
        ("purpose: batch", "expires_after: never", "5:31: files.a.expires_after: batch files"),
        ("expires_after: 1d", "renew_before: 2d", "5:30: files.a.renew_before: renew_before (2d)"),
        (
            "expires_after: 7d",
            "expires_after: never, renew_before: 2d",
            "5:52: files.a.renew_before",
        ),
    ],
)
def test_problems_between_an_entry_and_the_defaults(
    defaults: str, entry: str, problem: str
) -> None:
    (line,) = found(f"{HEAD}defaults: {{{defaults}}}\nfiles:\n  a: {{path: x, {entry}}}\n")
    assert line.startswith(problem)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("''", "the key is empty: give the file a name"),
        ("'  '", "the key is empty: give the file a name"),
        ("' a'", "the key must not begin or end with a space"),
        ("-a", "the key must not begin with '-': commands would take it for an option"),
        ('"a\\x1bb"', "the key must not have control characters in it"),
        ("b" * 201, "the key must not be longer than 200 characters"),
    ],
)
def test_bad_keys(key: str, message: str) -> None:
    parsed, problems = parse.parse_manifest(f"{HEAD}files:\n  {key}: {{path: x}}\n".encode(), "M")
    assert [(p.line, p.col, p.message) for p in problems] == [(4, 3, message)]
    assert "\x1b" not in problems[0].where
    assert parsed.entries == ()


@pytest.mark.parametrize("key", ["a.b", "a/b", "é", "on", "123", "b" * 200])
def test_good_keys(key: str) -> None:
    assert good(f"{HEAD}files:\n  {key}: {{path: x}}\n").entries[0].key == key


def test_one_bad_part_hides_no_other_and_drops_no_good_entry() -> None:
    text = """\
version: 3
project: P
remote: {base_url: x, requests_per_minute: 0}
files:
  good: {path: x}
  bad: {path: y, protect: 1}
  good: {path: z}
  worse:
"""
    parsed, problems = parse.parse_manifest(text.encode(), "M")
    assert [e.key for e in parsed.entries] == ["good"]
    assert parsed.entries[0].path == "x"
    assert (parsed.project, parsed.base_url) == ("", None)
    assert sorted(problems) == [
        Problem(1, 10, "version", VERSION),
        Problem(2, 10, "project", PROJECT),
        Problem(
            3,
            20,
            "remote.base_url",
            "must be http://HOST..., https://HOST... or emulator:DIR",
        ),
        Problem(3, 44, "remote.requests_per_minute", "must be 1 or more"),
        Problem(6, 27, "files.bad.protect", "must be true or false"),
        Problem(7, 3, "files.good", "declared twice, first at line 5"),
        Problem(8, 9, "files.worse", EMPTY),
    ]


def test_a_fault_in_a_shared_mapping_is_only_one_where_it_is_wrong() -> None:
    text = HEAD + "defaults: &d {retain: 1h, path: x}\nfiles: {a: *d}\n"
    assert found(text) == ["3:27: defaults.path: cannot have a default: it belongs to one file"]


def test_text_that_is_no_yaml_raises_at_once() -> None:
    with pytest.raises(ManifestError) as caught:
        parse.parse_manifest(b"version: 1\nfiles: {", "prod/filesync.yaml")
    assert str(caught.value).startswith("prod/filesync.yaml:")
    assert caught.value.exit_code == 1


def never_raises_anything_else(text: bytes) -> None:
    try:
        _, problems = parse.parse_manifest(text, "M")
    except ManifestError as error:
        problems = error.problems
        assert problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.col >= 1
        assert problem.message.splitlines() == [problem.message]


@given(st.binary())
def test_random_bytes(text: bytes) -> None:
    never_raises_anything_else(text)


@given(st.text())
def test_random_values(text: str) -> None:
    never_raises_anything_else(f"{HEAD}files:\n  a:\n    path: {text}\n".encode(errors="replace"))


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(EXAMPLE)),
            st.integers(0, 12),
            st.text("\n\t :-[]{}&*!|>'\"#%@?,~<0aé\x00\u2028", max_size=6),
        ),
        max_size=6,
    )
)
def test_mutated_manifests(edits: list[tuple[int, int, str]]) -> None:
    text = EXAMPLE
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    never_raises_anything_else(text.encode())


def fields() -> st.SearchStrategy[str]:
    """Return flow-style YAML values, right and wrong, of any shape."""
    leaf = st.sampled_from(["", "x", "1", "-1", "1.5", "yes", "~", "7d", "never", "batch", "''"])
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
            | st.dictionaries(
                st.sampled_from(
                    ["path", "glob", "purpose", "expires_after", "renew_before", "anchor", "x"]
                ),
                inner,
                max_size=4,
            ).map(lambda d: "{" + ", ".join(f"{k}: {v}" for k, v in d.items()) + "}")
        ),
        max_leaves=8,
    )


@given(
    st.dictionaries(
        st.sampled_from(["version", "project", "remote", "defaults", "limits", "prune", "files"]),
        fields(),
    )
)
def test_any_shape(top: dict[str, str]) -> None:
    never_raises_anything_else("".join(f"{k}: {v}\n" for k, v in top.items()).encode())
