"""The lockfile: which remote file holds which content.

lock     the lockfile in memory: record, retire, drop
format   its text, one line a file: parse and dump
stores_format  the same for vector stores, one member a line
entries  the entry of a file that was just uploaded or found
"""
