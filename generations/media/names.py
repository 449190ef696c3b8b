"""What a person called a file: kept to be shown and offered on download, never used to find anything."""

import re
import unicodedata

LONGEST = 200


def clean_name(name: str | None) -> str:
    """Return the last part of `name` without control, direction and other invisible characters, 200 at most."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name or ""))[-1]
    visible = "".join(" " if char.isspace() else char for char in last if _is_shown(char))
    return " ".join(visible.split())[:LONGEST].strip()


def with_extension(name: str, extension: str) -> str:
    """Give `name` the extension of what the file is, whatever it said it was."""
    stem = name.rpartition(".")[0] or name
    return f"{stem.strip('. ') or 'file'}.{extension}"


def _is_shown(char: str) -> bool:
    return char.isspace() or not unicodedata.category(char).startswith("C")
