"""The decisions: pure, without disk, network, clock, environment or printing.

manifest/       YAML text to a checked manifest
lockfile/       the lockfile in memory and as text
recovery/       the journal's format, and what an interrupted apply left behind
decide/         what happens to each file, and what is refused
stores/         what happens to each vector store and its members
plan/           a plan as data and as JSON
content/        whether a file's content is what its purpose needs
from_remote/    a manifest for files that are already on the platform
model           the nouns: declared, local, locked and remote files
run             what a run was asked to do
shard           which of several runs uploads the file of a key
events          what an apply reports while it runs, and its result
line_changes    what changed from one text to another, line by line
hashed          what reading a file's content has brought
fingerprint     the owner and content token in a remote filename
resemblance     whether a listed file may be one that we know of
ids             what can be a remote id
secret_names    the environment variables that hold keys
servers         what each type of server takes and sends, one row each
purposes        the API's rules for each purpose, one row each
parts           how a large file is cut
template        `${filesync:KEY}` in a text
durations       `90m`, `12h`, `7d`
globs           the glob language
object_url      `s3://bucket/key` and other URLs of objects
loopback        whether a URL names this machine
moment          `+7d` and `2026-12-01T12:00Z`
unknown_key     the error for a key that is not there
wrong_manifest  the error of a manifest that cannot be used
secret          a text that nothing shows
commands        the commands that messages name
env_names       an environment's name as part of a file's name
suggestions     the nearest known word to one that is not known
text            names made safe to print; sizes and counts for people
"""
