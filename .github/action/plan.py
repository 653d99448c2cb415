"""Plan, save the plan, and write the report."""

from __future__ import annotations

from command import failure_report, filesync, has_key
from job import given, output, temporary, words


def run() -> int:
    """Return the exit code of `filesync plan`."""
    report = temporary("filesync-report.md")
    output("report_path", str(report))
    # A fork gets no secrets, so it is compared with the lockfile only.
    offline = given("FORK") == "true" and not has_key()
    how = ["--offline"] if offline else ["--out", str(temporary("filesync-plan.json"))]
    code, said = filesync("plan", "--markdown", *how, *words(), stdout=report)
    if code:
        report.write_text(failure_report("plan", said), encoding="utf-8")
    return code
