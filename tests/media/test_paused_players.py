"""Players that were paused stop reading. They may be more than the web process has threads."""

import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.test import Client

from generations.accounts.models import Team, User
from generations.media.models import Asset
from generations.media.serve import PIECE
from tests.api.process import WebProcess, web_process

SIZE = 32 * PIECE
PLAYERS = 24
ASK = "GET /media/{asset} HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={session}\r\nRange: bytes=0-\r\n\r\n"


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
    """Ask for all of the video, look at the status line and read no more."""
    player = socket.create_connection(("127.0.0.1", process.port), timeout=30)
    player.sendall(request.encode())
    assert player.recv(12) == b"HTTP/1.1 206"
    return player


@pytest.mark.django_db(transaction=True)
def test_many_that_are_paused_hold_up_nobody(client: Client, bob: User, video: Asset, tmp_path: Path) -> None:
    client.force_login(bob)
    request = ASK.format(asset=video.pk, session=client.cookies["sessionid"].value)
    with web_process(tmp_path) as process, ExitStack() as players:
        file = process.media / video.name
        file.parent.mkdir(parents=True)
        file.write_bytes(bytes(SIZE))
        for _ in range(PLAYERS):
            players.enter_context(paused_player(process, request))
        with urlopen(f"{process.url}/healthz", timeout=30) as answer:
            assert answer.status == 200
