"""Content as the commands see it: findings, reports, what is left out, diff and inspect."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.cli.harness import Platform, Project
from tests.core.content import builders
from tests.output import sarif as sarif_shape

BATCH = builders.text_of(*(builders.request(number) for number in range(3)))
BROKEN = BATCH + b'{"custom_id": "request-1"}\n'
MANIFEST = """
files:
  good: {path: good.jsonl, purpose: batch}
  bad: {path: bad.jsonl, purpose: batch}
  note: {path: note.md}
"""


def three(project: Project) -> None:
    project.manifest(MANIFEST)
    project.write("good.jsonl", BATCH.decode())
    project.write("bad.jsonl", BROKEN.decode())
    project.write("note.md", "hello\n")


def test_a_wrong_file_is_left_out_and_the_others_are_applied(
    platform: Platform, project: Project
) -> None:
    three(project)
    plan = project.run("plan", "--json", code=1)
    assert {one["key"] for one in plan.json["changes"]} == {"good", "note"}
    assert "bad.jsonl:4: " in plan.err
    told = "1 file is left out of the plan: its content has errors"
    assert told in plan.json["warnings"]
    assert told in project.run("plan", "--markdown", code=1).out
    done = project.run("apply", "--yes", "--json", code=1)
    assert {one["key"] for one in done.json["applied"]} == {"good", "note"}
    assert [one["key"] for one in done.json["failed"]] == ["bad"]
    assert done.json["failed"][0]["error"].startswith("bad.jsonl:4: ")
    assert "correct the content (`filesync validate` names all that is wrong)" in done.err
    assert platform.names() == ["good.jsonl", "note.md"]
    project.write("bad.jsonl", BATCH.decode().replace("request", "other"))
    project.apply()
    assert platform.names() == ["bad.jsonl", "good.jsonl", "note.md"]
    # What is on the platform stays while its successor is wrong.
    project.write("bad.jsonl", BROKEN.decode())
    project.run("apply", "--yes", code=1)
    assert platform.names() == ["bad.jsonl", "good.jsonl", "note.md"]
    assert "bad" in project.lock["files"]


def test_what_is_too_large_or_unreadable_stops_only_itself(
    platform: Platform, project: Project
) -> None:
    mixed = """
files:
  docs: {glob: "docs/*", purpose: user_data}
  picture: {path: big.png, purpose: vision}
"""
    project.manifest(mixed)
    project.write("docs/a.md", "a\n")
    project.write("docs/b.md", "b\n")
    project.write("big.png", "")
    project.run("apply", "--yes", "--only", "docs/*")
    before = platform.files()
    with open(project.root / "big.png", "r+b") as file:
        file.truncate(20 * 2**20 + 1)
    (project.root / "docs" / "b.md").unlink()
    # Regular by its mode, and an error to whoever reads it, root included.
    (project.root / "docs" / "b.md").symlink_to("/proc/self/mem")
    long = "x" * 130 + ".md"
    project.write(f"docs/{long}", "long\n")
    project.write("docs/c.md", "c\n")
    plan = project.run("plan", "--json", "--allow-outside", code=1)
    assert [(one["key"], one["action"]) for one in plan.json["changes"]] == [
        ("docs/c.md", "create")
    ]
    for said in (
        "docs/b.md: cannot be read: ",
        "big.png: 20,971,521 bytes; the limit for vision is 20,971,520: ",
        f"docs/{long}: its",
    ):
        assert said in plan.err
    found = project.run("validate", "--allow-outside", "--format", "json", code=1).json
    rules = {one["key"]: one["rule"] for one in found["findings"] if one["severity"] == "error"}
    assert rules["docs/b.md"] == "unreadable"
    assert rules[f"docs/{long}"] == "name-too-long"
    assert found["summary"]["files"] == 5
    done = project.run("apply", "--yes", "--allow-outside", "--json", code=1)
    assert {one["key"] for one in done.json["failed"]} == {"picture", "docs/b.md", f"docs/{long}"}
    assert "correct the content" in done.err
    only = project.run("apply", "--yes", "--allow-outside", "--only", "docs/b.md", "--json", code=1)
    assert "correct the content" not in only.err
    # What the platform has of the unreadable file is neither deleted nor let go.
    assert before.keys() < platform.files().keys()
    assert set(project.lock["files"]) == {"docs/a.md", "docs/b.md", "docs/c.md"}
    (project.root / "docs" / "b.md").unlink()


def test_the_same_content_under_two_names_is_a_warning(alone: Project) -> None:
    alone.manifest("files:\n  docs: {glob: 'docs/**', purpose: user_data}\n")
    for path in ("docs/a.md", "docs/b.md", "docs/old/a.md"):
        alone.write(path, "the same\n")
    found = alone.run("validate", "--format", "json").json["findings"]
    # docs/old/a.md has the name of docs/a.md, too: one upload serves both.
    assert [(one["key"], one["rule"]) for one in found] == [("docs/b.md", "duplicate-file")]
    assert (
        "docs/b.md: the same content as docs/a.md" in alone.run("validate", "--strict", code=1).err
    )


def test_findings_as_json_sarif_and_annotations(alone: Project) -> None:
    three(alone)
    alone.write("a b,c.jsonl", "[]\n")
    alone.manifest(MANIFEST + "  odd: {path: 'a b,c.jsonl', purpose: batch}\n")
    told = alone.run("validate", "--format", "json", code=1).json
    assert set(told) == {"findings", "summary"}
    assert told["summary"] == {"errors": 5, "warnings": 0, "files": 4}
    assert {tuple(one) for one in told["findings"]} == {
        ("key", "path", "line", "severity", "rule", "message")
    }
    assert {(one["key"], one["line"]) for one in told["findings"]} == {("bad", 4), ("odd", 1)}
    sarif = alone.run("validate", "--format", "sarif", code=1).json
    assert sarif_shape.faults(sarif) == []
    (run,) = sarif["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == 5
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["region"]["startLine"] in (1, 4)
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
    }
    assert uris == {"bad.jsonl", "a%20b%2Cc.jsonl"}
    lines = alone.run("validate", "--format", "github", code=1).out.splitlines()
    assert all(line.startswith("::error file=") for line in lines)
    assert any(line.startswith("::error file=a b%2Cc.jsonl,line=1,") for line in lines)


def test_sarif_is_valid_whatever_is_wrong(platform: Platform, project: Project) -> None:
    """Odd names, findings without a line, a manifest with faults, no findings, and a plan."""
    project.manifest("files:\n  docs: {glob: 'docs/**', purpose: user_data}\n")
    for name in ("ü b,:%#?.md", "[x].PDF", "tab.xyz", ".env"):
        project.write(f"docs/{name}", "sk-" + "a1" * 20)
    for command in ("validate", "plan"):
        log = project.run(command, "--format", "sarif", code=1).json
        assert sarif_shape.faults(log) == []
        assert len(log["runs"][0]["results"]) >= 8
    project.write("many.jsonl", "[1]\n" * 30)
    project.manifest("files:\n  a: {path: many.jsonl, purpose: batch}\n")
    many = project.run("validate", "--format", "sarif", code=1).json
    assert sarif_shape.faults(many) == []
    assert len(many["runs"][0]["results"]) == 20
    assert many["runs"][0]["properties"] == {"errors": 30, "warnings": 0}
    for wrong in ("files:\n  a: {path: gone.md, purpose: none}\n", "files: [\n"):
        project.manifest(wrong)
        for command in ("validate", "plan"):
            broken = project.run(command, "--format", "sarif", code=1).json
            assert sarif_shape.faults(broken) == []
            assert {one["ruleId"] for one in broken["runs"][0]["results"]} == {"manifest"}
    project.manifest("files:\n  a: {path: docs/a.md}\n")
    project.write("docs/a.md", "fine\n")
    clean = project.run("validate", "--format", "sarif").json
    assert sarif_shape.faults(clean) == []
    assert clean["runs"][0]["results"] == []


def test_the_type_of_server_decides_how_batches_are_written(alone: Project) -> None:
    alone.manifest("files:\n  b: {path: b.jsonl, purpose: batch}\n")
    lines = BATCH.decode().replace("/v1/chat", "/chat")
    alone.write("b.jsonl", f"\ufeff{lines}")
    found = alone.run("validate", "--format", "json", code=1).json["findings"]
    assert [one["rule"] for one in found] == ["byte-order-mark", "url", "url", "url"]
    azure = "remote: {type: azure, base_url: 'https://r.openai.azure.com/openai/v1'}\n"
    alone.manifest(azure + "files:\n  b: {path: b.jsonl, purpose: batch}\n")
    assert alone.run("validate", "--format", "json").json["findings"] == []


def test_strict_and_validate_false(alone: Project) -> None:
    alone.manifest("files:\n  train: {path: train.jsonl, purpose: fine-tune}\n")
    alone.write("train.jsonl", builders.text_of(builders.chat()).decode())
    assert "1 example; a job needs at least 10" in alone.run("validate").err
    strict = alone.run("validate", "--strict", "--format", "json", code=1).json
    assert [one["severity"] for one in strict["findings"]] == ["error"]
    alone.manifest("files:\n  train: {path: train.jsonl, purpose: fine-tune, validate: false}\n")
    assert alone.run("validate", "--format", "json").json["findings"] == []


def test_git_lfs_pointers_and_empty_files(alone: Project) -> None:
    alone.manifest(
        "files:\n  a: {path: a.md}\n  b: {path: b.jsonl, purpose: batch}\n  c: {path: c.md}\n"
    )
    alone.write("a.md", "version https://git-lfs.github.com/spec/v1\noid sha256:ab12\nsize 12\n")
    alone.write("b.jsonl", "")
    alone.write("c.md", "")
    err = alone.run("validate", code=1).err
    assert "a.md:1: " in err
    assert "git lfs pull" in err
    assert "lfs: true" in err
    assert "b.jsonl: the file is empty" in err
    assert "warning: c.md: the file is empty" in err


def test_content_that_shrank(platform: Platform, project: Project) -> None:
    project.manifest("files:\n  a: {path: a.md}\n")
    project.write("a.md", "x" * 1000)
    project.apply()
    project.write("a.md", "x" * 99)
    assert "--allow-shrink" in project.run("validate", code=1).err
    assert "--allow-shrink" in project.run("apply", "--yes", code=1).err
    assert [one["bytes"] for one in platform.files().values()] == [1000]
    project.run("apply", "--yes", "--allow-shrink")
    assert [one["bytes"] for one in platform.files().values()] == [99]
    project.write("a.md", "x" * 10)
    project.run("validate")  # exactly a tenth is not more than 90% less


def test_a_saved_plan_keeps_what_was_decided_about_content(
    platform: Platform, project: Project
) -> None:
    """`--strict` and `--allow-shrink` choose what is sent: a plan file says so by itself."""
    project.manifest("files:\n  a: {path: a.md}\n  b: {path: b.odd, purpose: assistants}\n")
    project.write("a.md", "x" * 1000)
    project.write("b.odd", "one\n")
    project.apply()
    project.write("a.md", "x" * 9)
    project.write("b.odd", "two\n")
    project.run("plan", "--out", "plain.json", code=1)
    project.run("plan", "--allow-shrink", "--out", "shrunk.json")
    project.run("plan", "--strict", "--out", "strict.json", code=1)
    refused = project.run("apply", "--yes", "plain.json", "--allow-shrink", code=1)
    assert "made without --allow-shrink" in refused.err
    assert "made without --strict" in project.run("apply", "--strict", "plain.json", code=1).err
    assert sorted(one["bytes"] for one in platform.files().values()) == [4, 1000]
    # Nothing is left to do with --strict but what it leaves out.
    kept = platform.files()
    project.run("apply", "--yes", "strict.json", code=1)
    assert platform.files() == kept
    # Without a flag, as the plan has it.
    project.run("apply", "--yes", "shrunk.json")
    assert sorted(one["bytes"] for one in platform.files().values()) == [4, 9]


def test_diff_takes_the_old_text_from_git(platform: Platform, project: Project) -> None:
    project.manifest("files:\n  a: {path: docs/a.md, purpose: assistants}\n")
    project.write("docs/a.md", "one\ntwo\n")
    project.apply()
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@localhost"]
    for arguments in (["init", "-q"], ["add", "docs"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], cwd=project.root, check=True)
    project.write("docs/a.md", "one\nthree\nfour\n")
    told = project.run("diff", "a").out
    assert told.startswith("a: 8 B -> 15 B, +2 -1 lines\n")
    assert "-two\n+three\n+four\n" in told
    assert project.run("diff", "a", "--offline").out == told


def test_diff_of_last_lines_and_of_what_is_gone(platform: Platform, project: Project) -> None:
    line = '{{"custom_id":"{}","method":"POST","url":"/v1/embeddings","body":{{"model":"m","input":"x"}}}}'  # noqa: E501
    project.manifest("files:\n  a: {path: a.jsonl, purpose: batch}\n  b: {glob: '*.md'}\n")
    project.write("a.jsonl", line.format(1) + "\n")
    project.write("c.md", "text\n")
    project.apply()
    (project.root / "c.md").unlink()
    project.write("d.md", "text\n")
    # Both ends of a last line are two different lines.
    for new, hunk, counts in (
        (line.format(1), f"-{line.format(1)}\n+{line.format(1)}\n\\ No newline", "+1 -1"),
        (
            f"{line.format(1)}\n{line.format(2)}\n",
            f" {line.format(1)}\n+{line.format(2)}\n",
            "+1 -0",
        ),
    ):
        project.write("a.jsonl", new)
        out = project.run("diff").out
        assert f", {counts} lines\n" in out
        assert hunk in out
    assert "@@ -1 +1,2 @@\n" in out
    assert "\nb/d.md: new -> 5 B\n" in out
    assert out.endswith("\nb/c.md: 5 B -> removed\n")


def test_diff_says_why_there_is_no_text(platform: Platform, project: Project) -> None:
    project.manifest(
        "files:\n  a: {path: a.bin}\n  c: {path: c.md}\n"
        "  b: {path: b.txt, purpose: batch, validate: false, filename: b.jsonl}\n"
    )
    project.write("a.bin", "\0")
    (project.root / "b.txt").write_bytes("one\ntwo\nthree\n".encode("utf-16"))
    project.write("c.md", "one\ntwo\nthree\n")
    project.apply()
    (project.root / "b.txt").write_bytes("two\nthree\none\n".encode("utf-16"))
    project.write("c.md", "two\nthree\none\n")
    project.write("a.bin", "\0\0")
    told = project.run("diff").out
    assert "a: 1 B -> 2 B, not text" in told
    assert "b: 30 B -> 30 B, +0 -0 lines, 1 moved" in told
    assert "c: 14 B -> 14 B, no old text to show: git has no such version, and the server" in told
    offline = project.run("diff", "--offline", "b").out
    assert offline == "b: 30 B -> 30 B, no old text to show: git has no such version\n"


def test_diff_counts_what_is_too_much_to_show(platform: Platform, project: Project) -> None:
    project.manifest("files:\n  b: {path: b.jsonl, purpose: batch, validate: false}\n")
    project.write("b.jsonl", "".join(f"{number}\n" for number in range(3000)))
    project.apply()
    project.write("b.jsonl", "".join(f"{number}\n" for number in reversed(range(3000))))
    told = project.run("diff").out
    assert told == "b: 13.9 kB -> 13.9 kB, +0 -0 lines, 2,999 moved, too many to show\n"


def test_inspect(alone: Project) -> None:
    alone.manifest("files:\n  train: {path: t.jsonl, purpose: fine-tune}\n")
    lines = builders.text_of(*(builders.chat(number % 2) for number in range(4)))
    alone.write("t.jsonl", lines.decode())
    told = alone.run("inspect", "train", "--json").json
    assert told["lines"] == 4
    assert told["duplicates"] == 2
    assert told["roles"] == {"system": 4, "user": 4, "assistant": 4}
    assert "messages by role" in alone.run("inspect", "t.jsonl").out.lower()
    assert "<svg" in alone.run("inspect", "train", "--html", "-").out
    assert "neither a key" in alone.run("inspect", "nothing", code=1).err
    alone.write("note.md", "# A note\n")
    assert "no line is a JSON object" in alone.run("inspect", "note.md").out


def test_inspect_reads_responses_and_a_byte_order_mark(alone: Project) -> None:
    parts = [{"type": "input_text", "text": "12345"}]
    items = [{"role": "user", "content": parts}, {"type": "item_reference", "id": "msg_1"}]
    made = builders.requests_to("/v1/responses", {"model": "m", "instructions": "1234567"})
    lines = [made(0), {**made(1), "body": {"model": "m", "input": items}}]
    alone.write("b.jsonl", "\ufeff" + builders.text_of(*lines).decode())
    told = alone.run("inspect", "b.jsonl", "--json").json
    assert (told["lines"], told["unreadable"], told["roles"]) == (2, 0, {"user": 1})
    if told["unit"] == "characters":
        assert (told["longest"], told["total"]) == (7, 12)


def test_inspect_shows_the_most_frequent_of_many_models(alone: Project) -> None:
    lines = [builders.request(number) for number in range(40)]
    for number, line in enumerate(lines[5:]):
        line["body"]["model"] = f"model-{number}"
    alone.write("b.jsonl", builders.text_of(*lines).decode())
    rows = alone.run("inspect", "b.jsonl").out.partition("by model\n")[2].splitlines()
    assert (len(rows), rows[0].split()[:2], rows[-1].split()[:3]) == (
        20,
        ["gpt-4o-mini", "5"],
        ["17", "others", "17"],
    )


def test_inspect_shortens_names_and_escapes_them(alone: Project) -> None:
    """Long names leave room for their bars, also where two begin and end alike."""
    lines = []
    for number, middle in enumerate(["one", "two", "<b>&"]):
        line = builders.request(number)
        line["body"]["model"] = f"ft:gpt-4o-mini-2024-07-18:{middle}-corporation::abc123456789012"
        lines.append(line)
    alone.write("b.jsonl", builders.text_of(*lines))
    rows = [row for row in alone.run("inspect", "b.jsonl").out.splitlines() if "ft:gpt" in row]
    assert len(rows) == 3
    assert max(map(len, rows)) <= 80
    page = alone.run("inspect", "b.jsonl", "--html", "-").out
    assert "<b>" not in page
    assert "2024-07-18:&lt;b&gt;&amp;-corporation" in page, "in full for who cannot see the plot"


# Writes down each file that Python opens, also in the processes that check content.
WATCH = """
import os, sys
log = os.open(os.environ["OPENED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def watch(event, args):
    if event == "open" and isinstance(args[0], str):
        os.write(log, os.fsencode(os.path.basename(args[0])) + b"\\n")
sys.addaudithook(watch)
"""


def test_an_unchanged_file_is_opened_once(platform: Platform, project: Project) -> None:
    """Counted in real processes: good and bad files, of lines, images and documents."""
    files = {
        "good.jsonl": BATCH,
        "bad.jsonl": BROKEN,
        "empty.jsonl": b"",
        "picture.png": b"this is not a picture",
        "note.md": b"sk-" + b"a1" * 20,
        "pointer.md": b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n",
    }
    for name, content in files.items():
        project.write(name, content)
    project.manifest("""
        files:
          good: {path: good.jsonl, purpose: batch}
          bad: {path: bad.jsonl, purpose: batch}
          empty: {path: empty.jsonl, purpose: batch}
          picture: {path: picture.png, purpose: vision}
          notes: {glob: "*.md", purpose: assistants}
    """)
    watch, log = project.write("watch/sitecustomize.py", WATCH), project.root / "watch" / "log"

    def opened(*args: str) -> set[str]:
        log.write_text("")
        env = {"PYTHONPATH": str(watch.parent), "OPENED": str(log)}
        assert project.finish(project.start(*args, env=env), code=None).code in (0, 1)
        names = log.read_text().splitlines()
        assert "filesync.yaml" in names, "nothing was watched"
        return set(names) & set(files)

    time.sleep(0.2)  # a file that changed a moment ago is not trusted
    assert opened("validate") == set(files)
    for command in (["validate"], ["plan"], ["plan", "--format", "json"], ["validate", "--strict"]):
        assert opened(*command) == set(), command
    # What is sent is opened to be sent, and what is the same afterwards is not opened again.
    assert opened("apply", "--yes") == {"good.jsonl", "note.md"}
    project.write("bad.jsonl", BROKEN + b"\n")
    time.sleep(0.2)
    assert opened("plan") == {"bad.jsonl"}
    assert opened("validate", "--locked") == opened("plan") == set()


@pytest.mark.parametrize(
    ("fingerprint", "limit"),
    [
        ("true", "104 (128, which every server takes, less 24 for the fingerprint)"),
        ("false", "128, which every server takes"),
    ],
)
@pytest.mark.parametrize("field", ["path: docs/{0}", "glob: 'docs/*.md'"])
def test_a_name_that_is_too_long_says_where_the_limit_comes_from(
    project: Project, field: str, fingerprint: str, limit: str
) -> None:
    name = "n" * 130 + ".md"
    project.write(f"docs/{name}", "# Title\n")
    project.manifest(f"files: {{a: {{{field.format(name)}, fingerprint: {fingerprint}}}}}")
    said = project.run("validate", code=1).err
    assert f"133 characters and may have {limit}: " in said
    assert "shorter `filename`" in said
