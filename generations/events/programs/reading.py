"""How far one stream is, and what comes next for it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..audience import Listener, audible
from ..catalogue import body_of
from ..order import Position, events_after, horizon, position_of

BATCH = 100


@dataclass
class Progress:
    """How far one stream is."""

    listener: Listener
    kinds: Sequence[str]
    position: Position
    admitted_at: float
    """By the loop's clock, before the listener was judged."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    is_in_doubt: bool = False

    def end(self) -> None:
        self.is_over = True
        self.wake.set()


def read_on(progress: Progress) -> tuple[Position, bytes]:
    """What comes after the position; and where to go on, which moves past all that is not for this listener."""
    complete = horizon()
    rows = list(audible(events_after(progress.position), progress.listener, progress.kinds)[:BATCH])
    if not rows:
        return max(progress.position, complete), b""
    slug = progress.listener.team_slug
    frames = [f"{id_line(position_of(row))}\ndata: {json.dumps(body_of(row, slug))}\n\n" for row in rows]
    return position_of(rows[-1]), "".join(frames).encode()


def id_line(position: Position) -> str:
    return f"id: {position[0]}-{position[1]}"
