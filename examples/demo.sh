#!/bin/sh
# filesync's whole job, from an empty folder to a remote that follows it. Run it as `make demo`.
#
# The server is filesync's own emulator of the Files API, over HTTP on loopback: no key and no
# network are needed. It all happens in a temporary folder (300 MB), which is removed at the end;
# `KEEP=1 make demo` keeps it. The demo stops at the first thing that is not as it should be.
set -eu

# What the caller has set for work is not for play.
unset OPENAI_API_KEY OPENAI_BASE_URL OPENAI_ORG_ID OPENAI_PROJECT_ID
unset FILESYNC_MANIFEST FILESYNC_ENV FILESYNC_DEBUG CDPATH
unset GITHUB_STEP_SUMMARY GITHUB_OUTPUT # what CI shows of a plan is not for this one

bold='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') green=$(printf '\033[32m')
    red=$(printf '\033[31m') plain=$(printf '\033[0m')
fi

DEMO=$(mktemp -d "${TMPDIR:-/tmp}/filesync-demo.XXXXXX")
cd "$DEMO"

finish() {
    status=$?
    trap - EXIT
    cd /
    case $status in
    0 | 130)
        if [ -n "${KEEP:-}" ]; then
            echo "Kept: $DEMO"
        else
            rm -rf "$DEMO"
        fi
        ;;
    *) printf '%sThe demo failed.%s Its folder is kept: %s\n' "$red" "$plain" "$DEMO" >&2 ;;
    esac
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

fail() {
    printf '\n%sNot as expected:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}

tell() { # a line of the story
    printf '\n%s# %s%s\n' "$green" "$*" "$plain"
}

run() { # STATUS COMMAND: show the command as one would type it, run it, expect its exit status
    printf '%s$ %s%s\n' "$bold" "$2" "$plain"
    status=0
    eval "$2" || status=$?
    case $2 in *--detailed-exitcode*) printf '[exit status %s]\n' "$status" ;; esac
    if [ "$status" -ne "$1" ]; then
        [ ! -s requests.log ] || tail -n 20 requests.log >&2
        fail "exit status $status of \`$2\`, it should be $1"
    fi
}

planned() { # NAME COUNT ...: what the plan must add up to
    filesync plan --json >plan.json
    while [ $# -gt 0 ]; do
        grep -q "^    \"$1\": $2,\{0,1\}\$" plan.json || fail "the plan does not say $1: $2"
        shift 2
    done
    rm plan.json
}

in_line() { # COUNT: the server holds exactly the files of the lockfile, and as many as that
    filesync ids | grep -o 'file-[^"]*' | sort >locked.ids
    filesync ls --json | grep -o '"id": "file-[^"]*' | cut -c 8- | sort >remote.ids
    cmp -s locked.ids remote.ids || fail "the lockfile and the server hold different files"
    [ "$(wc -l <locked.ids)" -eq "$1" ] || fail "the lockfile does not hold $1 files"
    rm locked.ids remote.ids
}

id_of() { # KEY LOCKFILE
    sed -n "s|^    \"$1\": {\"id\": \"\([^\"]*\)\".*|\1|p" "$2"
}

command -v filesync >/dev/null || fail "there is no filesync command: run this as \`make demo\`"


# --- A folder worth keeping on a platform -----------------------------------------------------

mkdir docs data
echo 'Tuesday to Saturday, 9:00 to 18:00.' >docs/hours.md
echo 'Unused goods come back within 30 days.' >docs/returns.md
echo 'A new inner tube costs 12 euros.' >docs/prices.md

chat() { # COUNT WIDTH: that many chat examples with answers of that many letters
    awk -v count="$1" -v width="$2" 'BEGIN {
        answer = sprintf("%" width "s", ""); gsub(/ /, "x", answer)
        for (i = 1; i <= count; i++) printf "{\"messages\": [{\"role\": \"user\", \"content\": " \
            "\"Question %d\"}, {\"role\": \"assistant\", \"content\": \"%s\"}]}\n", i, answer
    }'
}
chat 20 60 >data/train.jsonl
chat 140000 900 >data/history.jsonl

cat >demo.yaml <<'YAML'
version: 1
project: demo                       # who owns these files
remote:
  base_url: emulator:.emulator      # a server of our own, its data in a folder
defaults:
  fingerprint: true                 # content hash in the remote filename
files:
  docs:
    glob: docs/**/*.md
    purpose: assistants
  train:
    path: data/train.jsonl
    purpose: fine-tune
  history:                          # large enough to go in parts
    path: data/history.jsonl
    purpose: fine-tune
    expires_after: 30d
YAML

printf '%sfilesync, the whole job%s, in %s\n' "$bold" "$plain" "$DEMO"


tell 'Some documents and some training data, and a manifest that declares them.'
run 0 'wc -c docs/* data/*'
run 0 'cat demo.yaml'
run 0 'export FILESYNC_MANIFEST=demo.yaml'
run 0 'filesync validate'

tell 'What would be done? Exit status 2 says that there is something to do.'
run 2 'filesync plan --detailed-exitcode'
planned create 5 noop 0

tell 'Do it. The log of the requests goes to a file, for a look at it below.'
run 0 'filesync apply --yes --verbose 2> requests.log'
in_line 5

tell 'The large file went in parts, several at once:'
run 0 "grep -o 'POST /uploads[^:]*: 200' requests.log | sort | uniq -c"
[ "$(grep -c 'POST /uploads/[^/]*/parts: 200' requests.log)" -ge 2 ] || fail 'it went in one'
rm requests.log

tell 'The lockfile holds the ids. It is committed to git (lines cut at 79 here).'
run 0 'cut -c -79 demo.lock'

tell 'Plan again: nothing to do.'
run 0 'filesync plan --detailed-exitcode'
planned create 0 replace 0 delete 0 adopt 0 forget 0 noop 5

tell 'Life goes on: a file is edited, one is removed, one is added.'
cp demo.lock before.lock
run 0 'echo "On Saturdays until 16:00." >> docs/hours.md'
run 0 'rm docs/prices.md'
run 0 'echo "Brakes need no appointment." > docs/brakes.md'
run 2 'filesync plan --detailed-exitcode'
planned create 1 replace 1 delete 1 noop 3

tell 'Uploads first, then the lockfile, deletes last.'
run 0 'filesync apply --yes'
run 0 'filesync plan --detailed-exitcode'
in_line 5
for key in docs/returns.md history train; do
    [ "$(id_of "$key" demo.lock)" = "$(id_of "$key" before.lock)" ] || fail "$key has a new id"
done
[ "$(id_of docs/hours.md demo.lock)" != "$(id_of docs/hours.md before.lock)" ] ||
    fail 'the edited file has its old id'

tell 'How things stand, and the ids for the jobs that use the files.'
run 0 'filesync status'
run 0 'filesync id train'
run 0 'filesync ids --format env'

tell 'What the server holds is what is on disk, byte for byte.'
run 0 'filesync download "$(filesync id history)" -o back.jsonl'
run 0 'cmp back.jsonl data/history.jsonl && echo identical'
rm back.jsonl

tell 'A lost lockfile? Fingerprints say what is ours: no byte is sent again.'
cp demo.lock before.lock
run 0 'rm demo.lock'
planned adopt 5 create 0 upload_bytes 0
run 0 'filesync apply --yes'
cmp -s before.lock demo.lock || fail 'the lockfile is not as it was'
in_line 5

tell 'A vector store answers from these documents, and from the new text as soon as one changes.'
cat >>demo.yaml <<'YAML'
vector_stores:
  handbook:
    files: ["docs/*"]
YAML
run 0 'filesync apply --yes'
run 0 'echo "On Mondays we repair brakes only." >> docs/brakes.md'
run 0 'filesync apply --yes'
run 0 'filesync search handbook "what happens on Mondays?"'
filesync search handbook Mondays | grep -q 'On Mondays we repair brakes only' ||
    fail 'the store does not answer from the new text'
run 0 'filesync plan --detailed-exitcode'

printf '\n%sAll of it as it should be.%s The same commands talk to the real service: leave\n' \
    "$green" "$plain"
echo '`base_url` out of the manifest and set OPENAI_API_KEY.'
