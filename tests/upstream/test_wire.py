import httpcore
import pytest

from generations.upstream.wire import Wire

from .test_never_sent import listening, port_of


def test_after_the_deadline_nothing_is_read_even_if_it_is_there():
    wire = Wire(0)
    with listening() as server:
        stream = wire.connect_tcp("127.0.0.1", port_of(server), timeout=5)
        peer, _ = server.accept()
        peer.sendall(b"late")
        with peer, pytest.raises(httpcore.ReadTimeout):
            stream.read(4, timeout=5)
        stream.close()


def test_it_remembers_whether_anything_was_sent():
    wire = Wire(5)
    with listening() as server:
        stream = wire.connect_tcp("127.0.0.1", port_of(server))
        assert not wire.has_sent
        stream.write(b"x")
        assert wire.has_sent
        stream.close()
