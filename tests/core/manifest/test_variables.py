"""`${NAME}` in a manifest: what becomes of it, and each way to get it wrong with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.manifest import parse as manifest
from filesync.core.manifest import variables
from filesync.core.manifest.variables import Filler, Unfilled
from filesync.core.model import Manifest, MaxDelete
from filesync.errors import ManifestError

HEAD = "version: 1\nproject: p\n"
SET = {
    "A": "a",
    "B_2": "bee",
    "EMPTY": "",
    "N": "12",
    "YES": "yes",
    "YAML": "{x: 1}",
    "MARK": "${A}",
}


def parse(text: str, **more: str) -> tuple[Manifest, list[str]]:
    """Parse with SET and `more` as the environment; problems as the user sees them."""
    parsed, problems = manifest.parse_manifest(text.encode(), "M", variables={**SET, **more})
    return parsed, [
        line.removeprefix("M:") for line in str(ManifestError("M", problems)).splitlines()
    ]


def good(text: str, **more: str) -> Manifest:
    parsed, problems = parse(text, **more)
    assert problems == []
    return parsed


def path_of(written: str, **more: str) -> str | None:
    return good(f"{HEAD}files:\n  a:\n    path: {written}\n", **more).entries[0].path


def problems_of(written: str, **more: str) -> list[str]:
    """Return the problems of a path, without its place."""
    _, problems = parse(f"{HEAD}files:\n  a:\n    path: {written}\n", **more)
    assert all(line.startswith("5:11: files.a.path: ") for line in problems)
    return [line.removeprefix("5:11: files.a.path: ") for line in problems]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("${A}", "a"),
        ("x/${A}-${B_2}.txt", "x/a-bee.txt"),
        ("'${A}'", "a"),
        ('"${A}"', "a"),
        ("${NONE:-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("x${EMPTY}y", "xy"),
        ("x${NONE:-}y", "xy"),
        ("${A:-d}", "a"),
        ("${NONE:-a:-b$c}", "a:-b$c"),
        ("'${NONE:-two words}'", "two words"),
        # What is none of ours stays as it is.
        ("$A", "$A"),
        ("a$", "a$"),
        ("$$A", "$$A"),
        ("$(A)", "$(A)"),
        # `$${` is `${`, and what follows it is left alone.
        ("$${A}", "${A}"),
        ("$${", "${"),
        ("$$${A}", "$${A}"),
        ("$${A}${A}", "${A}a"),
        # A value is put in as it is: it is not looked into again.
        ("${MARK}", "${A}"),
        ("${YAML}", "{x: 1}"),
        ("${MARK}${NONE:-$}{A}", "${A}${A}"),
    ],
)
def test_what_becomes_of_a_text(written: str, path: str) -> None:
    assert path_of(written) == path


@pytest.mark.parametrize(
    ("written", "problems"),
    [
        (
            "${NONE}",
            ["the environment variable NONE is not set: set it, or write ${NONE:-default}"],
        ),
        ("${a}", ["the environment variable a is not set: set it, or write ${a:-default}"]),
        (
            "${X}${A}${Y}",
            [
                "the environment variable X is not set: set it, or write ${X:-default}",
                "the environment variable Y is not set: set it, or write ${Y:-default}",
            ],
        ),
        ("${EMPTY}", ["is empty: give a path below the manifest's folder"]),
        ("x${A", ["`${` is not closed by `}`; `$${` stands for a plain `${`"]),
        ("x${", ["`${` is not closed by `}`; `$${` stands for a plain `${`"]),
        ("${}", ["`${}` must be ${NAME} or ${NAME:-default}; `$${` stands for a plain `${`"]),
        ("${1}", ["`${1}` must be "]),
        ("${A-d}", ["`${A-d}` must be "]),
        ("${A:=d}", ["`${A:=d}` must be "]),
        ("${ A }", ["`${ A }` must be "]),
        ("${filesync:train}", ["`${filesync:train}` must be "]),
        ("${é}", ["`${é}` must be "]),
        (f"${{{'x-' * 100}}}", [f"`${{{'x-' * 19}x…}}` must be "]),
        ('"${A\\tB}"', ["`${A\\tB}` must be "]),
        ("${NONE:-${A}}", ["the default of NONE cannot have another `${` in it"]),
        ("${NUMBER}", ["must be text: write it in quotes"]),
        ("${NULL}", ["is empty: give a value or remove the line"]),
        ("${NUL}", ["must not have a NUL character in it"]),
        ("${BYTES}", ["the environment variable BYTES has bytes that are not UTF-8"]),
    ],
)
def test_problems(written: str, problems: list[str]) -> None:
    more = {"NUMBER": "12", "NULL": "null", "NUL": "a\0", "BYTES": "a\udcff"}
    got = problems_of(written, **more)
    assert len(got) == len(problems), got
    for line, expected in zip(got, problems, strict=True):
        assert line.startswith(expected)


@pytest.mark.parametrize("written", ["${OPENAI_API_KEY}", "x-${OPENAI_API_KEY:-d}"])
def test_the_key_is_refused_whether_set_or_not(written: str) -> None:
    said = ["OPENAI_API_KEY cannot be used in a manifest: it would be shown"]
    assert problems_of(written, OPENAI_API_KEY="sk-secret") == said
    assert problems_of(written) == said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("requests_per_minute: ${N}", 12),
        ("requests_per_minute: ${RPM:-500}", 500),
        ("requests_per_minute: 1${N}", 112),
        ("requests_per_minute: !!int ${N}", 12),
    ],
)
def test_unquoted_numbers_are_numbers(line: str, expected: int) -> None:
    assert good(f"{HEAD}remote:\n  {line}\n").requests_per_minute == expected


@pytest.mark.parametrize("written", ['"${N}"', "'${N}'", "!!str ${N}", "${A}", "${EMPTY}", "0${N}"])
def test_quoted_numbers_are_text(written: str) -> None:
    _, problems = parse(f"{HEAD}remote:\n  requests_per_minute: {written}\n")
    assert problems == ["4:24: remote.requests_per_minute: must be a whole number"]


def test_a_value_is_any_fields_value() -> None:
    parsed = good(
        "version: ${ONE}\n"
        "project: ${A}\n"
        "limits:\n  max_delete: ${SHARE:-40%}\n"
        "defaults:\n  purpose: ${PURPOSE}\n  protect: ${YES}\n  retain: ${N}\n"
        "  expires_after: ${TTL:-7d}\n"
        "prune:\n  purposes:\n    - ${PURPOSE}\n"
        "files:\n"
        "  x:\n    glob: ${A}/*\n    exclude:\n      - ${A}/x\n      - '${B_2}'\n"
        "  y:\n    path: y\n    in_use: ${DO:-delete}\n    expires_after:\n"
        "      anchor: created_at\n      seconds: ${SECONDS}\n",
        ONE="1",
        PURPOSE="evals",
        SECONDS="7200",
    )
    assert parsed.project == "a"
    assert parsed.max_delete == MaxDelete(40, percent=True)
    assert parsed.removed[:5] == ("evals", 604800, 60480, True, 12)
    assert parsed.entries[0].glob == "a/*"
    assert parsed.entries[0].exclude == ("a/x", "bee")
    assert parsed.entries[1].policy.in_use == "delete"
    assert parsed.entries[1].policy.expires_after == 7200


def test_keys_are_left_alone() -> None:
    assert good(HEAD + "files:\n  ${A}: {path: x}\n").entries[0].key == "${A}"
    _, problems = parse(HEAD + "${A}: 1\n")
    assert problems[0].startswith("3:1: ${A}: unknown key")


def test_a_value_adds_no_structure() -> None:
    hostile = "x\n  b:\n    path: /etc/passwd"
    parsed = good(f"{HEAD}files:\n  a:\n    path: ${{X}}\n", X=hostile)
    assert [(entry.key, entry.path) for entry in parsed.entries] == [("a", hostile)]
    _, problems = parse(HEAD + "files: ${YAML}\n")
    assert problems == ["3:8: files: must be a mapping: lines of 'field: value' below it, or {}"]


def test_a_value_is_shared_by_its_alias() -> None:
    parsed = good(
        HEAD + "files:\n  a: &a\n    path: ${A}\n    purpose: &p ${P}\n  b:\n    <<: *a\n"
        "  c:\n    path: c\n    purpose: *p\n",
        P="evals",
    )
    assert [(e.path, e.policy.purpose) for e in parsed.entries] == [
        ("a", "evals"),
        ("a", "evals"),
        ("c", "evals"),
    ]


def test_every_problem_in_one_go() -> None:
    _, problems = parse(
        "version: 1\nproject: ${NONE}\nremote:\n  requests_per_minute: ${RPM}\nfiles:\n"
        "  a:\n    path: ${X}/${OPENAI_API_KEY}\n    purpose: nonsense\n    exclude:\n"
        "      - ${Y}\n      - z\n    expires_after:\n      anchor: created_at\n"
        "      seconds: ${S}\n    protect: ${P}\n  b: ${Z}\n"
    )
    told = [line.split(": ", 2)[:2] for line in problems]
    assert told == [
        ["2:10", "project"],
        ["4:24", "remote.requests_per_minute"],
        ["7:11", "files.a.path"],
        ["7:11", "files.a.path"],
        ["8:14", "files.a.purpose"],
        ["10:7", "files.a.exclude"],
        ["10:9", "files.a.exclude[0]"],
        ["14:16", "files.a.expires_after.seconds"],
        ["15:14", "files.a.protect"],
        ["16:6", "files.b"],
    ]


def test_values_are_not_shown() -> None:
    secret = "s3cret value"
    for line in (
        "project: ${S}",
        "remote:\n  base_url: ${S}",
        "remote:\n  requests_per_minute: ${S}",
        "limits:\n  max_delete: ${S}",
        "defaults:\n  purpose: ${S}",
        "defaults:\n  expires_after: ${S}",
        "defaults:\n  protect: ${S}",
    ):
        _, problems = parse(f"version: 1\n{line}\n", S=secret)
        assert problems
        assert "s3cret" not in "\n".join(problems)


def test_what_it_says_has_a_hash_of_its_own() -> None:
    text = HEAD + "defaults:\n  retain: ${RETAIN:-0}\n"
    plain, one, two = good(text), good(text, RETAIN="1"), good(text, RETAIN="2")
    assert plain.sha256 == one.sha256 == two.sha256
    assert len({plain.filled_sha256, one.filled_sha256, two.filled_sha256}) == 3
    assert one.filled_sha256 == good(text, RETAIN="1", OTHER="x").filled_sha256
    # Where the manifest lies makes no difference, nor does how a value came to be.
    again, _ = manifest.parse_manifest(text.encode(), "elsewhere/M", variables={"RETAIN": "0"})
    assert again.filled_sha256 == plain.filled_sha256
    assert good(HEAD).filled_sha256 is None
    assert good(HEAD + "files: {a: {path: '$${A} $A'}}").filled_sha256 is None


def test_variables_do_not_blow_a_manifest_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "MAX_ADDED", 10)
    assert path_of("${A}${A}${X}", X="x" * 8) == "aa" + "x" * 8
    said = ["variables add more than 10 characters to the manifest"]
    assert problems_of("${A}${A}${X}", X="x" * 9) == said


def test_without_a_filler_texts_are_as_written() -> None:
    from filesync.core.manifest import yaml_reader

    data, problems = yaml_reader.load(b"a: ${A}\nb: $${A}\n")
    assert problems == []
    assert data == {"a": "${A}", "b": "$${A}"}


@pytest.mark.parametrize("written", ["{path: ${A}}", "[${A}]", "{path: x${A:-b}, purpose: evals}"])
def test_braces_within_braces_must_be_in_quotes(written: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(f"{HEAD}files:\n  a: {written}\n")
    assert "text with ${...} in it must be in quotes inside {braces}" in str(caught.value)


@given(st.text("${}:-AB_1 \n", max_size=30), st.dictionaries(st.sampled_from("AB"), st.text()))
def test_any_text(text: str, values: dict[str, str]) -> None:
    filled = Filler(values).fill(text)
    if isinstance(filled, Unfilled):
        assert filled.faults or filled.unset
    elif "${" not in text:
        assert filled == text
