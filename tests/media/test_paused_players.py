"""Paused players stop reading. There may be more of them than the web process has threads."""

import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.test import Client

from generations.accounts.models import Team, User
from generations.media.models import Asset
from generations.media.serving import MAX_BUFFERED_BYTES
from tests.api.process import WebProcess, web_process

SIZE = 32 * MAX_BUFFERED_BYTES
PLAYERS = 24
REQUEST = "GET /media/{asset} HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={session}\r\nRange: bytes=0-\r\n\r\n"


@pytest.fixture
def video(team: Team) -> Asset:
    return Asset.objects.create(
        team=team,
        kind="video",
        name="teams/1/videos/long.mp4",
        mime="video/mp4",
        sha256="5e" * 32,
        bytes=SIZE,
        width=3840,
        height=2160,
        frames=240,
        fps_numerator=24,
        fps_denominator=1,
    )


def paused_player(process: WebProcess, request: str) -> socket.socket:
    """Request the whole video, read the status line and nothing more."""
    player = socket.create_connection(("127.0.0.1", process.port), timeout=30)
    player.sendall(request.encode())
    assert player.recv(12) == b"HTTP/1.1 206"
    return player


@pytest.mark.django_db(transaction=True)
def test_paused_players_do_not_block_other_requests(client: Client, bob: User, video: Asset, tmp_path: Path) -> None:
    client.force_login(bob)
    request = REQUEST.format(asset=video.pk, session=client.cookies["sessionid"].value)
    with web_process(tmp_path) as process, ExitStack() as players:
        file = process.media / video.name
        file.parent.mkdir(parents=True)
        file.write_bytes(bytes(SIZE))
        for _ in range(PLAYERS):
            players.enter_context(paused_player(process, request))
        with urlopen(f"{process.url}/healthz", timeout=30) as response:
            assert response.status == 200
