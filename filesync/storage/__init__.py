"""Object stores: S3, Google Cloud Storage, Azure Blob Storage and web servers, through obstore.

Nothing else imports obstore, which comes with the extra `cloud`.

opening     a bucket opened from a URL, with deadlines
objects     objects looked up, listed and read in pieces, each pinned to its version
scan        the manifest's objects, and every problem with them
hashing     sha256, streamed, with content checked in the same read
object_slice  a slice of an object, as an upload reads it
threads     several objects at once
state_object  journal and apply lease, one object
lease       one run at a time, and the journal that only it can write
journal     the journals in a state object
lockfile    the lockfile as an object, by compare-and-swap
failures    what obstore raises, as our errors: bucket, key and what to check
"""
