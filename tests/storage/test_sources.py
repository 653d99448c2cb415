"""Files taken from object stores by the command: plans, applies, refusals."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.harness import Platform, Project
from tests.storage.bucket import Bucket, Large, Request

MIB = 1 << 20


def sent(platform: Platform, project: Project, key: str) -> bytes:
    """What the platform holds of a key."""
    file_id = project.id(key)
    return platform.http.get(f"/files/{file_id}/content").content


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_path_and_a_glob_in_a_bucket(
    sourced: Project, bucket: Bucket, platform: Platform, scheme: str
) -> None:
    bucket.objects |= {
        "train/a.jsonl": b"{}\n",
        "docs/one.md": b"# one",
        "docs/deep/two é+%20.md": b"# two",
        "docs/deep/.hidden.md": b"x",
        "docs/drafts/three.md": b"x",
        "docs/drafts-old/four.md": b"# four",
        "docs/note.txt": b"x",
        "docs-internal/five.md": b"x",
        "docs/folder/": b"",
    }
    sourced.manifest(f"""
        files:
          train: {{path: "{scheme}://data/train/a.jsonl", purpose: evals}}
          docs:
            glob: "{scheme}://data/docs/**/*.md"
            exclude: ["docs/drafts/**"]
          all: {{glob: "{scheme}://data/docs/folder/**", allow_empty: true}}
        """)
    sourced.apply()
    files = sourced.lock["files"]
    assert sorted(files) == [
        "docs/deep/two é+%20.md",
        "docs/drafts-old/four.md",
        "docs/one.md",
        "train",
    ]
    assert files["train"]["path"] == f"{scheme}://data/train/a.jsonl"
    assert files["docs/one.md"]["path"] == f"{scheme}://data/docs/one.md"
    assert files["docs/one.md"]["sha256"] == hashlib.sha256(b"# one").hexdigest()
    assert platform.names() == ["a.jsonl", "four.md", "one.md", "two é+%20.md"]
    assert sent(platform, sourced, "train") == b"{}\n"


def test_a_key_whose_accents_are_characters_of_their_own(
    sourced: Project, bucket: Bucket, platform: Platform
) -> None:
    apart, whole = "docs/cafe\u0301.md", "docs/caf\u00e9.md"
    bucket.objects[apart] = b"apart"
    sourced.manifest('files: {docs: {glob: "s3://data/docs/**"}}')
    sourced.apply()
    assert list(sourced.lock["files"]) == [whole]
    assert sourced.lock["files"][whole]["path"] == f"s3://data/{apart}"
    assert platform.names() == ["caf\u00e9.md"]
    bucket.objects[whole] = b"whole"
    ran = sourced.run("plan", code=1)
    assert " has too: rename one entry; the two names differ only in Unicode's form" in ran.err


def test_each_prefix_is_listed_once_and_each_object_read_once(
    sourced: Project, bucket: Bucket
) -> None:
    bucket.objects |= {"docs/a.md": b"a", "docs/b.txt": b"b"}
    sourced.manifest("""
        files:
          md: {glob: "s3://data/docs/*.md"}
          txt: {glob: "s3://data/docs/*.txt"}
          deep: {glob: "s3://data/docs/deep/*.txt", allow_empty: true}
        """)
    sourced.plan()
    assert sum(one.key == "" for one in bucket.requests) == 1
    assert bucket.reads("docs/a.md") == [(0, 1)]
    bucket.requests.clear()
    assert sourced.plan().json["summary"]["create"] == 2
    assert bucket.reads("docs/a.md") == []  # known by URL, etag and size
    bucket.objects["docs/a.md"] = b"other"
    assert sourced.plan().json["summary"]["create"] == 2
    assert bucket.reads("docs/a.md") == [(0, 5)]
    assert bucket.reads("docs/b.txt") == []


def test_a_large_object_goes_in_parts_each_pinned_and_read_once_more(
    sourced: Project, bucket: Bucket, platform: Platform
) -> None:
    bucket.objects["big.bin"] = Large(130 * MIB)
    sourced.manifest('files: {big: {path: "s3://data/big.bin", purpose: evals, validate: false}}')
    sourced.apply()
    digest = hashlib.sha256()
    for piece in Large(130 * MIB).pieces(0, 130 * MIB):
        digest.update(piece)
    assert sourced.lock["files"]["big"]["sha256"] == digest.hexdigest()
    assert hashlib.sha256(sent(platform, sourced, "big")).hexdigest() == digest.hexdigest()
    spans = [span for span in bucket.reads("big.bin") if span is not None]
    assert sum(end - start for start, end in spans) == 2 * 130 * MIB  # hashed, and sent
    assert max(end - start for start, end in spans) <= 4 * MIB
    pinned = [one for one in bucket.requests if one.method == "GET" and one.key]
    assert all(
        {name.lower(): value for name, value in one.headers.items()}["if-match"]
        == bucket.etag("big.bin")
        for one in pinned
    )


@pytest.mark.parametrize("size", [5 * MIB, 130 * MIB])
def test_an_object_that_changes_while_it_is_sent_is_refused_and_the_others_go(
    sourced: Project, bucket: Bucket, platform: Platform, size: int
) -> None:
    bucket.objects |= {"moving.bin": Large(size), "still.txt": b"still"}
    sourced.manifest("""
        defaults: {validate: false}
        files:
          moving: {path: "s3://data/moving.bin"}
          still: {path: "s3://data/still.txt"}
        """)
    sourced.plan()  # hashes it

    def change(request: Request) -> None:
        if request.key == "moving.bin" and request.span and request.span[0] >= 4 * MIB:
            bucket.objects["moving.bin"] = Large(size - 1)

    bucket.fault = change
    ran = sourced.run("apply", "-y", "--json", code=1)
    (failed,) = ran.json["failed"]
    assert failed["key"] == "moving"
    assert "s3://data/moving.bin changed while filesync was using it" in failed["error"]
    assert list(sourced.lock["files"]) == ["still"]
    assert platform.names() == ["still.txt"]
    bucket.fault = lambda _request: None
    sourced.apply()
    assert sourced.lock["files"]["moving"]["bytes"] == size - 1


def test_an_object_that_changes_while_it_is_hashed_is_left_out(
    sourced: Project, bucket: Bucket
) -> None:
    bucket.objects |= {"moving.bin": Large(9 * MIB), "still.txt": b"still"}
    sourced.manifest("""
        defaults: {validate: false}
        files: {moving: {path: "s3://data/moving.bin"}, still: {path: "s3://data/still.txt"}}
        """)

    def change(request: Request) -> None:
        if request.key == "moving.bin" and request.span and request.span[0] >= 4 * MIB:
            bucket.objects["moving.bin"] = Large(8 * MIB)

    bucket.fault = change
    ran = sourced.run("apply", "-y", code=1)
    assert "s3://data/moving.bin: it changed while it was read" in ran.err
    assert list(sourced.lock["files"]) == ["still"]


@pytest.mark.parametrize(
    ("source", "complaint", "hint"),
    [
        ("path: s3://data/none.txt", "files.k.path: no such object: s3://data/none.txt", ""),
        ("path: s3://other/none.txt", "there is no bucket 'other'", "AWS_REGION"),
        ("glob: s3://other/**", "there is no bucket 'other'", "AWS_ENDPOINT_URL"),
        ("glob: s3://data/none/*.md", "s3://data/none/*.md matches no object", "allow_empty"),
        ("path: s3://data/docs/*.md", "no such object", "write `glob` in place of `path`"),
        ("path: ftp://host/x", "has the scheme ftp://", "s3://, gs://, az://, file:// or https://"),
        ("glob: https://host/*", "cannot be listed", "give each file a `path`"),
        ("path: http://host.example/x", "plain http", "https://"),
        ("path: s3://data", "names no object", "s3://data/key"),
        ("path: s3://data//a.txt", "an empty or a dotted part", "s3://data/folder/name"),
        ("path: s3://data/a//b.txt", "an empty or a dotted part", "s3://data/folder/name"),
        ("glob: s3://data//docs/*", "an empty or a dotted part", "s3://data/folder/name"),
        ("glob: s3://data/./docs/*", "an empty or a dotted part", "s3://data/folder/name"),
    ],
)
def test_errors_name_the_line_the_bucket_and_the_key(
    sourced: Project, source: str, complaint: str, hint: str
) -> None:
    sourced.manifest(f"files:\n  k:\n    {source}\n")
    ran = sourced.run("plan", code=1)
    assert "filesync.yaml:5:" in ran.err
    assert complaint in ran.err
    assert hint in ran.err


@pytest.mark.parametrize(("status", "says"), [(403, "access denied (403"), (503, "too busy")])
def test_a_store_that_refuses_or_throttles(
    sourced: Project, bucket: Bucket, status: int, says: str
) -> None:
    bucket.objects["a.txt"] = b"a"
    bucket.fault = lambda _request: status
    sourced.manifest("files:\n  k: {path: s3://data/a.txt}\n  all: {glob: s3://data/**}\n")
    ran = sourced.run("plan", code=1)
    assert "filesync.yaml:4:13: files.k.path: cannot read s3://data/a.txt" in ran.err
    assert "files.all.glob: cannot list s3://data/" in ran.err
    assert says in ran.err
    assert "canary-aws-secret" not in ran.err


def test_validate_is_offline_and_says_what_it_did_not_check(
    sourced: Project, bucket: Bucket
) -> None:
    sourced.write("here.txt", "here")
    sourced.manifest("""
        vector_stores: {v: {files: ["docs/*", one]}}
        files:
          here: {path: here.txt}
          one: {path: "https://host.example/a.md?sig=canary", purpose: assistants}
          docs: {glob: "s3://data/docs/*.md", purpose: assistants}
        """)
    ran = sourced.run("validate")
    assert "not checked, as that needs a network: 2 sources in object stores" in ran.err
    assert "https://host.example/a.md, s3://data/docs/*.md" in ran.err
    assert "sig=canary" not in ran.err + ran.out
    assert bucket.requests == []


def test_an_offline_plan_takes_the_lockfiles_word(sourced: Project, bucket: Bucket) -> None:
    bucket.objects |= {"docs/a.md": b"a", "b.txt": b"b"}
    text = 'files: {docs: {glob: "s3://data/docs/*"}, b: {path: "s3://data/b.txt"}}'
    sourced.manifest(text)
    sourced.apply()
    bucket.requests.clear()
    plan = sourced.plan("--offline").json
    assert plan["changes"] == []
    assert "the lockfile's word is taken" in " ".join(plan["warnings"])
    sourced.run("validate", "--locked")
    sourced.run("id", "b")
    assert bucket.requests == []


def test_content_is_checked_as_it_streams_by(sourced: Project, bucket: Bucket) -> None:
    good = json.dumps(
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    )
    lines = [good.replace('"a"', f'"{i}"') for i in range(60_000)]
    lines[40_000] = "{broken"
    lines[50_000] = lines[3]
    bucket.objects["train.jsonl"] = "\n".join(lines).encode()
    sourced.manifest('files: {t: {path: "s3://data/train.jsonl", purpose: fine-tune}}')
    ran = sourced.run("plan", code=1)
    assert "s3://data/train.jsonl:40001: " in ran.err
    assert "s3://data/train.jsonl:50001: the same example as in line 4" in ran.err


def test_a_web_server_without_ranges_and_etags(
    sourced: Project, bucket: Bucket, platform: Platform
) -> None:
    bucket.objects["a b.bin"] = Large(6 * MIB)
    bucket.etags = bucket.ranges = False
    sourced.manifest(f"""
        files:
          web: {{path: "{bucket.url}/data/a%20b.bin?X-Amz-Signature=canary-sig", validate: false}}
        """)
    ran = sourced.apply()
    assert platform.names() == ["a b.bin"]
    assert sourced.lock["files"]["web"]["path"] == f"{bucket.url}/data/a%20b.bin"
    everything = ran.out + ran.err + sourced.run("plan", "--full").out + sourced.run("status").out
    assert "canary-sig" not in everything
    for path in sourced.root.rglob("*"):
        if path.is_file() and path.name != "filesync.yaml":
            assert b"canary-sig" not in path.read_bytes(), path


def test_a_file_url_is_a_path_and_stays_in_the_folder(sourced: Project, tmp_path: Path) -> None:
    sourced.write("docs/a b.md", "a")
    sourced.write("docs/drafts/c.md", "c")
    root = sourced.root.as_posix()
    sourced.manifest(f"""
        files:
          one: {{path: "file://{root}/docs/a%20b.md"}}
          docs: {{glob: "file://{root}/docs/**", exclude: ["file://{root}/docs/drafts/**"]}}
        """)
    sourced.apply()
    files = sourced.lock["files"]
    assert sorted(files) == ["docs/a b.md", "one"]
    assert files["one"]["path"] == f"file://{root}/docs/a b.md"
    (tmp_path / "secret.txt").write_text("x")
    sourced.manifest(f'files: {{out: {{path: "file://{tmp_path.as_posix()}/secret.txt"}}}}')
    assert "pass --allow-outside" in sourced.run("plan", code=1).err
    assert sourced.plan("--allow-outside").json["summary"]["create"] == 1


def test_a_listing_may_leave_out_the_quotes_of_etags(sourced: Project, bucket: Bucket) -> None:
    bucket.lists_bare_etags = True
    bucket.objects["docs/one.md"] = b"# one"
    sourced.manifest(
        'files: {docs: {glob: "s3://data/docs/*"}, one: {path: "s3://data/docs/one.md"}}'
    )
    sourced.apply()
    bucket.objects["docs/one.md"] = b"# two"
    assert set(sourced.plan().actions) == {"docs/one.md", "one"}


def test_without_the_extra_it_says_what_to_install(sourced: Project) -> None:
    sourced.manifest('files: {k: {path: "s3://data/a.txt"}}')
    sourced.write("sitecustomize.py", "import sys; sys.modules['obstore'] = None\n")
    process = sourced.start("plan", env={"PYTHONPATH": str(sourced.root)})
    ran = sourced.finish(process, code=1)
    assert "s3://data/a.txt needs the Python package obstore, which is not installed" in ran.err
    assert "pip install 'openai-filesync[cloud]'" in ran.err


def test_only_what_reads_objects_loads_obstore(sourced: Project, bucket: Bucket) -> None:
    bucket.objects["a.txt"] = b"a"
    sourced.manifest('files: {k: {path: "s3://data/a.txt"}}')
    sourced.apply()
    code = "import sys; from filesync.cli import main; sys.argv = ['filesync', *sys.argv[1:]]\n"
    code += "try: main()\nexcept SystemExit: pass\nassert 'obstore' not in sys.modules"
    for command in (["id", "k"], ["ids"], ["validate"]):
        subprocess.run(
            [sys.executable, "-c", code, *command], cwd=sourced.root, env=sourced.env, check=True
        )
