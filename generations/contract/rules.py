"""Validate a submit body: every violated rule with its field, never only the first."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from .schemas import ImageToVideoRequest
from .support import SUPPORT, Model
from .uris import image_uri_problem


@dataclass(frozen=True)
class Violation:
    """One broken rule. `field` is the name in the body, or "" when the body itself is at fault."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidRequestError(ValueError):
    """The body breaks the contract; `violations` says where."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


def parse_request(body: object, *, models: Collection[str] | None = None) -> ImageToVideoRequest:
    """Return the typed request, or raise InvalidRequestError with every violated rule."""
    if violations := validate(body, models=models):
        raise InvalidRequestError(violations)
    return ImageToVideoRequest.model_validate(body)


def validate(body: object, *, models: Collection[str] | None = None) -> list[Violation]:
    """Return every violated rule of the contract.

    `models` limits which model ids are offered; None means every model the contract knows, the retired ones too.
    """
    if not isinstance(body, Mapping):
        return [Violation("", "the body must be a JSON object")]
    violations = list(_shape(body))
    broken = {violation.field for violation in violations}
    violations += _uris(body, broken)
    if "prompt" not in broken and (problem := _prompt_problem(body["prompt"])):
        violations.append(Violation("prompt", problem))
    offered = SUPPORT.models.keys() if models is None else models
    if "model" not in broken:
        violations += _matrix(_with_defaults(body), broken, offered)
    return violations


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
    """Put pydantic's wording into the words of the contract."""
    if kind == "missing":
        return "this field is required"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_too_long":
        return f"must have at most {SUPPORT.prompt_max_chars} characters"
    if kind == "literal_error":
        return f"must be one of {', '.join(SUPPORT.camera_motions)}"
    return message.removeprefix("Value error, ").removeprefix("Input ")


def _uris(body: Mapping[str, Any], broken: set[str]) -> Iterator[Violation]:
    for field in ("image_uri", "last_frame_uri"):
        uri = body.get(field)
        if isinstance(uri, str) and field not in broken and (problem := image_uri_problem(uri)):
            yield Violation(field, problem)


def _prompt_problem(prompt: str) -> str | None:
    if "\0" in prompt:
        return "must not contain the NUL character"
    return None if prompt.strip() else "must say what should move"


def _with_defaults(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"fps": SUPPORT.default_fps, "duration": None, "last_frame_uri": None, **body}


def _matrix(values: dict[str, Any], broken: set[str], offered: Collection[str]) -> Iterator[Violation]:
    model = SUPPORT.models.get(values["model"])
    if model is None or model.id not in offered:
        yield Violation("model", f"must be one of {', '.join(offered)}")
        return
    if values["last_frame_uri"] is not None and not model.has_last_frame:
        yield Violation("last_frame_uri", f"{model.id} takes no last frame")
    if "resolution" in broken:
        return
    resolution = values["resolution"]
    if resolution not in model.resolutions:
        yield Violation("resolution", f"{model.id} offers {', '.join(model.resolutions)}")
        return
    yield from _timing(model, resolution, values, broken)


def _timing(model: Model, resolution: str, values: dict[str, Any], broken: set[str]) -> Iterator[Violation]:
    if "fps" in broken:
        return
    if values["fps"] not in model.fps(resolution):
        yield Violation("fps", f"{model.id} at {resolution} offers {_listed(model.fps(resolution))} fps")
        return
    if "duration" in broken:
        return
    seconds = model.seconds(resolution, int(values["fps"]))
    if values["duration"] is None:
        yield from _automatic(model, values)
    elif values["duration"] not in seconds:
        at = f"{model.id} at {resolution} and {int(values['fps'])} fps"
        yield Violation("duration", f"{at} offers {_listed(seconds)} seconds")


def _automatic(model: Model, values: dict[str, Any]) -> Iterator[Violation]:
    if not model.has_auto_duration:
        yield Violation("duration", f"{model.id} needs a length in seconds")
    elif values["last_frame_uri"] is not None:
        yield Violation("duration", "a length in seconds is needed together with a last frame")


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
