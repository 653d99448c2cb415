"""The order of things: the only code that knows disk, network and decisions together.

workspace         what a run starts from: manifest, lockfile, server
sources           files in object stores: hashed, or not looked at offline
server            which server, and a connection to it
listing           the platform's files, confirmed
observe_stores    the platform's vector stores, as far as a plan needs them
plan              making a plan
apply             carrying a plan out
state             where journals and the apply lease of a run are
lock_place        where the lockfile is: on this disk, or in a bucket
lock_target       where an apply writes the lock
lock_merge        `lock merge`
destroy           the plan that deletes everything
origin            where a plan is made: branch, commit, CI run
saved_plans       plan files: read back, and compared with a fresh plan
inspect           `inspect`
diff              `diff`
check_content     whether files hold what their purposes need
check_lock        `validate --locked`
verify            `verify`
adopt             `adopt`
keep_store        `adopt --store` and `forget --store`
search            `search`
forget            `forget`
state_mv          `state mv`
doctor            `doctor`
init              `init`
init_from_remote  `init --from-remote`
"""
