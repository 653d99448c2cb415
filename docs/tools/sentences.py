"""What docs/reference.md says of things whose names are in the code and whose meaning is not.

docs/tools/generate.py takes the names from the code and fails if one is missing here, or left over.
"""

REASONS = {
    "fingerprint_match": (
        "A file with the wanted fingerprint, purpose and size is there and in no lockfile; its id "
        "is taken over."
    ),
    "new": "The manifest names it, and neither the lockfile nor the platform knows it.",
    "up_to_date": "Nothing to do.",
    "content_changed": "The file's content is not what the lockfile says was uploaded.",
    "attributes_changed": (
        "Purpose, remote filename or `expires_after` is not what it was; `fields` lists which."
    ),
    "remote_error": "The platform could not use the file: its status is `error`.",
    "expiring": "Less than `renew_before` is left of its life, so it is uploaded again.",
    "expired": "The time at which it would expire has passed, and it is gone.",
    "missing_remotely": "Somebody else deleted it: asked for by its id, the server says 404.",
    "removed_from_manifest": "The lockfile has it and the manifest does not.",
    "gone": "Nobody wants it any more, and it is gone: its line leaves the lockfile.",
    "retired": "An earlier apply superseded or removed it, and its time to be kept is over.",
    "orphan": "Its name carries this project's owner token, and no lockfile line holds it.",
    "unmanaged": "Nobody declared it, and `prune` matches it.",
    "shared": (
        "Another key has this very file, or uploads it: the id is shared, and nothing is sent or "
        "deleted for this one."
    ),
    "moved": (
        "The same content under another key, or in another folder: the id stays, nothing is sent."
    ),
    "recovered": "An apply that was cut short had uploaded it; the journal knew.",
    "destroyed": "`filesync destroy` deletes all that the lockfile owns.",
}

EXIT_CODES = {
    0: "Done; for `plan`, also if there are changes.",
    1: "Any error, wrong usage among them. What was done until then is in the lockfile.",
    2: "Only from `plan --detailed-exitcode`: there are changes.",
    130: "Interrupted by Ctrl-C or SIGTERM. What was done until then is in the lockfile.",
}

VARIABLES = {
    "OPENAI_API_KEY": "The key. It is in no output, log, plan, lockfile or journal.",
    "OPENAI_BASE_URL": "The server, where neither `--base-url` nor the manifest names one.",
    "OPENAI_ORG_ID": "Sent as `OpenAI-Organization`.",
    "OPENAI_PROJECT_ID": "Sent as `OpenAI-Project`.",
    "FILESYNC_MANIFEST": "The manifest, where `--manifest` does not name one.",
    "FILESYNC_ENV": "The environment, where `--env` does not name one.",
    "FILESYNC_DEBUG": "Set to anything: a defect ends in a traceback.",
    "NO_COLOR": "Set to anything: no colours.",
    "GITHUB_STEP_SUMMARY": "`plan` adds its report to this file.",
    "GITHUB_OUTPUT": "`plan` adds its outputs to this file.",
    "HTTPS_PROXY": "A proxy for servers on https; `NO_PROXY` names hosts to reach without it.",
    "HTTP_PROXY": "A proxy for servers on http. Never used for this machine itself.",
    "ALL_PROXY": "A proxy for both.",
    "SSL_CERT_FILE": "Certificate authorities to trust, for one of your own.",
}

PLAN = {
    "format_version": "`1.0`. A later 1.x may have more fields, actions and reasons.",
    "project": "The manifest's `project`.",
    "base_url": "The server.",
    "manifest_sha256": "Of the manifest's bytes, in hex.",
    "lock_sha256": "Of the lockfile's bytes, in hex; null where there is none yet.",
    "has_changes": "Whether apply would do anything.",
    "has_drift": "Whether some change has a reason that counts as drift.",
    "summary": "Counts, see below.",
    "changes": "A list, deletes first, without what is up to date; see below.",
    "warnings": "Sentences, among them what apply would refuse.",
    "only": "In a saved plan alone: what `--only` narrowed it to.",
}

SUMMARY = {
    "create": "Files to upload that are not there.",
    "replace": "Files to upload in place of others.",
    "adopt": "Files that are there and whose ids are taken over.",
    "delete": "Files to delete, but for the old ones that a replace leaves behind.",
    "forget": "Lines to drop from the lockfile.",
    "noop": "Files that are up to date.",
    "unmanaged": "Remote files that are not ours and are left alone.",
    "upload_bytes": "Bytes to send.",
}

CHANGE = {
    "key": "The key; null for a remote file that no key names.",
    "action": "`create`, `replace`, `adopt`, `delete` or `forget`.",
    "reason": "See [reasons](#reasons).",
    "path": "The local file; null where there is none.",
    "filename": "The remote name.",
    "purpose": "The purpose.",
    "bytes": "The size; null where the server does not tell.",
    "sha256": "The content's, in hex; null where it is not known.",
    "id": "The remote file that is replaced, adopted, deleted or forgotten; null for a create.",
    "fields": "For `attributes_changed`: which differ.",
}

APPLY = {
    "format_version": "`1.0`.",
    "summary": "What was planned, as in a plan.",
    "applied": "What was done: a list of `key`, `action` and `id`, the id there is now or was.",
    "failed": "What was not: a list of `key`, `action` and `error`, a sentence.",
}

STATUS = {
    "format_version": "`1.0`.",
    "project": "The manifest's `project`.",
    "base_url": "The server.",
    "files": (
        "A list of `key`, `id`, `filename`, `bytes`, `age` and `left` in seconds, `action`, "
        "`reason`, and `state` in words."
    ),
    "retired": "What waits to be deleted: a list of `id`, `key`, `delete_after` in Unix seconds.",
    "unmanaged": "How many remote files are not ours.",
    "expiring_soon": "What expires within a day: whether an apply renews it, and when.",
    "platform": "`files` and `bytes` of all there is, in all and by purpose, and `quota_bytes`.",
    "warnings": "Sentences.",
}

LOCK = {
    "id": "The file's id on the platform.",
    "path": "The local file, relative to the manifest's folder.",
    "sha256": "The content's, in hex.",
    "bytes": "The size.",
    "filename": "The remote name, as asked for.",
    "purpose": "The purpose, as asked for.",
    "expires_after": "Its life in seconds, as asked for; null for never.",
    "created_at": "When it was made, in Unix seconds.",
    "expires_at": "When it expires, in Unix seconds; null for never.",
    "protect": "There, and true, only where the file is protected.",
}
