"""The old name of `filesync.core.events`, kept for programs that watch an apply."""

from filesync.core.events import Done, Event, Failed, Note, Watcher

__all__ = ["Done", "Event", "Failed", "Note", "Watcher"]
