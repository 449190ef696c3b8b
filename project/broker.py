"""Valkey as the broker, for a worker that outlives it.

When the broker is lost, the worker drops the connection first and closes its channel afterwards; kombu's channel then
wants to put back what was not acknowledged, over the connection that is no more. And a task that was running meanwhile
is acknowledged to the channel that it came from. The worker would die of either.
"""

from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):
    """Once the connection is gone nothing is said over it any more. Messages are hints: the rows tell what is to do."""

    @property
    def _is_lost(self) -> bool:
        return getattr(self.connection, "client", None) is None

    def close(self) -> None:
        if self._is_lost:
            self.do_restore = False
        super().close()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        if not self._is_lost:
            super().basic_ack(delivery_tag, multiple=multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if not self._is_lost:
            super().basic_reject(delivery_tag, requeue=requeue)


class Transport(redis.Transport):
    Channel = Channel


def register() -> None:
    """Use this transport wherever a broker's URL says redis:// or rediss://."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))
