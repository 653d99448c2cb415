"""`drift`: exit code 3 if the platform has moved away from the lockfile, else 0."""

from __future__ import annotations

from tests.cli.harness import Platform, Project


def test_drift_is_what_the_platform_did(platform: Platform, project: Project) -> None:
    project.files("a", "b")
    err = project.run("drift", code=1).err
    assert "there is no lockfile filesync.lock" in err
    project.apply()
    # A change that was not applied yet is not drift.
    project.write("a.txt", "another text\n")
    ran = project.run("drift")
    assert ran.out == "No drift: the platform is as the lockfile says.\n"
    platform.delete(project.id("b"))
    lock = project.lock_path.read_bytes()
    ran = project.run("drift", code=3)
    assert f"  b ({project.id('b')}): " in ran.out
    assert "  a " not in ran.out
    document = project.run("drift", "--json", code=3).json
    assert document["has_drift"] is True
    assert [(one["key"], one["reason"]) for one in document["changes"]] == [
        ("b", "missing_remotely")
    ]
    assert project.run("drift", "--json", "--exclude", "b").json["changes"] == []
    assert project.lock_path.read_bytes() == lock
    project.run("drift", code=1, env={"OPENAI_API_KEY": None})
