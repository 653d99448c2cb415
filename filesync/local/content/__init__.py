"""Content checked while it is read: in the same read as the sha256, on every core.

ranges    a range of a JSONL file, checked: the unit of work of a process
worker    a process that checks ranges
pool      the processes, started when there is enough to do
reading   one file read once: hashed, and checked as its purpose asks

How it works: one thread reads a large JSONL file, hashes each range and hands the range's numbers
to a process, which reads it again from the page cache and checks it. So the disk is read once,
hashing runs beside checking, and no data goes through a pipe. Small files are checked where they
are hashed, unless there are many.
"""
