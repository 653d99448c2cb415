"""A plan as Python sees it: made now, or read back from a file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from filesync.api.arguments import positive
from filesync.core.plan import plan as live
from filesync.core.plan.document import (
    ChangeDocument,
    FileDocument,
    PlanDocument,
    document_of,
)
from filesync.core.plan.plan import Summary
from filesync.core.plan.stores import StoreDocument
from filesync.core.run import Run


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a plan, as `plan --json` has it.

    `key` is None for a file that no key names, `id` for one that is yet to be uploaded. `before`
    and `after` are what the platform has and will have, None where there is no file.
    """

    key: str | None
    action: str
    reason: str
    path: str | None = field(repr=False)
    filename: str | None = field(repr=False)
    purpose: str | None = field(repr=False)
    bytes: int | None
    sha256: str | None = field(repr=False)
    id: str | None
    fields: tuple[str, ...]
    before: FileDocument | None = field(repr=False)
    after: FileDocument | None = field(repr=False)
    shared_with: str | None = field(repr=False, default=None)


@dataclass(frozen=True, repr=False)
class Plan:
    """What an apply would do. `filesync.plan` makes one, and `Plan.load` reads a saved one.

    Do not make one yourself; `filesync.apply` takes it.
    """

    _document: PlanDocument
    _run: Run
    _made: live.Plan | None = None
    _path: str | None = None

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        manifest: str | os.PathLike[str] = "filesync.yaml",
        *,
        base_url: str | None = None,
        allow_outside: bool = False,
        allow_insecure_http: bool = False,
        api_key: str | None = None,
        timeout: float | None = None,
    ) -> Plan:
        """Return a plan that `to_json`, or `filesync plan --out`, wrote.

        It is applied exactly as it is, or refused as stale. Raises FilesyncError if there is no
        such file, or it is not a plan.
        """
        from filesync.core.secret import secret
        from filesync.workflow.saved_plans import read_plan, run_as_saved

        positive("timeout", timeout)
        name = os.fsdecode(path)
        saved = read_plan(name)
        run = Run(
            os.fsdecode(manifest),
            base_url,
            allow_outside=allow_outside,
            allow_insecure_http=allow_insecure_http,
            api_key=secret(api_key),
            timeout=timeout,
        )
        return cls(saved, run_as_saved(run, saved, name), None, name)

    @classmethod
    def of(cls, made: live.Plan) -> Plan:
        """Return a plan that was made now."""
        return cls(document_of(made), made.inputs.run, made)

    @property
    def project(self) -> str:
        """Return the manifest's project."""
        return self._document.project

    @property
    def base_url(self) -> str:
        """Return the server."""
        return self._document.base_url

    @property
    def has_changes(self) -> bool:
        """Say whether an apply would do anything."""
        return self._document.has_changes

    @property
    def has_drift(self) -> bool:
        """Say whether the platform moved, not the repository."""
        return self._document.has_drift

    @property
    def summary(self) -> Summary:
        """Return the counts of changes by action, and the bytes to upload."""
        return self._document.summary

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a person should know, refusals of the guards included."""
        return self._document.warnings

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Return the changes of files, deletes first; what is up to date is not among them."""
        return tuple(_change(one) for one in self._document.changes)

    @property
    def vector_stores(self) -> tuple[StoreDocument, ...]:
        """Return the vector stores that change, each with the changes of its documents."""
        return self._document.stores

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `filesync plan --json` prints."""
        return self._document.document()

    def to_json(self) -> str:
        """Return the text of a plan file, for `Plan.load` and `filesync apply PLANFILE`."""
        from filesync.output.json import saved_document, to_text

        return to_text(saved_document(self._document)) + "\n"

    def to_markdown(self) -> str:
        """Return the report that `filesync plan --markdown` prints."""
        from filesync.output.plan_markdown import render_markdown

        return render_markdown(self._document)

    def __str__(self) -> str:
        from filesync.output.plan_text import render_plan

        return render_plan(self._document)

    def __repr__(self) -> str:
        summary = self.summary._asdict()
        counts = [f"{count} {name}" for name, count in summary.items() if count and name in _SHOWN]
        said = ", ".join(counts) or ("changes" if self.has_changes else "no changes")
        return f"<Plan {self.project} on {self.base_url}: {said}>"


_SHOWN = {*Summary._fields} - {"noop", "unmanaged", "upload_bytes"}


def live_plan(plan: Plan) -> live.Plan:
    """Return the plan to carry out. A saved one is made again, and Refused if it is stale."""
    if plan._made is not None:
        return plan._made
    from filesync.workflow.saved_plans import plan_as_saved

    assert plan._path is not None
    return plan_as_saved(plan._run, plan._document, plan._path)


def run_of(plan: Plan) -> Run:
    """Return what a plan's making was asked for."""
    return plan._run


def _change(one: ChangeDocument) -> Change:
    return Change(
        key=one.key,
        action=one.action,
        reason=one.reason,
        path=one.path,
        filename=one.filename,
        purpose=one.purpose,
        bytes=one.bytes,
        sha256=one.sha256,
        id=one.id,
        fields=one.fields,
        before=one.before,
        after=one.after,
        shared_with=one.shared_with,
    )
