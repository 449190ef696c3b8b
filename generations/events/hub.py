"""The feeds of one process: opened when somebody listens, ended when nobody has for a while."""

import asyncio

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .feed import Feed, Position, Subscription

log = structlog.get_logger(__name__)


class HubClosedError(Exception):
    """The process is about to end."""


class Hub:
    def __init__(self, redis_url: str, *, heartbeat: float, idle: float) -> None:
        self._heartbeat = heartbeat
        self._idle = idle
        # A read waits as long as a heartbeat: the socket must wait a little longer, but not for ever.
        self._valkey = Redis.from_url(
            redis_url,
            decode_responses=True,
            protocol=3,
            max_connections=10_000,
            socket_timeout=heartbeat + 5,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        self._feeds: dict[int, Feed] = {}
        self._runs: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def feeds_open(self) -> int:
        return len(self._feeds)

    async def subscribe(
        self, team_id: int, last_seen: Position | None, *, admitted_at: float
    ) -> tuple[Feed, Subscription]:
        """Join the team's feed. Raises redis.RedisError when it cannot be read, HubClosedError at the end."""
        while not self._is_closed:
            feed = self._feeds.get(team_id) or self._open(team_id)
            await asyncio.shield(feed.opened)
            if self._feeds.get(team_id) is feed:  # it may have ended while we waited for our turn
                return feed, feed.subscribe(last_seen, admitted_at=admitted_at)
        raise HubClosedError

    def close(self) -> None:
        """End every stream, so that clients go elsewhere and the process may stop."""
        self._is_closed = True
        for feed in self._feeds.values():
            feed.close()

    def _open(self, team_id: int) -> Feed:
        feed = Feed(self._valkey, team_id, heartbeat=self._heartbeat, idle=self._idle)
        self._feeds[team_id] = feed
        run = asyncio.create_task(self._run(team_id, feed))
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        return feed

    async def _run(self, team_id: int, feed: Feed) -> None:
        try:
            await feed.run()
        except RedisError as error:
            log.warning("live_events_unavailable", team_id=team_id, error=type(error).__name__)
            feed.opened.set_exception(error)
        finally:
            del self._feeds[team_id]
            feed.close()
