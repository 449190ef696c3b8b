"""`image_uri` as a URL: nothing inside our network can be reached through it, nor told apart."""

from collections.abc import Callable, Iterator
from contextlib import closing
from socket import create_server, socket

import pytest

from generations.jobs.models import Generation
from generations.media.models import Asset
from tests.api.contract.bodies import body_with
from tests.api.contract.conftest import Program
from tests.media.strangers import Names

# Refused for their form, which the message may say: it is the client's own text.
BY_FORM = [
    "https://localhost/a.png",
    "https://localhost./a.png",
    "https://127.0.0.1/a.png",
    "https://169.254.169.254/latest/meta-data/",
    "https://2130706433/a.png",
    "https://0x7f000001/a.png",
    "https://0x7f.0.0.1/a.png",
    "https://0177.0.0.1/a.png",
    "https://127.1/a.png",
    "https://[::1]/a.png",
    "https://[::ffff:127.0.0.1]/a.png",
    "https://[::ffff:a9fe:a9fe]/a.png",
    "https://[fe80::1%25eth0]/a.png",
    "https://user:password@stills.example.com/a.png",
    "http://stills.example.com/a.png",
    "ftp://stills.example.com/a.png",
    "file:///etc/passwd",
    "gopher://stills.example.com/",
    "//stills.example.com/a.png",
    "https:///a.png",
    "https://",
    "https://stills.example.com:99999/a.png",
]
# Well formed; where they lead is what is wrong with them.
INSIDE = [
    ["127.0.0.1"],
    ["127.255.255.254"],
    ["0.0.0.0"],  # noqa: S104 - refused here, nothing binds to it
    ["10.1.2.3"],
    ["172.16.0.1"],
    ["192.168.0.1"],
    ["100.64.0.1"],
    ["169.254.169.254"],
    ["224.0.0.1"],
    ["255.255.255.255"],
    ["::1"],
    ["::"],
    ["fe80::1"],
    ["fd00:ec2::254"],
    ["::ffff:127.0.0.1"],
    ["::ffff:169.254.169.254"],
    ["64:ff9b::a9fe:a9fe"],
    ["2002:7f00:1::"],
    ["93.184.215.14", "127.0.0.1"],
]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


@pytest.fixture
def inside() -> Iterator[socket]:
    """Something that listens on this machine."""
    with closing(create_server(("127.0.0.1", 0))) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def refusal(program: Program, names: Names) -> Callable[[str], str]:
    """Submit the URL, see that it is refused and stores nothing, and return the words."""

    def go(url: str) -> str:
        answer = program.submit(body_with(image_uri=url))
        assert answer.status_code == 400, answer.content
        assert answer.json()["error"]["type"] == "invalid_request_error"
        assert (Generation.objects.count(), Asset.objects.count()) == (0, 0)
        return str(answer.json()["error"]["message"])

    return go


@pytest.mark.parametrize("url", BY_FORM)
def test_what_is_no_public_https_url_is_refused(refusal: Callable[[str], str], url: str) -> None:
    assert refusal(url).startswith("image_uri: ")


@pytest.mark.parametrize("addresses", INSIDE)
def test_a_name_that_leads_inside_is_refused_as_one_that_leads_nowhere(
    refusal: Callable[[str], str], names: Names, inside: socket, addresses: list[str]
) -> None:
    port = inside.getsockname()[1]
    names.say("inside.example.com", addresses)
    led_inside = refusal(f"https://inside.example.com:{port}/a.png")
    assert led_inside == refusal(f"https://nowhere.example.com:{port}/a.png")
    with pytest.raises(BlockingIOError):
        inside.accept()


def test_a_name_that_leads_elsewhere_the_second_time_is_asked_once(
    refusal: Callable[[str], str], names: Names, inside: socket
) -> None:
    names.say("rebinding.example.com", ["192.0.2.1"], ["127.0.0.1"])
    refusal(f"https://rebinding.example.com:{inside.getsockname()[1]}/a.png")
    assert names.asked == ["rebinding.example.com"]
    with pytest.raises(BlockingIOError):
        inside.accept()


def test_the_last_frame_is_fetched_by_the_same_rules(program: Program, names: Names) -> None:
    names.say("inside.example.com", ["127.0.0.1"])
    answer = program.submit(body_with(last_frame_uri="https://inside.example.com/a.png"))
    assert (answer.status_code, answer.json()["error"]["message"][:16]) == (400, "last_frame_uri: ")
