import pytest
from pytest_django import Settings

from generations.common.cipher import UnreadableSecretError, decrypt, encrypt


def test_it_reads_what_it_wrote_and_writes_nothing_twice_alike() -> None:
    first, second = encrypt("Zürich", purpose="a test"), encrypt("Zürich", purpose="a test")
    assert first != second
    assert "Zürich" not in first
    assert decrypt(first, purpose="a test") == decrypt(second, purpose="a test") == "Zürich"


@pytest.mark.parametrize("token", ["", "plain text", "gAAAAAB"])
def test_what_it_did_not_write_is_refused(token: str) -> None:
    with pytest.raises(UnreadableSecretError):
        decrypt(token, purpose="a test")


def test_a_secret_of_one_purpose_is_nothing_to_another() -> None:
    with pytest.raises(UnreadableSecretError):
        decrypt(encrypt("x", purpose="this"), purpose="that")


def test_a_change_of_key_is_bridged_by_naming_the_old_one(settings: Settings) -> None:
    token, old = encrypt("x", purpose="a test"), settings.SECRET_KEY
    settings.SECRET_KEY = "another-key-altogether"
    with pytest.raises(UnreadableSecretError):
        decrypt(token, purpose="a test")
    settings.SECRET_KEY_FALLBACKS = [old]
    assert decrypt(token, purpose="a test") == "x"
