"""The lockfile: which remote file holds which content.

lock     the lockfile in memory: record, retire, drop
format   its text, one line a file: parse and dump
stores_format  the same for vector stores, one member a line
pieces   what `apply --shard` writes, and how pieces are joined
entries  the entry of a file that was just uploaded or found
"""
