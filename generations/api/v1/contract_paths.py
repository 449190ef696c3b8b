"""The contract's own routes, `/v2` and `/v1/upload`, for the OpenAPI document: written by hand from its schemas."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from generations.contract.errors import ERROR_TABLE
from generations.contract.schemas import (
    Accepted,
    Completed,
    ErrorEnvelope,
    Failed,
    ImageToVideoRequest,
    Pending,
    UploadTicket,
)
from generations.contract.support import SUPPORT, Model

REF = "#/components/schemas/{model}"
_SECURITY = {"read": [{"ApiKeyAuth": ["read", "generate"]}], "generate": [{"ApiKeyAuth": ["generate"]}]}
_TAGS = ["The contract"]
_URI_WORDS = (
    "`https://` URL of a public host (15 MB), `data:<mime>;base64,…` (7 MB), or `ltx://uploads/<id>` of an upload."
)


def contract_schemas() -> dict[str, Any]:
    """The bodies, by name."""
    answers: tuple[type[BaseModel], ...] = (Accepted, Pending, Completed, Failed, ErrorEnvelope, UploadTicket)
    found: dict[str, Any] = {"ImageToVideoRequest": _submit_body()}
    for shape in answers:
        schema = shape.model_json_schema(mode="serialization", ref_template=REF)
        found |= {**schema.pop("$defs", {}), shape.__name__: schema}
    return found


def contract_paths() -> dict[str, Any]:
    return {
        "/v2/image-to-video": {"post": _submit()},
        "/v2/image-to-video/{id}": {"get": _poll()},
        "/v1/upload": {"post": _upload()},
    }


def _submit() -> dict[str, Any]:
    key = {
        "in": "header",
        "name": "Idempotency-Key",
        "description": "For 24 hours the same key and body get the same answer; another body gets 422.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    }
    return {
        "operationId": "image_to_video",
        "summary": "Submit a generation",
        "description": "Hold the price and put the job in the queue. It appears in the gallery like any other.",
        "tags": _TAGS,
        "security": _SECURITY["generate"],
        "parameters": [key],
        "requestBody": {"required": True, "content": _json("ImageToVideoRequest")},
        "responses": {"202": _answer("Accepted", "Accepted"), **_errors(400, 401, 402, 403, 409, 413, 422, 429, 503)},
    }


def _poll() -> dict[str, Any]:
    shapes = {"oneOf": [{"$ref": REF.format(model=name)} for name in ("Pending", "Completed", "Failed")]}
    job = {"in": "path", "name": "id", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        "operationId": "get_image_to_video",
        "summary": "Poll a generation",
        "description": "Every 5 seconds or so. `video_url` needs no key and answers HEAD and byte ranges.",
        "tags": _TAGS,
        "security": _SECURITY["read"],
        "parameters": [job],
        "responses": {
            "200": {"description": "How far it is", "content": {"application/json": {"schema": shapes}}},
            **_errors(401, 403, 404, 429, 503),
        },
    }


def _upload() -> dict[str, Any]:
    return {
        "operationId": "upload",
        "summary": "Ask for a place to upload a still to",
        "description": "PUT the bytes to `upload_url` within the hour, without a key. A body of this call is ignored.",
        "tags": _TAGS,
        "security": _SECURITY["generate"],
        "parameters": [],
        "responses": {"200": _answer("A place", "UploadTicket"), **_errors(401, 403, 429, 503)},
    }


def _submit_body() -> dict[str, Any]:
    """What pydantic knows, and what goes together by the support matrix."""
    schema = ImageToVideoRequest.model_json_schema(ref_template=REF)
    fields = schema["properties"]
    for name in ("image_uri", "last_frame_uri"):
        fields[name]["description"] = _URI_WORDS
    fields["model"]["enum"] = list(SUPPORT.models)
    fields["resolution"]["enum"] = list(SUPPORT.resolutions)
    fields["duration"]["description"] = "Seconds. Null leaves the length to a 2.5 model."
    fields["prompt"]["minLength"] = 1
    schema["anyOf"] = list(_combinations())
    schema["example"] = {
        "image_uri": "ltx://uploads/3f6c8a52-6a0c-4f6e-9a55-0d4a3c3a1f10",
        "prompt": "The lantern sways in the wind.",
        "model": "ltx-2-3-fast",
        "duration": 6,
        "resolution": "1920x1080",
    }
    return schema


def _combinations() -> Iterator[dict[str, Any]]:
    for model in SUPPORT.models.values():
        for row in model.matrix:
            together: dict[str, Any] = {
                "model": {"const": model.id},
                "resolution": {"enum": list(row.resolutions)},
                "fps": {"enum": list(row.fps)},
                "duration": {"enum": [*row.seconds, *_automatic(model)]},
            }
            if not model.has_last_frame:
                together["last_frame_uri"] = {"type": "null"}
            needs = {} if SUPPORT.default_fps in row.fps else {"required": ["fps"]}
            yield {"properties": together, **needs}


def _automatic(model: Model) -> list[None]:
    return [None] if model.has_auto_duration else []


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": _json(schema)}


def _errors(*statuses: int) -> dict[str, Any]:
    kinds = {kind.status: kind.type for kind in ERROR_TABLE}
    return {str(status): _answer(kinds.get(status, "invalid_request_error"), "ErrorEnvelope") for status in statuses}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=schema)}}}
