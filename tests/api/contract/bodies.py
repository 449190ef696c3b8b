"""Submit bodies as clients write them."""

import base64
from typing import Any

from tests.media.sample_images import png

DATA_URI = "data:image/png;base64," + base64.b64encode(png()).decode()


def body_with(**changes: Any) -> dict[str, Any]:
    """A good body with changes; a field set to ... is left out."""
    body = {
        "image_uri": DATA_URI,
        "prompt": "The lantern sways.",
        "model": "ltx-2-3-fast",
        "duration": 6,
        "resolution": "1280x720",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}
