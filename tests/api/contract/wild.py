"""Values as careless and hostile clients send them, for each field of the submit body."""

import json
from random import Random
from typing import Any

from tests.api.contract.bodies import DATA_URI, body_with

JUNK: list[Any] = [
    None, True, False, 0, -1, 7, 6.5, 1e308, 10**30, "", " ", "6", "\0", "\ud800", "x" * 6000, [], [6], {}, {"a": 1},
    ...,
]  # fmt: skip
GOOD: dict[str, list[Any]] = {
    "image_uri": [DATA_URI],
    "prompt": ["The lantern sways.", "x" * 5000, "光 🔥", "'; DROP TABLE generations_generation; --"],
    "model": ["ltx-2-3-fast", "ltx-2-3-pro", "ltx-2-5-fast", "ltx-2-5-pro"],
    "duration": [6, 8, 10, 6.0],
    "resolution": ["1280x720", "720x1280"],
    "fps": [..., 24, 25.0, 48, 50],
    "last_frame_uri": [..., None, DATA_URI],
    "camera_motion": [..., None, "dolly_in", "focus_shift"],
    "generate_audio": [..., True, False],
}
# Not even by luck good: what is left out of an optional field is.
BAD: dict[str, list[Any]] = {
    "image_uri": [
        *JUNK, "https://localhost/a.png", "http://stills.example.com/a.png", "ltx://uploads/nothing", "ltx://uploads/",
        "data:image/png;base64,AAAA", "data:image/png;base64,%", "data:text/html;base64,AAAA",
        DATA_URI[: len(DATA_URI) // 8 * 4], "data:", "file:///etc/passwd", "https://127.0.0.1/", "ltx://uploads/00000000-0000-4000-8000-000000000000",
    ],
    "prompt": [value for value in JUNK if value != "6"],
    "model": [*JUNK, "ltx-2", "LTX-2-3-FAST", "ltx-2-3-fast "],
    "duration": [*(value for value in JUNK), 5, 21, "automatic"],
    "resolution": [*JUNK, "1280X720", "0x0", "1280x721", "٣x٣"],
    "fps": [value for value in JUNK if value is not ...] + [23.976, 60],
    "last_frame_uri": [value for value in JUNK if value not in (None, ...)] + ["ltx://uploads/x", "https://[::1]/"],
    "camera_motion": [value for value in JUNK if value not in (None, ...)] + ["DOLLY_IN", "zoom"],
    "generate_audio": [value for value in JUNK if value is not ... and not isinstance(value, bool)] + ["true"],
}  # fmt: skip


def bad_body(chance: Random) -> bytes:
    """A body that breaks at least one rule, or is no JSON object at all."""
    if chance.random() < 0.2:
        return _no_object(chance)
    return json.dumps(body_with(**_fields(chance))).encode()


def _fields(chance: Random) -> dict[str, Any]:
    broken = set(chance.sample(list(BAD), chance.choice((1, 1, 2, 5))))
    given = {name: chance.choice(BAD[name] if name in broken else good) for name, good in GOOD.items()}
    if given["model"] in ("ltx-2-5-fast", "ltx-2-5-pro") and broken == {"duration"} and given["duration"] is None:
        given["last_frame_uri"] = DATA_URI  # the one case in which no length is a good one
    return given | {chance.choice(("seed", "steps", "id", "team")): chance.choice(JUNK)}


def _no_object(chance: Random) -> bytes:
    whole = json.dumps(body_with()).encode()
    return chance.choice(
        [
            chance.randbytes(chance.randrange(200)),
            whole[: chance.randrange(len(whole))],
            json.dumps(chance.choice([None, 1, "text", [], [body_with()], True])).encode(),
            b"{" * chance.randrange(1, 5000),
            whole.replace(b"6", b"NaN"),
            whole + whole,
            whole.decode().encode("utf-16"),
        ]
    )
