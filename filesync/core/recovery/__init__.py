"""What an interrupted apply left behind.

journal  the journal's format: each upload, written before it is asked for
journal_writer  its records, whatever keeps them
kept     which lines of a journal in an object store are kept
store_journal  the same for vector stores
recover  the journal compared with the platform: what was made, what is unclear
"""
