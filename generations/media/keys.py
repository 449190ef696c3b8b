"""Names in the storage. They are made from the content alone; what a user calls a file never becomes a path."""

from .models import Asset


def asset_key(*, team_id: int, kind: str, sha256: str, mime: str) -> str:
    """Return e.g. `teams/7/stills/ab/abcdef….jpg`. KeyError for a type that is not in Asset.EXTENSIONS."""
    return f"teams/{team_id}/{kind}s/{sha256[:2]}/{sha256}.{Asset.EXTENSIONS[mime]}"
