"""The connection of a worker to Valkey when Valkey is lost."""

import os
from pathlib import Path

from kombu import Consumer, Queue

from project.celery import app
from project.stack.embedded import Valkey
from project.stack.ports import free_port
from project.stack.processes import start_and_wait


def test_a_worker_survives_the_loss_of_the_broker(tmp_path: Path) -> None:
    """The worker drops the broken connection before it closes the channel and acknowledges a message."""
    (tmp_path / "run").mkdir()
    valkey = Valkey(tmp_path, free_port(), is_durable=False)
    valkey.prepare()
    server = start_and_wait(valkey.spec(os.environ), log=tmp_path / "valkey.log")
    connection = app.connection_for_read(valkey.url)
    try:
        channel, queue, held = connection.default_channel, Queue("held"), []
        consumer = Consumer(channel, [queue], callbacks=[lambda _, message: held.append(message)])
        consumer.consume()
        connection.Producer(channel).publish({}, routing_key="held", exchange="", declare=[queue])
        connection.drain_events(timeout=10)
        server.kill()
        connection.transport.client = None
        channel.close()
        held[0].ack()
    finally:
        server.kill()
    assert channel.closed
