import pytest
from pytest_django import Settings

from generations.common.encryption import UnreadableSecretError, decrypt, encrypt


def test_a_value_decrypts_and_each_token_differs() -> None:
    first, second = encrypt("Zürich", purpose="a test"), encrypt("Zürich", purpose="a test")
    assert first != second
    assert "Zürich" not in first
    assert decrypt(first, purpose="a test") == decrypt(second, purpose="a test") == "Zürich"


@pytest.mark.parametrize("token", ["", "plain text", "gAAAAAB"])
def test_an_unknown_token_is_unreadable(token: str) -> None:
    with pytest.raises(UnreadableSecretError):
        decrypt(token, purpose="a test")


def test_a_token_of_another_purpose_is_unreadable() -> None:
    with pytest.raises(UnreadableSecretError):
        decrypt(encrypt("x", purpose="this"), purpose="that")


def test_fallback_keys_still_decrypt(settings: Settings) -> None:
    token, old = encrypt("x", purpose="a test"), settings.SECRET_KEY
    settings.SECRET_KEY = "another-key-altogether"
    with pytest.raises(UnreadableSecretError):
        decrypt(token, purpose="a test")
    settings.SECRET_KEY_FALLBACKS = [old]
    assert decrypt(token, purpose="a test") == "x"
