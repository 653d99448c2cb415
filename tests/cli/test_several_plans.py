"""`plan` for all environments, or for several manifests, in one report."""

from __future__ import annotations

from tests.cli.harness import Project, check_plan
from tests.cli.terminal import on_terminal


def test_all_environments_in_one_report(project: Project) -> None:
    environments = "environments: {staging: {project: s}, prod: {project: p}}\n"
    project.files("a", rest=environments)
    project.run("apply", "-y", "--env", "prod")
    ran = project.run("plan", "--env", "all", "--json", "--detailed-exitcode", code=2)
    document = ran.json
    assert [(one["manifest"], one["env"]) for one in document["plans"]] == [
        ("filesync.yaml", "staging"),
        ("filesync.yaml", "prod"),
    ]
    assert [one["has_changes"] for one in document["plans"]] == [True, False]
    assert (document["summary"]["create"], document["summary"]["noop"]) == (1, 1)
    assert document["failed"] == []
    for one in document["plans"]:
        check_plan({name: part for name, part in one.items() if name not in ("manifest", "env")})
    shown = project.run("plan", "--env", "all").out
    assert "== filesync.yaml, environment staging\n" in shown
    assert shown.endswith("\n\nAll 2: 1 to create.\n")
    # The manifest itself counts once it is applied, too.
    project.run("apply", "-y", "--allow-duplicates")
    assert len(project.run("plan", "--env", "all", "--json").json["plans"]) == 3
    assert project.run("apply", "-y", "--env", "all", code=1).err


def test_several_manifests_and_one_that_is_wrong(project: Project) -> None:
    project.write("x/a.txt")
    project.manifest("files: {a: {path: a.txt}}", name="x/one.yaml", project="one")
    project.manifest("files: {b: {path: b.txt}}", name="x/two.yaml", project="two")
    both = ("-m", "x/one.yaml", "-m", "x/two.yaml")
    ran = project.run("plan", *both, "--json", code=1)
    assert [one["project"] for one in ran.json["plans"]] == ["one"]
    (failed,) = ran.json["failed"]
    assert failed["manifest"] == "x/two.yaml"
    assert "no such file: b.txt" in failed["error"]
    assert "1 plan could not be made" in ran.err
    shown = project.run("plan", *both, code=1).out
    assert shown.endswith("\n\n1 of 2 failed; planned: 1 to create.\n")
    wrong = ("-m", "x/two.yaml", "-m", "none.yaml")
    assert project.run("plan", *wrong, code=1).out.endswith("\n\n2 of 2 failed.\n")
    shown = project.run("plan", *both, "--markdown", code=1).out
    assert "## `x/one.yaml`" in shown
    assert "**No plan:**" in shown
    summary = project.root / "summary.md"
    project.write("x/b.txt")
    project.run("plan", *both, env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text().count("### filesync: ") == 2
    for command in (["apply", "-y"], ["status"], ["validate"]):
        assert "takes one --manifest" in project.run(*command, *both, code=1).err
    assert "several plans" in project.run("plan", *both, "--out", "p.json", code=1).err


def test_a_report_taller_than_the_terminal_is_paged(project: Project) -> None:
    for n in range(30):
        project.write(f"docs/{n}.txt", f"{n}")
    project.manifest(
        "files: {docs: {glob: 'docs/*'}}\n"
        "environments: {staging: {project: s}, prod: {project: p}}\n"
    )
    env = {"PAGER": "sed s/^/paged:/", "COLUMNS": "80", "LINES": "24"}
    _, text = on_terminal(project, "plan", "--env", "all", env=env)
    assert "paged:== filesync.yaml, environment staging" in text
    assert "paged:All 2: 60 to create." in text
    _, text = on_terminal(project, "plan", "--env", "all", "--no-pager", env=env)
    assert "paged:" not in text


def test_a_plan_with_wrong_content_is_named_once(project: Project) -> None:
    project.write("bad.jsonl", "not json\n")
    project.manifest(
        "files: {bad: {path: bad.jsonl, purpose: fine-tune}, b: {path: b.txt}}\n"
        "environments: {prod: {project: p}}\n"
    )
    project.write("b.txt")
    several = ("plan", "--env", "all")
    ran = project.run(*several, code=1)
    assert ran.out.count("== filesync.yaml, environment prod\n") == 1
    assert "errors in the content: bad.jsonl:1: " in ran.out
    assert "no plan" not in ran.out
    assert ran.out.endswith("\n\n1 of 1 failed; planned: 1 to create.\n")
    shown = project.run(*several, "--markdown", code=1).out
    assert shown.count("## `filesync.yaml, environment prod`\n") == 1
    assert "**Errors in the content:**\n\n- bad.jsonl:1: " in shown
    assert shown.count("### filesync: 1 to create") == 1
    summary = project.run(*several, "--json", code=1).json
    assert [len(summary[part]) for part in ("plans", "failed")] == [1, 1]
