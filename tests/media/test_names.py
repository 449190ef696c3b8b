"""Names of files, as shown and as kept."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.media.keys import asset_key
from generations.media.names import clean_name, with_extension


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("beach.jpg", "beach.jpg"),
        ("C:\\photos\\beach.jpg", "beach.jpg"),
        ("../../etc/passwd", "passwd"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("a\r\nb\0c\x7f.png", "a bc.png"),
        ("  two   words .png ", "two words .png"),
        ("U\u0308ber.png", "\u00dcber.png"),
        ("x" * 300 + ".png", "x" * 200),
        ("\ud800.png", ".png"),
        ("", ""),
        (None, ""),
    ],
)
def test_it_shows_only_what_can_be_seen(given_name: str | None, shown: str):
    assert clean_name(given_name) == shown


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=400))
def test_whatever_it_is_called_it_can_be_stored_and_shown(name: str):
    shown = clean_name(name)

    assert len(shown) <= 200
    assert shown == clean_name(shown)
    assert not any(char in "/\\" or unicodedata.category(char).startswith("C") for char in shown)


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("beach.png", "beach.jpg"),
        ("page.html", "page.jpg"),
        ("beach", "beach.jpg"),
        (".jpg", "jpg.jpg"),
        ("...", "file.jpg"),
    ],
)
def test_the_extension_is_ours(name: str, offered: str):
    assert with_extension(name, "jpg") == offered


def test_a_key_is_made_from_the_content():
    assert (
        asset_key(team_id=7, kind="still", sha256="ab" * 32, mime="image/webp") == f"teams/7/stills/ab/{'ab' * 32}.webp"
    )


def test_there_is_no_key_for_other_types():
    with pytest.raises(KeyError):
        asset_key(team_id=7, kind="still", sha256="ab" * 32, mime="text/html")
