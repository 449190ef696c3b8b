"""Valkey as the broker, for a worker that outlives it.

When the broker is lost, the connection is dropped first and its channel closed afterwards. Kombu's channel then wants
to put back what was not acknowledged, over the connection that is no more, and the worker dies of it.
"""

from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):
    def close(self) -> None:
        """Without a connection nothing is put back. Messages are hints: the rows tell what is left to do."""
        if getattr(self.connection, "client", None) is None:
            self.do_restore = False
        super().close()


class Transport(redis.Transport):
    Channel = Channel


def register() -> None:
    """Use this transport wherever a broker's URL says redis:// or rediss://."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))
