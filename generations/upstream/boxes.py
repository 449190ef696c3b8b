"""Whether a stream of bytes is a whole MP4 file, without keeping or decoding any of it.

An MP4 file is a row of boxes, each headed by its size and its name. The sizes must add up to the end of the file, and
index and media must be among them, so a file that lost its tail is found out even where no length was sent along.
"""

_HEAD = 8
_LONG_HEAD = 16
_NEEDED = {b"moov", b"mdat"}


class BoxWalker:
    """Feed it the file in pieces of any size, then ask."""

    def __init__(self) -> None:
        self._position = 0
        self._next_box = 0
        self._head = b""
        self._names: set[bytes] = set()
        self._is_open_ended = False
        self.is_mp4 = True

    @property
    def is_whole(self) -> bool:
        """The file ends where its last box does, and nothing that a video needs is missing."""
        is_at_end = self._is_open_ended or self._position == self._next_box
        return self.is_mp4 and is_at_end and self._names >= _NEEDED

    def feed(self, chunk: bytes) -> None:
        start = self._position
        self._position += len(chunk)
        while self.is_mp4 and not self._is_open_ended and self._next_box < self._position:
            at = self._next_box + len(self._head) - start
            self._head += chunk[at : at + _LONG_HEAD - len(self._head)]
            size = self._size()
            if size is None:
                return
            self._advance(size)

    def _size(self) -> int | None:
        """Return the size of the box at hand, 0 for "up to the end", or None while its head is incomplete."""
        if len(self._head) < _HEAD:
            return None
        size = int.from_bytes(self._head[:4], "big")
        if size != 1:
            return size
        return int.from_bytes(self._head[8:], "big") if len(self._head) == _LONG_HEAD else None

    def _advance(self, size: int) -> None:
        name = self._head[4:8]
        is_long = self._head[:4] == b"\0\0\0\1"
        is_first_wrong = self._next_box == 0 and name != b"ftyp"
        if is_first_wrong or 0 < size < (_LONG_HEAD if is_long else _HEAD):
            self.is_mp4 = False
        self._names |= {name} & _NEEDED
        self._is_open_ended = size == 0
        self._next_box += size
        self._head = b""
