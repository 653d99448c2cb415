"""`python -m filesync` is the command `filesync`."""

from filesync.cli import main

main()
