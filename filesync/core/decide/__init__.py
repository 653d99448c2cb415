"""What is to happen to each file, and what is refused.

pipeline   the order of a plan's decisions
selection  `--only`: which keys a run is about
change     the vocabulary: actions, reasons, changes
reasons    what each reason means, one row each
table      the decision table: one row, one reason
claims     what the names of files claim that no lock entry names, and what that may delete
unclaimed  remote files with our fingerprint that no lock entry refers to
sharing    identical files of several keys become one remote file
stored_otherwise  what a server made of files otherwise than was asked
wrong_content  files whose content is wrong: what is left out
guards     what apply refuses without a flag
as_locked  wanted files as the lockfile has them
unhashed   which files may be sent before their sha256 is known
desired    manifest entries and local files combined into the remote files to have
"""
