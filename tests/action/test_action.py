"""The action's steps, run in order on a machine of our own, against a GitHub of our own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.action.conftest import Repository
from tests.action.github_server import BOT, add
from tests.action.runner import ROOT, load
from tests.cli.fake_api import Answer, FakeApi, Request, error
from tests.cli.harness import CANARY, Platform

COUNTS = ["create", "replace", "adopt", "delete", "forget", "noop", "unmanaged", "upload_bytes"]
COUNTS += ["attach", "detach", "swap", "update"]
PLAN, APPLY = "Plan", "Apply"


def test_story_of_a_pull_request(platform: Platform, repository: Repository) -> None:
    """Plan as a comment, merge, apply, lockfile committed, nothing left; drift found and gone."""
    project, hub = repository.project, repository.github
    project.files("handbook", "prices", "train")
    repository.commit("Declare the files")
    ended = repository.run("apply")
    assert ended.code == 0, ended.log
    assert repository.log() == ["Update the lockfile of filesync", "Declare the files"]
    assert len(platform.files()) == 3
    repository.pull()

    # A branch: one file changed, one given up, one new.
    repository.git("checkout", "-q", "-b", "change")
    gone = project.id("prices")
    project.write("handbook.txt", "the second edition\n")
    (project.root / "prices.txt").unlink()
    project.files("handbook", "train", "faq")
    repository.commit("Change the files")
    ended = repository.run("plan")
    assert ended.code == 0, ended.log
    (comment,) = hub.comments
    assert comment["body"].startswith("<!-- filesync plan ")
    assert "1 to delete, 1 to replace, 1 to create" in comment["body"]
    assert gone in comment["body"]
    assert "1 to delete" in repository.last.summary
    assert len(platform.files()) == 3, "a plan changes nothing"

    # A second commit: the same comment says what is so now.
    project.files("handbook", "train")
    repository.commit("No questions after all")
    assert repository.run("plan").code == 0
    (comment,) = hub.comments
    assert "1 to delete, 1 to replace (" in comment["body"]

    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge the change", "change")
    repository.git("push", "-q")
    ended = repository.run("apply")
    assert ended.code == 0, ended.log
    assert repository.log()[:2] == ["Update the lockfile of filesync", "Merge the change"]
    repository.pull()
    assert gone not in platform.files()
    assert set(project.lock["files"]) == {"handbook", "train"}

    # A second run has nothing to do and commits nothing.
    commits = repository.log()
    assert repository.run("apply").code == 0
    assert project.plan().json["has_changes"] is False
    assert repository.log() == commits

    # Every day: nothing, until somebody deletes a file by hand.
    assert repository.run("drift").code == 0
    assert hub.issues == []
    platform.delete(project.id("train"))
    for _ in range(2):  # on the second day it is the same issue
        ended = repository.run("drift")
        assert ended.code == 1
        assert "::error::" in ended.log
        (issue,) = hub.issues
        assert issue["title"] == "filesync: filesync.yaml has drifted"
        assert "missing on the platform" in issue["body"]
        assert issue["state"] == "open"
    assert repository.run("apply").code == 0
    assert repository.run("drift").code == 0
    assert hub.issues[0]["state"] == "closed"


def test_only_the_one_command_is_put_on_path(repository: Repository) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    assert repository.run("plan").code == 0
    assert repository.last.on_path == ["filesync"]
    done = repository.last._run("filesync --version", {})
    assert done.code == 0, done.log


def test_what_is_installed_is_locked_by_hash(repository: Repository) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    assert repository.run("plan").code == 0
    first, second = (repository.last.temp / "pip.log").read_text().splitlines()
    assert f"--require-hashes -r {ROOT}/requirements/run.txt" in first
    assert f"--no-deps --no-build-isolation {ROOT}" in second
    assert repository.run("plan", cloud="true").code == 0
    first, _ = (repository.last.temp / "pip.log").read_text().splitlines()
    assert f"--require-hashes -r {ROOT}/requirements/cloud.txt" in first
    assert "\nobstore==" in (ROOT / "requirements" / "cloud.txt").read_text()
    assert repository.run("plan", package="openai-filesync==0.1.0").code == 0
    (only,) = (repository.last.temp / "pip.log").read_text().splitlines()
    assert only.endswith(" install openai-filesync==0.1.0")
    for step in load("action.yml")["runs"]["steps"]:
        assert "uses" not in step or re.search("@[0-9a-f]{40}$", step["uses"])


def test_only_plan_and_apply_see_the_key(repository: Repository) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    for mode in ("plan", "apply", "drift"):
        ended = repository.run(mode)
        assert ended.code == 0, ended.log
        seen = {name for name, env in repository.last.seen.items() if CANARY in env.values()}
        assert seen == {APPLY if mode == "apply" else PLAN}
        assert CANARY not in repository.last.env.values()


def test_the_job_may_bring_the_key_itself(repository: Repository) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    repository.env["OPENAI_API_KEY"] = CANARY
    job = repository.job()
    job.env["OPENAI_API_KEY"] = CANARY
    job._checkout({})
    assert job.action({"mode": "apply", "base-url": repository.server}).code == 0
    assert len(repository.log()) == 2


@pytest.mark.parametrize("where", ["remote: {base_url: '%s'}\n", "remote: {base_url: '${URL}'}\n"])
def test_the_manifest_cannot_say_where_the_key_goes(
    where: str, repository: Repository, fake: FakeApi
) -> None:
    """Only where an input allows it."""
    project = repository.project
    project.files("a", rest=where.replace("%s", fake.url))
    repository.commit("Declare the files")
    repository.env |= {"URL": fake.url, "OPENAI_BASE_URL": fake.url}
    repository.run("plan")
    assert fake.log == []
    repository.run("plan", base_url="manifest", allow_env="URL")
    # Even then no variable says it, which a job may take from anywhere.
    assert bool(fake.log) is ("URL" not in where)


def test_variables_are_those_that_are_named(repository: Repository) -> None:
    repository.project.manifest(
        "files: {a: {path: '${WHERE}.txt'}, b: {path: '${FILESYNC_VAR_B}.txt'}}\n"
    )
    for name in "ab":
        repository.project.write(f"{name}.txt", name)
    repository.commit("Declare the files")
    repository.env |= {"WHERE": "a", "FILESYNC_VAR_B": "b", "NPM_TOKEN": "a"}
    ended = repository.run("plan")
    assert ended.code == 1
    assert "--allow-env WHERE" in ended.log
    ended = repository.run("plan", allow_env="OTHER, WHERE")
    assert ended.code == 0, ended.log
    assert ended.outputs["create"] == "2"
    repository.project.manifest("files: {a: {path: '${NPM_TOKEN}.txt'}}\n")
    repository.commit("Take a secret")
    ended = repository.run("plan", allow_env="NPM_TOKEN")
    assert ended.code == 1
    assert "looks like a secret" in ended.log


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"mode": "aply"}, "mode is 'aply'"),
        ({"comment": "yes"}, "comment is 'yes'"),
        ({"issue": ""}, "issue is ''"),
        ({"commit": "1"}, "commit is '1'"),
        ({"cloud": "s3"}, "cloud is 's3'"),
        ({"args": "--only 'a"}, "args cannot be split"),
        ({"args": "--env=prod"}, "use the input environment"),
        ({"args": "-mprod.yaml"}, "use the input manifest"),
        ({"args": "--base-url http://x"}, "use the input base-url"),
        ({"allow-env": "A-B"}, "allow-env has 'A-B'"),
        ({"manifest": "no.yaml"}, "there is no manifest no.yaml"),
    ],
)
def test_wrong_inputs_stop_it_before_anything_is_installed(
    inputs: dict[str, str], says: str, repository: Repository
) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    given = dict(inputs)
    ended = repository.run(given.pop("mode", "apply"), fork=False, **given)
    assert ended.code == 1
    assert says in ended.log
    assert "::error::" in ended.log
    assert not (repository.last.temp / "pip.log").exists()
    assert APPLY not in ended.ran


def test_arguments_are_split_as_a_shell_does(platform: Platform, repository: Repository) -> None:
    project = repository.project
    project.write("my docs/a b.txt", "a")
    project.write("b.txt", "b")
    project.manifest("files: {docs: {glob: 'my docs/*.txt'}, b: {path: b.txt}}\n")
    repository.commit("Declare the files")
    ended = repository.run(
        "apply", args="--only 'docs/a b.txt' --max-delete \"3\" --only '$(touch x)'"
    )
    assert ended.code == 1  # nothing is called $(touch x): it was not run
    assert not (repository.last.workspace / "x").exists()
    ended = repository.run("apply", args="--only 'docs/a b.txt' --max-delete \"3\"")
    assert ended.code == 0, ended.log
    assert platform.names() == ["a b.txt"]


def test_manifest_below_a_folder_and_the_other_suffix(
    platform: Platform, repository: Repository
) -> None:
    project = repository.project
    project.write("a.txt", "a")
    text = "version: 1\nproject: prod\nfiles: {a: {path: ../a.txt}}\n"
    project.write("envs/prod.yml", text)
    project.write("filesync.yml", text.replace("../", "").replace("prod", "main"))
    repository.commit("Declare the files")
    ended = repository.run(
        "apply", manifest="envs/prod.yml", args="--allow-outside", commit_message="Ids"
    )
    assert ended.code == 0, ended.log
    assert repository.log()[0] == "Ids"
    changed = ["--git-dir", repository.origin, "show", "--name-only", "--format=", "main"]
    assert repository.git(*changed).split() == ["envs/prod.lock"]
    assert repository.run("apply", args="--allow-duplicates").code == 0
    assert repository.git(*changed).split() == ["filesync.lock"]


# Before and after an apply


def test_a_checkout_without_a_branch_is_refused_before_any_write(
    platform: Platform, repository: Repository
) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    job = repository.job("pull_request")
    job._checkout({})
    ended = job.action({"mode": "apply", "api-key": CANARY, "base-url": repository.server})
    assert ended.code == 1
    assert "not on a branch" in ended.log
    assert platform.files() == {}
    ended = job.action(
        {"mode": "apply", "api-key": CANARY, "base-url": repository.server, "commit": "false"}
    )
    assert ended.code == 0, ended.log


def test_a_token_that_may_not_push_is_refused_before_any_write(
    platform: Platform, repository: Repository
) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    repository.github.permissions = {"contents": "read"}
    ended = repository.run("apply")
    assert ended.code == 1
    assert "could not be pushed to main" in ended.log
    assert platform.files() == {}
    assert APPLY not in ended.ran


def test_a_lockfile_that_git_ignores_is_refused_before_any_write(
    platform: Platform, repository: Repository
) -> None:
    repository.project.files("a")
    repository.project.write(".gitignore", "*.lock\n")
    repository.commit("Declare the files")
    ended = repository.run("apply")
    assert ended.code == 1
    assert "git ignores filesync.lock" in ended.log
    assert platform.files() == {}


def test_an_old_lockfile_is_refused_before_any_write(
    platform: Platform, repository: Repository
) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    job = repository.job()
    job._checkout({})
    assert repository.run("apply").code == 0
    ended = job.action({"mode": "apply", "api-key": CANARY, "base-url": repository.server})
    assert ended.code == 1
    assert "main has a newer filesync.lock" in ended.log
    assert len(platform.files()) == 1


@pytest.mark.parametrize("keeps", ["true", "false"])
def test_it_pushes_with_or_without_the_credentials_of_the_checkout(
    keeps: str, repository: Repository
) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    job = repository.job()
    job._checkout({"persist-credentials": keeps})
    ended = job.action({"mode": "apply", "api-key": CANARY, "base-url": repository.server})
    assert ended.code == 0, ended.log
    assert len(repository.log()) == 2
    assert "job-token" not in ended.log


def test_lockfile_is_rebased_on_whatever_is_pushed_meanwhile(repository: Repository) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    repository.hook_pushes_first(2)
    ended = repository.run("apply")
    assert ended.code == 0, ended.log
    assert repository.log() == [
        "Update the lockfile of filesync",
        "Meanwhile 1",
        "Meanwhile 0",
        "Declare the files",
    ]


def test_a_push_that_is_refused_fails_the_job_and_loses_no_id(
    platform: Platform, repository: Repository
) -> None:
    """As where main accepts only pull requests."""
    repository.project.files("a")
    repository.commit("Declare the files")
    hook = Path(repository.origin, "hooks", "update")
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ] || exit 1\n')
    hook.chmod(0o755)
    ended = repository.run("apply")
    assert ended.code == 1
    assert "filesync-lock-42-1" in ended.log
    (id_,) = platform.files()
    kept = ["--git-dir", repository.origin, "show", "filesync-lock-42-1:filesync.lock"]
    assert id_ in repository.git(*kept)
    # Not even that: then it is in the log.
    hook.write_text("#!/bin/sh\nexit 1\n")
    ended = repository.run("apply", args="--allow-duplicates")
    assert ended.code == 1
    assert "commit filesync.lock as it is in the log" in ended.log
    assert len(re.findall('"id": "file-', ended.log)) == 1


def test_lockfile_is_committed_after_an_apply_that_failed_half_way(
    repository: Repository, fake: FakeApi
) -> None:
    project = repository.project
    project.files("a", "b")
    repository.commit("Declare the files")

    def refuse(request: Request) -> Answer | None:
        return error(400, "not this one") if request.filename == "b.txt" else None

    fake.rule(refuse)
    ended = repository.run("apply", base_url=fake.url)
    assert ended.code == 1
    assert "not this one" in ended.log
    assert "not this one" in repository.last.summary
    assert (ended.outputs["applied"], ended.outputs["failed"]) == ("1", "1")
    assert repository.log()[0] == "Update the lockfile of filesync"
    repository.pull()
    assert set(project.lock["files"]) == {"a"}


# What it says


def test_summary_and_outputs_have_every_count(platform: Platform, repository: Repository) -> None:
    project = repository.project
    stores = "vector_stores: {kb: {files: ['*']}}\n"
    project.files(rest=stores, a="purpose: assistants", b="purpose: assistants")
    repository.commit("Declare the files")
    ended = repository.run("plan")
    assert ended.code == 0, ended.log
    assert {name: ended.outputs[name] for name in COUNTS} == {
        **dict.fromkeys(COUNTS, "0"),
        "create": "2",
        "attach": "2",
        "upload_bytes": ended.outputs["upload_bytes"],
    }
    assert ended.outputs["has_changes"] == "true"
    assert Path(ended.outputs["plan_path"]).is_file()
    ended = repository.run("apply")
    assert ended.code == 0, ended.log
    assert (ended.outputs["create"], ended.outputs["attach"]) == ("2", "2")
    assert (ended.outputs["applied"], ended.outputs["failed"]) == ("5", "0")
    assert "### filesync: applied 5 changes" in repository.last.summary
    assert set(platform.files()) <= set(re.findall(r"file-\w+", repository.last.summary))
    ended = repository.run("apply")
    assert (ended.outputs["has_changes"], ended.outputs["noop"]) == ("false", "2")
    assert "applied 0 changes" in repository.last.summary


def test_a_refusal_is_in_the_summary(platform: Platform, repository: Repository) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    platform.upload("a.txt", b"this is a\n")
    ended = repository.run("apply")
    assert ended.code == 1
    assert "the apply failed" in repository.last.summary
    assert "--allow-duplicates" in repository.last.summary


def test_names_of_files_are_no_commands_to_github(repository: Repository) -> None:
    repository.project.manifest("files: {a: {path: '::set-output name=x::y.txt'}}\n")
    repository.commit("Declare the files")
    ended = repository.run("plan")
    assert ended.code == 1
    before, _, rest = ended.log.partition("::stop-commands::")
    mark = rest.split("\n", 1)[0]
    assert "set-output" in rest.split(f"::{mark}::")[0]
    assert "set-output" not in before + rest.split(f"::{mark}::")[1]


def test_plan_of_a_fork_needs_no_key(repository: Repository) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    ended = repository.run("plan", fork=True)
    assert ended.code == 0, ended.log
    assert "1 to create" in repository.github.comments[0]["body"]
    ended = repository.run("plan", api_key="")
    assert ended.code == 1, "anybody else must not be shown half a plan"


def test_failed_plan_is_told_in_the_comment(repository: Repository) -> None:
    repository.project.write("filesync.yaml", "version: 1\nproject: x\nfiles: {<b>@all: 1}\n")
    repository.commit("Declare nonsense")
    ended = repository.run("plan")
    assert ended.code == 1
    assert "filesync.yaml:3:" in ended.log
    (comment,) = repository.github.comments
    assert "the plan failed" in comment["body"]
    assert "&lt;b&gt;@&#8203;all" in comment["body"]
    repository.project.files("a")
    repository.commit("Declare a file")
    assert repository.run("plan").code == 0
    (comment,) = repository.github.comments
    assert "1 to create" in comment["body"]


def test_a_plan_that_fails_a_thousand_times_still_fits_a_comment(repository: Repository) -> None:
    bad = ", ".join(f"'<&{number}': 1" for number in range(3000))
    repository.project.manifest(f"files: {{{bad}}}\n")
    repository.commit("Declare nonsense")
    assert repository.run("plan").code == 1
    (comment,) = repository.github.comments
    assert comment["body"].rstrip().endswith("</pre>")


@pytest.mark.parametrize(("token", "login"), [("a-person's", "alice"), ("an-app's", "files[bot]")])
def test_comment_is_found_again_with_any_kind_of_token(
    token: str, login: str, repository: Repository
) -> None:
    hub = repository.github
    hub.tokens[token] = login
    repository.project.files("a")
    repository.commit("Declare the files")
    for number in range(3):  # more than a page of them
        add(hub, "comments", login="bob", on=7, body=f"comment {number}")
    assert repository.run("plan", token=token).code == 0
    repository.project.files("a", "b")
    repository.commit("Declare another")
    assert repository.run("plan", token=token).code == 0
    (comment,) = (one for one in hub.comments if one["login"] == login)
    assert "2 to create" in comment["body"]


def test_comments_of_others_are_left_alone(repository: Repository) -> None:
    hub = repository.github
    repository.project.files("a")
    repository.commit("Declare the files")
    assert repository.run("plan").code == 0
    mark = hub.comments[0]["body"].splitlines()[0]
    hub.comments.clear()
    add(hub, "comments", login="mallory", on=7, body=f"{mark}\nall is well")
    assert repository.run("plan").code == 0
    assert [one["login"] for one in hub.comments] == ["mallory", BOT]
    assert hub.comments[0]["body"].endswith("all is well")
    # Another manifest has a comment of its own.
    repository.project.write("prod.yaml", "version: 1\nproject: prod\nfiles: {a: {path: a.txt}}\n")
    repository.commit("Declare for production")
    assert repository.run("plan", manifest="prod.yaml").code == 0
    assert len(hub.comments) == 3


def test_comments_only_where_something_changes_or_changed(repository: Repository) -> None:
    hub = repository.github
    repository.project.files("a")
    repository.commit("Declare the files")
    assert repository.run("apply").code == 0
    repository.pull()
    assert repository.run("plan").code == 0
    assert hub.comments == []
    repository.project.files("a", "b")
    repository.commit("Declare another")
    assert repository.run("plan").code == 0
    calls = len(hub.calls)
    assert repository.run("plan").code == 0
    assert hub.calls[calls:] == ["query"], "the same text is not written again"
    repository.project.files("a")
    repository.commit("Not after all")
    assert repository.run("plan").code == 0
    (comment,) = hub.comments
    assert "no changes" in comment["body"]


def test_comment_that_cannot_be_made_fails_nothing(repository: Repository) -> None:
    repository.project.files("a")
    repository.commit("Declare the files")
    repository.github.permissions = {"contents": "read"}
    for token, says in (("", "there is no token"), ("x", "HTTP 401"), ("job-token", "HTTP 403")):
        ended = repository.run("plan", token=token)
        assert ended.code == 0
        assert "::warning::" in ended.log
        assert says in ended.log
    calls = len(repository.github.calls)
    assert repository.run("plan", comment="false").code == 0
    assert len(repository.github.calls) == calls


def test_issues_of_others_are_left_alone(platform: Platform, repository: Repository) -> None:
    """Neither the title nor the mark makes an issue ours."""
    hub = repository.github
    repository.project.files("a")
    repository.commit("Declare the files")
    assert repository.run("apply").code == 0
    repository.pull()
    title = "filesync: filesync.yaml has drifted"
    platform.delete(repository.project.id("a"))
    assert repository.run("drift").code == 1
    mark = hub.issues[0]["body"].splitlines()[0]
    hub.issues.clear()
    add(hub, "issues", login="mallory", title=title, body=f"{mark}\nmine")
    add(hub, "issues", login=BOT, title=title, body="of another workflow")
    assert repository.run("drift").code == 1
    assert [one["body"] for one in hub.issues[:2]] == [f"{mark}\nmine", "of another workflow"]
    assert len(hub.issues) == 3
    hub.issues[2]["title"] = "Somebody renamed it"
    assert repository.run("drift").code == 1
    assert len(hub.issues) == 3
    assert repository.run("apply").code == 0
    repository.pull()
    assert repository.run("drift").code == 0
    assert [one["state"] for one in hub.issues] == ["open", "open", "closed"]


def test_environment_has_its_own_lockfile_comment_and_issue(
    platform: Platform, repository: Repository
) -> None:
    project, hub = repository.project, repository.github
    several = "environments: {staging: {project: test-staging, prefix: staging-}}\n"
    project.files("a", rest=several)
    repository.commit("Declare the files")
    changed = ["--git-dir", repository.origin, "show", "--name-only", "--format=", "main"]
    ended = repository.run("apply", environment="staging")
    assert ended.code == 0, ended.log
    assert platform.names() == ["staging-a.txt"]
    assert repository.git(*changed).split() == ["filesync.staging.lock"]
    assert repository.run("apply").code == 0
    assert platform.names() == ["a.txt", "staging-a.txt"]
    assert repository.git(*changed).split() == ["filesync.lock"]
    repository.pull()

    project.files("a", "b", rest=several)
    repository.commit("Declare another")
    for environment in ("", "staging", ""):
        ended = repository.run("plan", environment=environment)
        assert ended.code == 0, ended.log
    bodies = [comment["body"] for comment in hub.comments]
    assert len(bodies) == 2
    assert "test-staging" in bodies[1]
    assert "test-staging" not in bodies[0]

    platform.delete(project.id("a"))
    assert repository.run("drift", environment="staging").code == 0
    assert repository.run("drift").code == 1
    # The job's variable does the same as the input.
    (staging,) = (id_ for id_, one in platform.files().items() if one["filename"] != "a.txt")
    platform.delete(staging)
    repository.env["FILESYNC_ENV"] = "staging"
    assert repository.run("drift").code == 1
    assert [issue["title"] for issue in hub.issues] == [
        "filesync: filesync.yaml has drifted",
        "filesync: filesync.yaml (staging) has drifted",
    ]


# What it is made of


def test_no_expression_stands_in_a_script() -> None:
    """Whoever names a branch or a file must not write our shell."""
    for step in load("action.yml")["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) == ("shell" in step)


def test_descriptions_have_no_expressions() -> None:
    """GitHub would evaluate them, and refuse the action."""
    action = load("action.yml")
    for one in (*action["inputs"].values(), *action["outputs"].values()):
        assert "${{" not in one["description"]


def test_every_input_is_told_and_used() -> None:
    action = load("action.yml")
    text = (ROOT / "action.yml").read_text()
    assert action["runs"]["using"] == "composite"
    for name, one in action["inputs"].items():
        assert one["description"]
        assert f"inputs.{name}" in text
    ids = {step.get("id") for step in action["runs"]["steps"]}
    for one in action["outputs"].values():
        found = re.findall(r"steps\.(\w+)\.outputs\.\w+", one["value"])
        assert found
        assert set(found) <= ids


def test_whichever_step_is_named_is_there() -> None:
    for step in load("action.yml")["runs"]["steps"]:
        if found := re.search(r"main\.py\" (\w+)", step.get("run", "")):
            assert (ROOT / ".github" / "action" / f"{found[1]}.py").is_file()
