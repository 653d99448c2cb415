"""Fine-tuning jobs and batches: records of what would run. Nothing does; they wait for a cancel.

A job on a file that the platform could not use fails, as it does there: after the answer that
made it.
"""

from __future__ import annotations

import secrets
import sqlite3

from filesync.emulator import checks, errors, job_files, records
from filesync.emulator.call import Call
from filesync.emulator.errors import ApiError, Json
from filesync.emulator.store import Store, blobs_of, find_file

JOB, BATCH = "fine_tuning.job", "batch"
BATCH_ENDPOINTS = (
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/moderations",
    "/v1/images/generations",
    "/v1/images/edits",
    "/v1/videos",
)
_JOB_REQUIRED = ("model", "training_file")
_JOB_FIELDS = (
    *_JOB_REQUIRED,
    "validation_file",
    "hyperparameters",
    "integrations",
    "metadata",
    "method",
    "seed",
    "suffix",
)
_BATCH_REQUIRED = ("completion_window", "endpoint", "input_file_id")
_AUTO = {"batch_size": "auto", "learning_rate_multiplier": "auto", "n_epochs": "auto"}


def create_job(call: Call) -> Json:
    """POST /fine_tuning/jobs."""
    body = call.fields(_JOB_FIELDS, _JOB_REQUIRED)
    model = checks.text(body, "model")
    given = _object(body, "hyperparameters")
    method = _object(body, "method")
    seed = body.get("seed")
    with call.store.writing() as db:
        for name in ("training_file", "validation_file"):
            if body.get(name) is not None:
                _check_file(db, name, checks.text(body, name), "fine-tune")
        job = {
            "id": f"ftjob-{secrets.token_hex(12)}",
            "object": JOB,
            "created_at": call.store.now(),
            "model": model,
            "training_file": body["training_file"],
            "validation_file": body.get("validation_file"),
            "status": "queued",
            "fine_tuned_model": None,
            "finished_at": None,
            "estimated_finish": None,
            "trained_tokens": None,
            "result_files": [],
            "organization_id": "org-emulator",
            "seed": secrets.randbelow(2**31)
            if seed is None
            else checks.whole_number("seed", seed, 0, 2**31 - 1),
            "error": None,
            "integrations": body.get("integrations") or [],
            "metadata": checks.metadata(body.get("metadata")),
            "user_provided_suffix": body.get("suffix"),
            "hyperparameters": {**_AUTO, **given},
            "method": method
            or {"type": "supervised", "supervised": {"hyperparameters": {**_AUTO, **given}}},
        }
        files = {
            name: (blobs_of(db, job[name]), least)
            for name, least in (("training_file", job_files.MIN_EXAMPLES), ("validation_file", 1))
            if job[name] is not None
        }
        records.insert(db, JOB, job)
    kind = job["method"].get("type")
    for name, (blobs, least) in files.items():
        why = job_files.training_fault(call.store, blobs, kind, least=least)
        if why is not None:
            error = {"code": f"invalid_{name}", "message": why, "param": name}
            _fail(call.store, JOB, job, error=error, finished_at=call.store.now())
            break
    return job


def list_jobs(call: Call) -> Json:
    """GET /fine_tuning/jobs."""
    with call.store.reading() as db:
        return records.page(db, call, JOB)


def get_job(call: Call) -> Json:
    """GET /fine_tuning/jobs/{item}."""
    return records.read(call.store, JOB, call.path["item"])


def cancel_job(call: Call) -> Json:
    """POST /fine_tuning/jobs/{item}/cancel."""
    return _cancel(call, JOB, "Job", "finished_at")


def create_batch(call: Call) -> Json:
    """POST /batches."""
    body = call.fields((*_BATCH_REQUIRED, "metadata", "output_expires_after"), _BATCH_REQUIRED)
    if body["completion_window"] != "24h":
        raise errors.invalid_value("completion_window", "expected '24h'.")
    endpoints = (*BATCH_ENDPOINTS, *call.store.type.batch_endpoints)
    if body["endpoint"] not in endpoints:
        raise errors.invalid_value("endpoint", f"expected one of {list(endpoints)}.")
    checks.expiry(body.get("output_expires_after"))
    with call.store.writing() as db:
        _check_file(db, "input_file_id", checks.text(body, "input_file_id"), "batch")
        now = call.store.now()
        batch = {
            "id": f"batch_{secrets.token_hex(16)}",
            "object": BATCH,
            "endpoint": body["endpoint"],
            "errors": None,
            "input_file_id": body["input_file_id"],
            "completion_window": "24h",
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": now,
            "in_progress_at": None,
            "expires_at": now + 86400,
            "finalizing_at": None,
            "completed_at": None,
            "failed_at": None,
            "expired_at": None,
            "cancelling_at": None,
            "cancelled_at": None,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "metadata": checks.metadata(body.get("metadata")),
        }
        blobs = blobs_of(db, batch["input_file_id"])
        records.insert(db, BATCH, batch)
    found = job_files.batch_errors(call.store, blobs, batch["endpoint"])
    if found:
        listed = {"object": "list", "data": found}
        _fail(call.store, BATCH, batch, errors=listed, failed_at=call.store.now())
    return batch


def list_batches(call: Call) -> Json:
    """GET /batches."""
    with call.store.reading() as db:
        return records.page(db, call, BATCH)


def get_batch(call: Call) -> Json:
    """GET /batches/{item}."""
    return records.read(call.store, BATCH, call.path["item"])


def cancel_batch(call: Call) -> Json:
    """POST /batches/{item}/cancel."""
    return _cancel(call, BATCH, "Batch", "cancelling_at", "cancelled_at")


def _fail(store: Store, kind: str, record: Json, **fields: object) -> None:
    """Have a job or batch fail, unless it was cancelled meanwhile; `record` stays as it is."""
    with store.writing() as db:
        current = records.get(db, kind, record["id"])
        if current["status"] == record["status"]:
            records.update(db, kind, {**current, "status": "failed", **fields})


def _cancel(call: Call, kind: str, called: str, *stamps: str) -> Json:
    call.fields(())
    with call.store.writing() as db:
        record = records.get(db, kind, call.path["item"])
        if record["status"] == "cancelled":
            raise ApiError(f"{called} {record['id']} is already cancelled.", code="invalid_state")
        record.update(status="cancelled", **dict.fromkeys(stamps, call.store.now()))
        records.update(db, kind, record)
    return record


def _check_file(db: sqlite3.Connection, param: str, item: str, purpose: str) -> None:
    file = find_file(db, item)
    if file is None:
        raise ApiError(f"File '{item}' does not exist.", param=param, code="invalid_file_id")
    if file["purpose"] != purpose:
        raise ApiError(
            f"File '{item}' has purpose '{file['purpose']}', expected '{purpose}'.",
            param=param,
            code="invalid_file_purpose",
        )


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.invalid_value(name, "expected an object.", "invalid_type")
    return value
