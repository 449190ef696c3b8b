"""Whether a stream of bytes is a whole MP4 file, without keeping or decoding any of it.

An MP4 file is a row of boxes, each headed by its size and its name. The sizes must add up to the end of the file, so
a file that lost its tail is found out even where no length was sent along.
"""

_HEAD = 16


class BoxWalker:
    """Feed it the file in pieces of any size, then ask."""

    def __init__(self) -> None:
        self._position = 0
        self._next_box = 0
        self._head = b""
        self.is_mp4 = True
        self._is_open_ended = False

    @property
    def is_whole(self) -> bool:
        """The file ends where its last box does."""
        return self.is_mp4 and (self._is_open_ended or (self._position == self._next_box and self._position > 0))

    def feed(self, chunk: bytes) -> None:
        start = self._position
        self._position += len(chunk)
        while self.is_mp4 and not self._is_open_ended and self._next_box < self._position:
            at = self._next_box + len(self._head) - start
            self._head += chunk[at : at + _HEAD - len(self._head)]
            size = self._size()
            if size is None:
                return
            self._advance(size)

    def _size(self) -> int | None:
        """Return the size of the box at hand, 0 for "up to the end", or None while its head is incomplete."""
        if len(self._head) < 8:
            return None
        size = int.from_bytes(self._head[:4], "big")
        if size != 1:
            return size
        return int.from_bytes(self._head[8:16], "big") if len(self._head) == _HEAD else None

    def _advance(self, size: int) -> None:
        is_first = self._next_box == 0
        if (is_first and self._head[4:8] != b"ftyp") or 0 < size < 8:
            self.is_mp4 = False
        self._is_open_ended = size == 0
        self._next_box += size
        self._head = b""
