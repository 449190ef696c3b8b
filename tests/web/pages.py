"""Read a page like a browser: the values of its form, its text and its links. Create an image to upload."""

from html.parser import HTMLParser
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from PIL import Image

HTMX = {"HTTP_HX_REQUEST": "true"}


_BLOCKS = {"p", "li", "dt", "dd", "td", "th", "div", "h1", "h2", "button"}
_CELLS = {"td", "th"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.disabled: dict[str, list[str]] = {}
        self.links: list[str] = []
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self._textarea = ""
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self.words.append(" ")
        if tag == "tr":
            self.rows.append([])
        elif tag in _CELLS:
            self.rows[-1].append("")
            self._in_cell = True
        name = given.get("name", "")
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = ""
        elif tag == "input" and name:
            self._input(name, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.values[self._textarea] = self.values[self._textarea].removeprefix("\n")
            self._textarea = ""
        elif tag in _CELLS:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data
        if self._textarea:
            self.values[self._textarea] += data
        self.words.append(data)

    def _input(self, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if "disabled" in given:
            self.disabled.setdefault(name, []).append(given.get("value", ""))
        elif (kind in ("radio", "checkbox") and "checked" in given) or kind == "hidden":
            self.values[name] = given.get("value", "")


def _read(response: HttpResponse) -> _Page:
    page = _Page()
    page.feed(response.content.decode())
    return page


def form_values(response: HttpResponse, **changes: Any) -> dict[str, Any]:
    """Return the values that a browser would send from this page, with changes. None removes a field."""
    values: dict[str, Any] = {**_read(response).values, **changes}
    return {name: value for name, value in values.items() if value is not None}


def forbidden_options(response: HttpResponse, name: str) -> list[str]:
    return _read(response).disabled.get(name, [])


def links(response: HttpResponse) -> list[str]:
    return _read(response).links


def words(response: HttpResponse) -> str:
    """Return the text of the page, with single spaces."""
    return " ".join("".join(_read(response).words).split())


def cells(response: HttpResponse) -> list[list[str]]:
    """Return the text of each cell, row by row, of all tables on the page."""
    return _read(response).rows


def picture(width: int = 320, height: int = 180, *, name: str = "still.png", kind: str = "PNG") -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (width, height), (40, 90, 160)).save(content, kind)
    return SimpleUploadedFile(name, content.getvalue())
