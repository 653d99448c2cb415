"""What a server must carry for filesync to work with it: a whole life of a project's files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.cli.harness import Project

EDITED, ADDED, REMOVED = "0007", "added", "0003"


def converge(project: Project, server_type: str, count: int) -> Iterator[str]:
    """Apply `count` files, edit, apply, destroy; yields each step that went as it should.

    After each apply the plan must be empty. Raises AssertionError where a step goes wrong.
    """
    project.manifest(
        f"""\
        remote: {{type: {server_type}, requests_per_minute: 1000000}}
        limits: {{max_delete: 100%}}
        files:
          page: {{glob: 'pages/*.jsonl', allow_empty: true, purpose: batch}}
        """
    )
    for number in range(count):
        project.write(f"pages/{number:04d}.jsonl", _page(number))
    project.run("validate")
    yield "validate"
    summary = _apply(project)
    assert summary["create"] == count, summary
    yield f"apply: {count} created"
    _empty(project)
    yield "plan: no changes"
    project.write(f"pages/{EDITED}.jsonl", _page(-1))
    project.write(f"pages/{ADDED}.jsonl", _page(-2))
    (project.root / f"pages/{REMOVED}.jsonl").unlink()
    summary = _apply(project)
    changes = {name: summary[name] for name in ("create", "replace", "delete")}
    assert changes == {"create": 1, "replace": 1, "delete": 1}, summary
    yield "edit and apply: 1 created, 1 replaced, 1 deleted"
    _empty(project)
    yield "plan: no changes"
    project.run("destroy", "-y")
    assert project.run("ls", "--json").json == []
    yield "destroy: nothing is left"


def _page(number: int) -> str:
    body = f'{{"model": "m", "input": "{number}"}}'
    return (
        f'{{"custom_id": "{number}", "method": "POST", "url": "/v1/responses", "body": {body}}}\n'
    )


def _apply(project: Project) -> dict[str, Any]:
    summary = project.run("apply", "-y", "--json", "--concurrency", "16").json["summary"]
    assert isinstance(summary, dict)
    return summary


def _empty(project: Project) -> None:
    planned = project.run("plan", "--detailed-exitcode", "--json", code=None)
    assert planned.code == 0, planned.out + planned.err
