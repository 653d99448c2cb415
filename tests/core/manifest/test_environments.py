"""`environments` in a manifest: what each makes of it, and what is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filesync.core.decide.desired import check_files, remote_filename
from filesync.core.env_names import is_env_name, with_env
from filesync.core.manifest import parse
from filesync.core.model import Entry, Manifest, Policy, ScannedFile
from filesync.errors import FilesyncError, ManifestError

EXAMPLE = """\
version: 1
project: bot
remote: {base_url: "https://api.example.com/v1", requests_per_minute: 5}
defaults: {purpose: assistants, retain: 1h, expires_after: 14d}
environments:
  staging:
    project: bot-staging
    base_url: https://staging.example.com/v1/
    prefix: staging-
    defaults: {expires_after: 7d, fingerprint: true}
  prod:
    project: bot-prod
files:
  a: {path: a.txt}
  b: {path: b.txt, expires_after: 1d, filename: x.txt}
  docs: {glob: "docs/**"}
"""
HEAD = "version: 1\nproject: bot\n"


def good(text: str, env: str | None = None, **variables: str) -> Manifest:
    parsed, problems = parse.parse_manifest(text.encode(), "M", env, variables)
    assert problems == []
    return parsed


def found(text: str, env: str | None = None, **variables: str) -> list[str]:
    """Return the problems as the user sees them, without the path in front."""
    _, problems = parse.parse_manifest(text.encode(), "M", env, variables)
    return [line.removeprefix("M:") for line in str(ManifestError("M", problems)).splitlines()]


def scanned(entry: Entry, path: str) -> ScannedFile:
    return ScannedFile(entry, entry.key, path, f"/{path}", 1, 0, 0, 0)


def test_each_environment_of_the_example() -> None:
    base, staging, prod = (good(EXAMPLE, env) for env in (None, "staging", "prod"))
    assert [one.project for one in (base, staging, prod)] == ["bot", "bot-staging", "bot-prod"]
    assert base.base_url == prod.base_url == "https://api.example.com/v1"
    assert staging.base_url == "https://staging.example.com/v1"
    assert staging.requests_per_minute == 5
    assert all(one.environments == ("staging", "prod") for one in (base, staging, prod))
    # The entry, then the environment's defaults, then the manifest's, then what is built in.
    policies = [entry.policy for entry in staging.entries]
    a = Policy("assistants", 604800, 60480, False, 3600, "keep", True)
    assert policies == [a, a._replace(expires_after=86400, renew_before=8640), a]
    assert staging.removed == a
    assert prod.entries == base.entries
    assert (
        prod.removed
        == base.removed
        == a._replace(expires_after=1209600, renew_before=120960, fingerprint=False)
    )
    assert base.sha256 == staging.sha256 == prod.sha256


def test_without_env_it_is_as_if_there_were_none() -> None:
    head, rest = EXAMPLE.split("environments:\n")
    without = good(head + "files:" + rest.split("files:")[1])

    def comparable(one: Manifest) -> Manifest:
        entries = tuple(entry._replace(positions={}) for entry in one.entries)
        return one._replace(sha256="", entries=entries, environments=())

    assert comparable(good(EXAMPLE)) == comparable(without)


def test_prefix_goes_before_every_remote_name() -> None:
    names = {
        env: [
            remote_filename(scanned(entry, path))
            for entry, path in zip(
                good(EXAMPLE, env).entries, ("a.txt", "b.txt", "docs/c.md"), strict=True
            )
        ]
        for env in (None, "staging")
    }
    assert names[None] == ["a.txt", "x.txt", "c.md"]
    assert names["staging"] == ["staging-a.txt", "staging-x.txt", "staging-c.md"]


def test_prefix_counts_into_the_length() -> None:
    text = HEAD + "environments: {s: {project: s, prefix: %s}}\nfiles: {a: {path: a}}\n"
    for length, problems in ((127, 0), (128, 1)):
        (entry,) = good(text % ("x" * length), "s").entries
        assert len(check_files([scanned(entry, "a")])) == problems
        (entry,) = good(text % ("x" * length)).entries
        assert check_files([scanned(entry, "a")]) == []


def test_exclude_and_allow_empty_in_an_environments_defaults() -> None:
    text = (
        HEAD + "defaults: {exclude: [a], allow_empty: true}\n"
        "environments: {s: {project: s, defaults: {exclude: [b], allow_empty: false}}}\n"
        "files: {g: {glob: '*'}}\n"
    )
    assert [good(text, env).entries[0].exclude for env in (None, "s")] == [("a",), ("b",)]
    assert [good(text, env).entries[0].allow_empty for env in (None, "s")] == [True, False]


MAPPING = "must be a mapping: lines of 'field: value' below it, or {}"
NAME = "must be 1 to 63 of a-z, 0-9 and '-', and not begin with '-'"
OWN = "needs a project: each environment has its own"
TAKES = "each would take the other's files for orphans and delete them"
NO_PRUNE = "cannot go with environments: each would delete files of the others"


@pytest.mark.parametrize(
    ("section", "problems"),
    [
        ("{}", []),
        ("", ["3:14: environments: is empty: give a value or remove the line"]),
        ("[]", [f"3:15: environments: {MAPPING}"]),
        ("{s: }", ["3:19: environments.s: is empty: give a value or remove the line"]),
        ("{s: x}", [f"3:19: environments.s: {MAPPING}"]),
        ("{s: {}}", [f"3:16: environments.s: {OWN}"]),
        ("{s: {prefix: x}}", [f"3:16: environments.s: {OWN}"]),
        ("{s: {project: }}", ["3:29: environments.s.project: is empty"]),
        ("{s: {project: S}}", [f"3:29: environments.s.project: {NAME}"]),
        # Names, which become part of file names.
        ("{S: {project: s}}", [f"3:16: environments.S: {NAME}"]),
        ("{-s: {project: s}}", [f"3:16: environments.-s: {NAME}"]),
        ("{../s: {project: s}}", [f"3:16: environments.../s: {NAME}"]),
        ("{'': {project: s}}", [f"3:16: environments.: {NAME}"]),
        ('{"a\\nb": {project: s}}', [f"3:16: environments.a\\nb: {NAME}"]),
        (f"{{{'x' * 64}: {{project: s}}}}", [f"3:16: environments.{'x' * 64}: {NAME}"]),
        # Each has a project of its own, whatever the base_url.
        (
            "{s: {project: bot}}",
            [f"3:29: environments.s.project: is the project of the manifest itself, too: {TAKES}"],
        ),
        (
            "{s: {project: s, base_url: 'http://a'}, t: {project: s, base_url: 'http://b'}}",
            [f"3:68: environments.t.project: is the project of environment s, too: {TAKES}"],
        ),
        # Fields.
        (
            "{s: {project: s, remote: {base_url: 'http://a'}}}",
            [
                "3:32: environments.s.remote: unknown key; allowed are base_url, defaults, "
                "prefix, project"
            ],
        ),
        ("{s: {projekt: s}}", [f"3:16: environments.s: {OWN}", "3:20: environments.s.projekt: "]),
        (
            "{s: {project: s, files: {}}}",
            ["3:32: environments.s.files: unknown key"],
        ),
        (
            "{s: {project: s, base_url: x}}",
            ["3:42: environments.s.base_url: must be http://HOST..."],
        ),
        (
            '{s: {project: s, prefix: "a\\nb"}}',
            ["3:40: environments.s.prefix: must not have control characters in it"],
        ),
        ("{s: {project: s, prefix: 1}}", ["3:40: environments.s.prefix: must be text"]),
        ("{s: {project: s, prefix: ''}}", []),
        ("{s: {project: s, defaults: x}}", [f"3:42: environments.s.defaults: {MAPPING}"]),
        (
            "{s: {project: s, defaults: {path: x}}}",
            [
                "3:43: environments.s.defaults.path: cannot have a default: it belongs to one file",
            ],
        ),
        (
            "{s: {project: s, defaults: {purpos: evals}}}",
            [
                "3:43: environments.s.defaults.purpos: unknown key; did you mean 'purpose'?",
            ],
        ),
        (
            "{s: {project: s, defaults: {expires_after: 1h, renew_before: 2h}}}",
            [
                "3:76: environments.s.defaults.renew_before: renew_before (2h) must be less than "
                "expires_after (1h) in environment s, or every run uploads again"
            ],
        ),
        (
            "{s: {project: s, defaults: {purpose: batch, expires_after: never}}}",
            [
                "3:74: environments.s.defaults.expires_after: batch files in environment s "
                "always expire: give 1h to 30d, or remove it for 30d"
            ],
        ),
    ],
)
@pytest.mark.parametrize("env", [None, "other"])
def test_problems(section: str, problems: list[str], env: str | None) -> None:
    """They are told whichever is chosen: `other` is sound and always there but in {}."""
    text = f"{HEAD}environments: {section}\n"
    if env is not None:
        if not section.startswith("{") or len(section) == 2:
            return
        text = f"{HEAD}environments: {section[:-1]}, other: {{project: other}}}}\n"
    got = found(text, env)
    assert len(got) == len(problems), got
    for line, expected in zip(got, problems, strict=True):
        assert line.startswith(expected)


@pytest.mark.parametrize(
    ("defaults", "environment", "entry", "problems"),
    [
        # Wrong in the environment alone.
        (
            "renew_before: 2d",
            "expires_after: 1d",
            "",
            ["4:58: environments.s.defaults.expires_after: renew_before (2d)"],
        ),
        (
            "",
            "expires_after: 1d",
            "renew_before: 2d, expires_after: 3d",
            [],
        ),
        (
            "expires_after: 3d",
            "expires_after: 1d",
            "renew_before: 2d",
            [
                "6:30: files.a.renew_before: renew_before (2d) must be less than expires_after "
                "(1d) in environment s, or"
            ],
        ),
        ("expires_after: 3d", "expires_after: never", "renew_before: 2d", ["6:30: files.a.renew"]),
        ("", "purpose: batch", "expires_after: never", ["6:31: files.a.expires_after: batch"]),
        # Wrong anyway: told once, and not because of the environment.
        (
            "",
            "expires_after: 1d",
            "renew_before: 2d, expires_after: 1d",
            [
                "6:30: files.a.renew_before: renew_before (2d) must be less than expires_after "
                "(1d), or"
            ],
        ),
        # What is wrong in the environment hides nothing, and nothing follows from it.
        (
            "",
            "expires_after: 1y",
            "renew_before: 2d, expires_after: 1d",
            ["4:58: environments.s.defaults.expires_after: must be", "6:30: files.a.renew_before:"],
        ),
        ("renew_before: 2d", "expires_after: 1y", "", ["4:58: environments.s.defaults.expires_"]),
    ],
)
def test_defaults_are_checked_with_what_they_meet(
    defaults: str, environment: str, entry: str, problems: list[str]
) -> None:
    text = (
        f"{HEAD}defaults: {{{defaults}}}\n"
        f"environments: {{s: {{project: s, defaults: {{{environment}}}}}}}\n"
        f"files:\n  a: {{path: x, {entry}}}\n"
    )
    for env in (None, "s"):
        got = found(text, env)
        assert len(got) == len(problems), got
        for line, expected in zip(got, problems, strict=True):
            assert line.startswith(expected)


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ("stagin", "5:1: environments: no environment 'stagin': there are staging, prod; did you "),
        ("x", "5:1: environments: no environment 'x': there are staging, prod"),
        ("../x", "5:1: environments: no environment '../x': "),
        ("a\nb", "5:1: environments: no environment 'a\\nb': "),
        ("", "5:1: environments: no environment '': "),
    ],
)
def test_an_environment_that_is_not_there(env: str, problem: str) -> None:
    (line,) = found(EXAMPLE, env)
    assert line.startswith(problem)


def test_an_environment_where_there_are_none() -> None:
    said = "environments: no environment 'x': the manifest has none"
    assert found(HEAD, "x") == [f"1:1: {said}"]
    assert found(HEAD + "environments: {}", "x") == [f"3:1: {said}"]


def test_prune_does_not_go_with_environments() -> None:
    """It deletes what this lockfile does not hold, such as the other environments' files."""
    prune = "prune: {unmanaged: true, purposes: [evals], match: '*'}\n"
    several = "environments: {s: {project: s}}\n"
    assert found(HEAD + prune + several) == [f"3:20: prune.unmanaged: {NO_PRUNE}"]
    assert found(HEAD + prune + several, "s") == [f"3:20: prune.unmanaged: {NO_PRUNE}"]
    assert found(HEAD + prune + "environments: {}\n") == []
    assert found(HEAD + prune.replace("true", "false") + several) == []


def test_variables_that_only_another_environment_needs_may_be_unset() -> None:
    text = (
        HEAD + "environments:\n"
        "  s:\n    project: ${S}\n    base_url: ${S_URL:-https://s}\n"
        "  t:\n    project: ${T}\n    base_url: ${T_URL}\n"
        "    defaults:\n      retain: ${T_RETAIN}\n"
    )
    unset = "the environment variable {0} is not set: set it, or write ${{{0}:-default}}"
    assert found(text) == []
    assert found(text, "s", S="s") == []
    assert found(text, "s") == ["5:14: environments.s.project: " + unset.format("S")]
    assert found(text, "t", T="t") == [
        "9:15: environments.t.base_url: " + unset.format("T_URL"),
        "11:15: environments.t.defaults.retain: " + unset.format("T_RETAIN"),
    ]
    # What is written wrongly is wrong for everybody, and so is a project that is taken.
    assert found(text.replace("${T_URL}", "${T_URL"), "s", S="s") == [
        "9:15: environments.t.base_url: `${` is not closed by `}`; `$${` stands for a plain `${`"
    ]
    taken = found(text, "s", S="s", T="s")
    assert taken == [f"8:14: environments.t.project: is the project of environment s, too: {TAKES}"]
    # By an alias it is asked for elsewhere, too.
    more = found(text + "files:\n  a: {path: x, retain: *r}\n".replace("*r", "1h"), "s", S="s")
    assert more == []
    text = text.replace("retain: ${T_RETAIN}", "retain: &r ${T_RETAIN}")
    (line,) = found(text + "files:\n  a: {path: x, retain: *r}\n", "s", S="s")
    assert line == "13:24: files.a.retain: " + unset.format("T_RETAIN")


def test_what_an_unchosen_environment_says_does_not_make_a_plan_stale() -> None:
    text = (
        HEAD + "environments:\n  s:\n    project: s\n    prefix: ${S:-}\n"
        "  t:\n    project: t\n    prefix: ${T:-}\nfiles: {a: {path: x}}\n"
    )
    before = good(text, "s").filled_sha256
    assert good(text, "s", T="t-").filled_sha256 == before
    assert good(text, "s", S="s-").filled_sha256 != before


@pytest.mark.parametrize(
    "name", ["", "-a", "A", "a.b", "a/b", "..", "a_b", "a\n", "é", "a" * 64, "a b", "\0"]
)
def test_names_that_are_none(name: str) -> None:
    assert not is_env_name(name)
    with pytest.raises(FilesyncError) as caught:
        with_env("filesync", name)
    assert "--env NAME" in caught.value.hint


def test_names() -> None:
    assert with_env("dir/filesync", None) == "dir/filesync"
    assert with_env("dir/filesync", "eu-1") == "dir/filesync.eu-1"
    assert is_env_name("0" * 63)


@given(
    st.dictionaries(
        st.sampled_from(["staging", "prod", "S", "", "-"]) | st.text(max_size=3),
        st.dictionaries(
            st.sampled_from(["project", "base_url", "prefix", "defaults", "x"]),
            st.sampled_from(
                ["", "s", "bot", "1", "~", "[]", "'${A}'", "'${B'", "http://x", "{purpose: batch}"]
            ),
            max_size=4,
        ),
        max_size=3,
    ),
    st.sampled_from([None, "staging", "prod", "S", "x"]),
)
def test_any_section(section: dict[str, dict[str, str]], env: str | None) -> None:
    import json

    lines = [
        f"  {json.dumps(name)}: {{{', '.join(f'{k}: {v}' for k, v in fields.items())}}}"
        for name, fields in section.items()
    ]
    text = "\n".join([HEAD + "environments:", *lines, "files: {a: {path: x}}", ""])
    try:
        parsed, problems = parse.parse_manifest(text.encode(), "M", env, {"A": "a"})
    except ManifestError as error:
        problems = error.problems
        assert problems
    else:
        project = "bot" if env is None else section.get(env, {}).get("project", "")
        assert problems or parsed.project == project.replace("'${A}'", "a")
    for problem in problems:
        assert problem.message.splitlines() == [problem.message]
