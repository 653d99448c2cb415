"""What docs/reference.md says of things whose names are in the code and whose meaning is not.

docs/tools/generate.py takes the names from the code and fails if one is missing here, or left over.
"""

EXIT_CODES = {
    0: "Done; for `plan`, also if there are changes.",
    1: "Any error, including wrong usage. What was done until then is in the lockfile.",
    2: "Only from `plan --detailed-exitcode`: there are changes.",
    3: "Only from `drift`: the platform has moved away from the lockfile.",
    130: "Interrupted by Ctrl-C or SIGTERM. What was done until then is in the lockfile.",
}

VARIABLES = {
    "OPENAI_API_KEY": "The key. It is in no output, log, plan, lockfile or journal.",
    "OPENAI_BASE_URL": "The server, if neither `--base-url` nor the manifest names one.",
    "OPENAI_ORG_ID": "Sent as `OpenAI-Organization`.",
    "OPENAI_PROJECT_ID": "Sent as `OpenAI-Project`.",
    "AZURE_OPENAI_ENDPOINT": "The resource, for `remote.type: azure` without a base URL.",
    "AZURE_OPENAI_API_KEY": "The key for Azure; `OPENAI_API_KEY` is not sent there.",
    "AZURE_OPENAI_AD_TOKEN": "Without that key: a token of Entra ID, sent as a bearer token.",
    "OPENAI_IDENTITY_PROVIDER_ID": "Without a key: the provider of the job's identity. See "
    "[Servers](servers.md#without-a-key).",
    "OPENAI_SERVICE_ACCOUNT_ID": "Without a key: the account that the job acts as.",
    "OPENAI_SUBJECT_TOKEN_FILE": "Without a key: a file with the job's identity, a JWT.",
    "OPENAI_TOKEN_EXCHANGE_URL": "Where identities are exchanged, instead of OpenAI's own service.",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "Set by GitHub in a job that may have an identity.",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "The same: what the identity is asked for with.",
    "FILESYNC_MANIFEST": "The manifest, without `--manifest`.",
    "FILESYNC_STATE_DIR": "The folder for cache and journal, without `--state-dir`.",
    "FILESYNC_ENV": "The environment, without `--env`.",
    "FILESYNC_ALLOW_ENV": "More names that the manifest may use, as `--allow-env` gives them.",
    "FILESYNC_VAR_": "What begins so is for `${...}` in the manifest.",
    "FILESYNC_DEBUG": "If set: a defect in filesync prints a traceback.",
    "NO_COLOR": "If set: no colours.",
    "FORCE_COLOR": "If set, and not 0: colours also where there is no terminal.",
    "GITHUB_STEP_SUMMARY": "`plan` adds its report to this file.",
    "GITHUB_OUTPUT": "`plan` adds its outputs to this file.",
    "GITHUB_ACTIONS": "If `true`: reports name run, commit and pull request, from the next ones.",
    "GITHUB_SERVER_URL": "GitHub's URL, for the links of a report.",
    "GITHUB_REPOSITORY": "The repository, as `owner/name`.",
    "GITHUB_RUN_ID": "The number of the workflow run.",
    "GITHUB_SHA": "The commit, where the event names no other.",
    "GITHUB_HEAD_REF": "The branch of the pull request.",
    "GITHUB_REF_NAME": "The branch, where there is no pull request.",
    "GITHUB_EVENT_PATH": "The event, which names the pull request and its commit.",
    "GITHUB_WORKSPACE": "The repository's folder, where git does not say it.",
    "GITLAB_CI": "If `true`: reports name job, commit and merge request, from the next ones.",
    "CI_JOB_URL": "The job.",
    "CI_PROJECT_URL": "The project, for the links of a report.",
    "CI_COMMIT_SHA": "The commit.",
    "CI_COMMIT_REF_NAME": "The branch, where there is no merge request.",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "The branch of the merge request.",
    "CI_MERGE_REQUEST_IID": "The merge request's number.",
    "CI_PROJECT_DIR": "The repository's folder, where git does not say it.",
    "HTTPS_PROXY": "The proxy for https servers; `HTTP_PROXY` for http ones.",
    "NO_PROXY": "Hosts to reach without a proxy: names, addresses or ranges.",
    "SSL_CLIENT_CERT": "A PEM file with a certificate to show to servers that ask for one.",
    "SSL_CLIENT_KEY": "Its key, if that is in a file of its own; without a password.",
    "SSL_CERT_FILE": "A file with the certificate authorities to trust, for example your own.",
    "SSL_CERT_DIR": "A folder of certificates to trust, named by their hashes.",
}

PLAN = {
    "format_version": "`1.0`. A later 1.x may have more fields, actions and reasons.",
    "project": "The manifest's `project`.",
    "base_url": "The server.",
    "manifest_sha256": "Of the manifest's bytes, in hex.",
    "lock_sha256": "Of the lockfile's bytes, in hex; null if there is no lockfile yet.",
    "has_changes": "Whether apply would do anything.",
    "has_drift": "Whether some change has a reason that counts as drift.",
    "summary": "Counts, see below.",
    "changes": "A list, deletes first, without files that are up to date; see below.",
    "vector_stores": "The same for vector stores: a list of changes, each with its `members`.",
    "warnings": "Sentences, including what apply would refuse.",
    "only": "In a saved plan only: the value of `--only`; a list if there were several.",
    "exclude": "In a saved plan only: the values of `--exclude`.",
    "purposes": "In a saved plan only: the values of `--purpose`.",
}

SUMMARY = {
    "create": "Files to upload for the first time.",
    "replace": "Files to upload in place of older ones.",
    "adopt": "Existing files whose ids go into the lockfile.",
    "delete": "Files to delete, without the old files of replaces.",
    "forget": "Lines to remove from the lockfile.",
    "noop": "Files that are up to date.",
    "attach": "Files to attach to vector stores.",
    "detach": "Files to detach from vector stores.",
    "swap": "Files to attach in place of older ones of the same key.",
    "update": "Vector stores, and files in them, whose attributes change.",
    "unmanaged": "Remote files that are not ours and are ignored.",
    "upload_bytes": "Bytes to upload.",
}

CHANGE = {
    "key": "The key; null for a remote file without one.",
    "action": "`create`, `replace`, `adopt`, `delete` or `forget`.",
    "reason": "See [reasons](#reasons).",
    "path": "The local file; null if there is none.",
    "filename": "The remote name.",
    "purpose": "The purpose.",
    "bytes": "The size; null if the server does not say.",
    "sha256": "The content's, in hex; null if unknown.",
    "id": "The remote file that is replaced, adopted, deleted or forgotten; null for a create.",
    "fields": "What differs from the lockfile: `content`, `expires_after`, `filename`, `purpose`.",
    "before": (
        "What is stored now: `bytes`, `sha256`, `purpose`, `filename`, `expires_after` (seconds); "
        "null if there is no file."
    ),
    "after": "The same for the file to have; null for a file that goes.",
}

APPLY = {
    "format_version": "`1.0`.",
    "summary": "What was planned, as in a plan.",
    "applied": "Done: a list of `key`, `action` and `id` (the new one, or the deleted one).",
    "failed": "Failed: a list of `key`, `action` and `error`, a sentence.",
}

STATUS = {
    "format_version": "`1.0`.",
    "project": "The manifest's `project`.",
    "base_url": "The server.",
    "files": (
        "A list of `key`, `id`, `filename`, `bytes`, `age` and `left` in seconds, `action`, "
        "`reason`, and `state` in words."
    ),
    "retired": "Files to delete later: a list of `id`, `key`, `delete_after` in Unix seconds.",
    "unmanaged": "How many remote files are not ours.",
    "expiring_soon": "Files that expire within a day: whether an apply renews each, and when.",
    "platform": "`files` and `bytes` on the platform, in total and by purpose, and `quota_bytes`.",
    "warnings": "Sentences.",
}

LOCK = {
    "id": "The file's id on the platform.",
    "path": "The local file, relative to the manifest's folder.",
    "sha256": "The content's, in hex.",
    "bytes": "The size.",
    "filename": "The requested remote name.",
    "purpose": "The requested purpose.",
    "expires_after": "The requested lifetime in seconds; null for never.",
    "created_at": "When it was created, in Unix seconds.",
    "expires_at": "When it expires, in Unix seconds; null for never.",
    "protect": "Present, and true, only if the file is protected.",
    "unproven": "Present, and true, only if nothing but name and size says that the file is ours.",
}
