"""Whether a file's content is what its purpose needs: pure checks, nothing is read here.

rules       one row a rule: its id, its severity, the purposes it is for, and why it matters
findings    what a check found, and what is kept of it (the first 20 of a severity, and counts)
table       which checks each kind of line goes through
frame       what a JSONL file holds, recognised by its first lines
json_line   one line of JSON: text, syntax, duplicate keys, numbers that JSON does not have
chat        messages: roles, content, names, images, weights
tools       the functions on offer, the calls of them, and the answers to the calls
fine_tune   the other examples for fine-tuning: completions, preferences, reinforcement
batch       requests of a batch
plain_chat  the fast way for ordinary chat lines; all it lets through, the checks let through
lines       a stretch of whole lines, checked
repeated    lines that look like an earlier one, found by a key for each
whole       the stretches of one file, put together: duplicates, counts, limits
facts       what a JSONL file holds, for people to look at
report      what the checks say about all files of a run
kept        verdicts as text, for the cache
asked       what a file is to be checked for
images      what libraries say of an image
streamed    one file checked while it arrives, from wherever it is
document    files that are not JSONL: names, sizes, images, text, Git LFS pointers, secrets

Sources: OpenAI's guides for supervised, vision, preference and reinforcement fine-tuning, for
batches, images and file search, and the `FineTune…RequestInput` and `BatchRequestInput` schemas
of its OpenAPI document, read in 2026. Where they leave something open, a check warns rather than
refuses: a file that the server would have taken must not be stopped here.
"""
