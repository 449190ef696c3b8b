"""Validate a submit body: return every violated rule with its field, not only the first."""

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from .schemas import ImageToVideoRequest
from .support import SUPPORT, Model

_UPLOAD = re.compile(r"ltx://uploads/[A-Za-z0-9_-]{1,200}")
_DATA_HEAD = re.compile(r"data:(?P<mime>[a-z]+/[a-z0-9.+-]+);base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Violation:
    """One violated rule. `field` is its name in the body, or "" for the body as a whole."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidRequestError(ValueError):
    """The body violates the contract. `violations` lists the rules."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


def parse_request(body: object, *, models: Collection[str] | None = None) -> ImageToVideoRequest:
    """Return the typed request. Raises InvalidRequestError with every violated rule."""
    if violations := validate(body, models=models):
        raise InvalidRequestError(violations)
    return ImageToVideoRequest.model_validate(body)


def validate(body: object, *, models: Collection[str] | None = None) -> list[Violation]:
    """Return every violated rule of the contract.

    `models` are the ids of the available models; None means all models of the contract, including the retired ones.
    """
    if not isinstance(body, Mapping):
        return [Violation("", "the body must be a JSON object")]
    violations = list(_shape(body))
    invalid = {violation.field for violation in violations}
    violations += _uris(body, invalid)
    if "prompt" not in invalid and (problem := _prompt_problem(body["prompt"])):
        violations.append(Violation("prompt", problem))
    available = SUPPORT.models.keys() if models is None else models
    if "model" not in invalid:
        violations += _matrix(_with_defaults(body), invalid, available)
    return violations


def image_uri_problem(uri: str) -> str | None:
    """Return what is wrong with an image URI, or None if it has one of the three forms. Does not fetch it."""
    if uri.startswith("data:"):
        return _data_uri_problem(uri)
    if uri.startswith("ltx:"):
        return None if _UPLOAD.fullmatch(uri) else "an upload is written ltx://uploads/<id>"
    return _https_problem(uri)


def _shape(body: Mapping[str, Any]) -> Iterator[Violation]:
    try:
        ImageToVideoRequest.model_validate(body)
    except ValidationError as error:
        seen: set[str] = set()
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            field = str(item["loc"][0]) if item["loc"] else ""
            if field not in seen:
                seen.add(field)
                yield Violation(field, _plain(item["type"], item["msg"]))


def _plain(kind: str, message: str) -> str:
    """Replace a message of pydantic by a message of the contract."""
    if kind == "missing":
        return "this field is required"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_too_long":
        return f"must have at most {SUPPORT.prompt_max_chars} characters"
    if kind == "literal_error":
        return f"must be one of {', '.join(SUPPORT.camera_motions)}"
    return message.removeprefix("Value error, ").removeprefix("Input ")


def _uris(body: Mapping[str, Any], invalid: set[str]) -> Iterator[Violation]:
    for field in ("image_uri", "last_frame_uri"):
        uri = body.get(field)
        if isinstance(uri, str) and field not in invalid and (problem := image_uri_problem(uri)):
            yield Violation(field, problem)


def _prompt_problem(prompt: str) -> str | None:
    if "\0" in prompt:
        return "must not contain the NUL character"
    return None if prompt.strip() else "must not be empty"


def _with_defaults(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"fps": SUPPORT.default_fps, "duration": None, "last_frame_uri": None, **body}


def _matrix(values: dict[str, Any], invalid: set[str], available: Collection[str]) -> Iterator[Violation]:
    model = SUPPORT.models.get(values["model"])
    if model is None or model.id not in available:
        yield Violation("model", f"must be one of {', '.join(available)}")
        return
    if values["last_frame_uri"] is not None and not model.has_last_frame:
        yield Violation("last_frame_uri", f"{model.id} does not support a last frame")
    if "resolution" in invalid:
        return
    resolution = values["resolution"]
    if resolution not in model.resolutions:
        yield Violation("resolution", f"{model.id} supports {', '.join(model.resolutions)}")
        return
    yield from _timing(model, resolution, values, invalid)


def _timing(model: Model, resolution: str, values: dict[str, Any], invalid: set[str]) -> Iterator[Violation]:
    if "fps" in invalid:
        return
    if values["fps"] not in model.fps(resolution):
        yield Violation("fps", f"{model.id} at {resolution} supports {_listed(model.fps(resolution))} fps")
        return
    if "duration" in invalid:
        return
    seconds = model.seconds(resolution, int(values["fps"]))
    if values["duration"] is None:
        yield from _automatic(model, values)
    elif values["duration"] not in seconds:
        at = f"{model.id} at {resolution} and {int(values['fps'])} fps"
        yield Violation("duration", f"{at} supports {_listed(seconds)} seconds")


def _automatic(model: Model, values: dict[str, Any]) -> Iterator[Violation]:
    if not model.has_auto_duration:
        yield Violation("duration", f"{model.id} requires a duration")
    elif values["last_frame_uri"] is not None:
        yield Violation("duration", "a duration is required when a last frame is set")


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))


def _data_uri_problem(uri: str) -> str | None:
    limit = SUPPORT.image.data_uri_max_encoded_bytes
    if len(uri) > limit:
        return f"a data URI may have at most {limit:,} bytes; this one has {len(uri):,}. Use an upload instead"
    head = _DATA_HEAD.match(uri)
    if not head:
        return "a data URI must be data:<mime>;base64,<data>"
    if head["mime"].lower() not in SUPPORT.image.mime:
        return f"the image must be one of {', '.join(SUPPORT.image.mime)}"
    if not _BASE64.fullmatch(uri, head.end()):
        return "the data is not base64"
    return None


def _https_problem(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "this is not a valid URL"
    if parts.scheme != "https":
        return "use an https:// URL, a data: URI or an ltx://uploads/ URI"
    if parts.username is not None or parts.password is not None:
        return "the URL must not carry a user name or password"
    if "." not in host.strip(".") or _is_ip_literal(host):
        return "the URL must name a public host, not an IP address"
    return None


def _is_ip_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # 0x7f.1, 2130706433 and 127.1 are addresses too. No public host name ends with a number.
        return bool(re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", host.rstrip(".").rsplit(".", 1)[-1], re.IGNORECASE))
    return True
