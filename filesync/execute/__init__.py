"""A plan carried out: uploads first, the lockfile after each, deletes last.

applier     the order: adoptions, uploads, lockfile, deletes
answers     whether an answer is about the file that was sent
content     what a remote file holds, where the API gives it out
uploads     all uploads of a run
transfer    one file sent, in one piece or in parts
file_body   what an upload sends: a stretch of a file, hashed as it goes
doubts      uploads without a clear answer: what became of them
processed   `--wait`: until the platform has processed each file
late        what interrupted uploads made in vain
stores        the vector stores of a plan, in order: filled before anything is detached
store_settings  the stores themselves: created, updated, deleted
store_members   their documents: attached, waited for, replaced ones detached
store_lost    what a detach has detached from other stores, too
store_ledger  what these share: lockfile, journal, report
store_create  one store created, once
store_attach  files attached, many at once
store_wait    until the attached files are indexed
deletes     the deletes of a plan
in_use      which jobs, batches and vector stores use a file
lock_saver  when the lockfile is saved
context     what every step of an apply shares: client, journal, stop, clock
pool        worker threads that stop together
events      the old name of `core.events`
"""
