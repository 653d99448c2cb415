"""Everything on disk.

scan        the manifest's files, and every problem with them
excludes    what a glob leaves out
own_files   lockfiles, plans and emulators' data, which no glob takes
hashes      sha256, streamed, in threads, and content checked in the same read
hash_reader  the threads that read
hash_cache  hashes and verdicts kept from run to run
content/    content checked while it is read, on every core
sums        hashes of large files while they are sent, in the background
files       opening, identifying and atomically replacing a file
file_slice  a slice of a file, as an upload reads it
downloads   downloads that wait until all are complete; local files with a wanted name
lockfile    the lockfile's bytes
journal     every upload, written down before it is requested
store_journal  what is asked for vector stores, likewise
apply_lock  one apply at a time on a lockfile
find_manifest  the manifest of a run that names none
git         what git knows: earlier versions of a file, and what is checked out
state_dir   the folder `.filesync`
"""
