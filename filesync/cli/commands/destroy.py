"""`filesync destroy`: delete all that the lockfile owns."""

from __future__ import annotations

from filesync.cli import streams
from filesync.cli.options import (
    Common,
    concurrency_option,
    insecure_option,
    json_option,
    lock_timeout_option,
    missing_option,
    subcommand,
    yes_option,
)
from filesync.cli.plan_steps import ask, carry_out, print_plan, warn_but_of_refusals


@subcommand(
    "destroy",
    yes_option,
    json_option,
    concurrency_option,
    missing_option,
    lock_timeout_option,
    insecure_option,
    examples={
        "filesync destroy": "list what goes, ask, delete it",
        "filesync destroy -m old.yaml --yes": "another manifest's files, without a prompt",
    },
)
def destroy(
    common: Common,
    yes: bool,
    as_json: bool,
    concurrency: int,
    accept_missing: bool,
    lock_timeout: float,
    allow_insecure_http: bool,
) -> None:
    """Delete every remote file that the lockfile owns.

    Also deletes files left over from an interrupted apply.
    """
    from filesync.core.decide.guards import Overrides, enforce
    from filesync.core.plan.document import document_of
    from filesync.execute.applier import ApplySettings
    from filesync.output.plan_counts import counts_of
    from filesync.workflow.destroy import plan_destroy
    from filesync.workflow.workspace import alone

    run = common.run(allow_insecure_http=allow_insecure_http)
    if not as_json:
        streams.do_without_stdout()
    with alone(run, timeout=lock_timeout, on_wait=common.warn):
        made = plan_destroy(run)
        warn_but_of_refusals(common, made)
        if not as_json:
            print_plan(common, document_of(made))
        overrides = Overrides(missing=accept_missing)
        enforce(made.refusals, overrides, made.changes)
        if made.has_changes:
            ask(f"Apply {counts_of(made)}? What is deleted cannot be restored.", yes)
        settings = ApplySettings(concurrency=concurrency, again="destroy")
        carry_out(common, made, overrides, settings, as_json)
