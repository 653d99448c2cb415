"""A slice of an object, which an upload can read as often as it needs."""

from __future__ import annotations

from collections.abc import Iterator

from filesync.core.model import ScannedFile
from filesync.storage.objects import Objects


class ObjectSlice:
    """`size` bytes of an object from an offset, as chunks of at most 1 MiB.

    Iterating raises ObjectChanged where the object is not the scanned one any more, and another
    ObjectStoreError where it cannot be read.
    """

    def __init__(self, objects: Objects, file: ScannedFile, offset: int, length: int) -> None:
        self.size = length
        self._objects = objects
        self._file = file
        self._offset = offset

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in order."""
        return self._objects.read(self._file, self._offset, self.size)
