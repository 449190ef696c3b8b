import pytest
from django.test import RequestFactory

from generations.events.record import client_address, current_client_address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1, 203.0.113.9, 198.51.100.2", "203.0.113.9"),
        (2, "203.0.113.9", None),
        (1, None, None),
        (1, "not an address", None),
        (1, "2001:db8::7", "2001:db8::7"),
    ],
)
def test_only_what_our_own_proxies_added_is_believed(proxies: int, forwarded: str | None, address: str | None) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1")
    assert client_address(request, proxies=proxies) == address


def test_a_socket_without_an_address_has_none() -> None:
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=""), proxies=0) is None


def test_outside_of_a_request_there_is_none() -> None:
    assert current_client_address() is None
