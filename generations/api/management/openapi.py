"""The OpenAPI document: what Django Ninja generates, the common errors and headers, and the contract's routes.

The contract's own routes, `/v2` and `/v1/upload`, are written by hand from the contract's schemas.
"""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
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

from .problems import KINDS, MEDIA_TYPE, Problem

TAGS = [
    {"name": "The contract", "description": "The image-to-video contract. Its errors have their own format."},
    {"name": "Quote", "description": "The price of a generation before you submit it."},
    {"name": "Generations", "description": "All generations visible to the key, in any status."},
    {"name": "Takes", "description": "Finished videos with URLs to view and download them."},
    {"name": "Credits", "description": "Balance and transactions."},
    {"name": "Quotas", "description": "Credit limits of the team, a role, a member or a key."},
    {"name": "Members", "description": "The members of the team."},
    {"name": "Keys", "description": "API keys, including the current one."},
    {"name": "Events", "description": "The team's events, as a list and as a stream."},
    {"name": "Webhooks", "description": "Webhook endpoints and deliveries."},
]
REF = "#/components/schemas/{model}"
_SECURITY = {"read": [{"ApiKeyAuth": ["read", "generate"]}], "generate": [{"ApiKeyAuth": ["generate"]}]}
_TAGS = ["The contract"]
_URI_FORMS = (
    "`https://` URL of a public host (15 MB), `data:<mime>;base64,…` (7 MB), or `ltx://uploads/<id>` of an upload."
)

COMMON_ERRORS = (400, 401, 403, 413, 422, 429, 503)
_REQUEST_ID = {
    "description": "Request id for support.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "required": True,
}
_HEADERS = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}

SUBMIT_BODY = {"$ref": "#/components/schemas/ImageToVideoRequest"}


class Document(OpenAPISchema):
    """Django Ninja's document with the scopes of each operation, and its name as the summary."""

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        super().operation_security(operation)
        return [{"ApiKeyAuth": list(getattr(auth, "scopes", ()))} for auth in operation.auth_callbacks]

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        details: dict[str, Any] = super().operation_details(operation)
        return {**details, "summary": details["operationId"].replace("_", " ").capitalize()}


def errors(*statuses: int) -> dict[str, Any]:
    """Declare the errors of an operation in addition to those that every operation has."""
    return {"responses": {status: _reference(status) for status in statuses}}


def submit_body() -> dict[str, Any]:
    """Declare the contract's submit body for an operation that parses the body itself."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": SUBMIT_BODY}}}}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Complete the generated document and add the contract's routes."""
    components = document["components"]
    problem = Problem.model_json_schema(ref_template=REF)
    components["schemas"] |= {**problem.pop("$defs"), "Problem": problem, **_contract_schemas()}
    components["headers"] = {"RequestId": _REQUEST_ID}
    components["responses"] = {_name(kind.status): _error(kind.title) for kind in reversed(KINDS)}
    for methods in document["paths"].values():
        for operation in methods.values():
            _finish(operation)
    document["paths"] = {**_contract_paths(), **document["paths"]}
    return _rename_schemas({**document, "servers": [{"url": settings.PUBLIC_URL}], "tags": TAGS})


def _rename_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """`PageOut_GenerationOut_` → `GenerationPage`: do not publish the names of our classes."""
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        plain = re.sub(r"Out$", "", re.sub(r"^PageOut_(\w+?)(Out)?_$", r"\1Page", name))
        text = text.replace(f'schemas/{name}"', f'schemas/{plain}"').replace(f'"{name}": {{', f'"{plain}": {{')
    found: dict[str, Any] = json.loads(text)
    return found


def _finish(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for response in responses.values():
        if "$ref" not in response:
            response["headers"] = _HEADERS
    responses.update({status: _reference(status) for status in COMMON_ERRORS if status not in responses})
    operation["responses"] = {str(status): responses[status] for status in sorted(responses, key=int)}
    for parameter in operation["parameters"]:
        _remove_null(parameter["schema"])


def _remove_null(schema: dict[str, Any]) -> None:
    """Remove null from a parameter's type: a query cannot contain null."""
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    for kind in kinds:
        schema.update(kind)


def _error(title: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": title, "headers": _HEADERS, "content": content}


def _reference(status: int) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{_name(status)}"}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def _contract_schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    shapes: tuple[type[BaseModel], ...] = (Accepted, Pending, Completed, Failed, ErrorEnvelope, UploadTicket)
    found: dict[str, Any] = {"ImageToVideoRequest": _submit_body()}
    for shape in shapes:
        schema = shape.model_json_schema(mode="serialization", ref_template=REF)
        found |= {**schema.pop("$defs", {}), shape.__name__: schema}
    return found


def _contract_paths() -> dict[str, Any]:
    return {
        "/v2/image-to-video": {"post": _submit_operation()},
        "/v2/image-to-video/{id}": {"get": _poll_operation()},
        "/v1/upload": {"post": _upload_operation()},
    }


def _submit_operation() -> dict[str, Any]:
    key = {
        "in": "header",
        "name": "Idempotency-Key",
        "description": "For 24 hours, the same key and body return the same response. Another body returns 422.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    }
    return {
        "operationId": "image_to_video",
        "summary": "Submit a generation",
        "description": "Reserves the price and queues the generation. The result appears in the team's gallery.",
        "tags": _TAGS,
        "security": _SECURITY["generate"],
        "parameters": [key],
        "requestBody": {"required": True, "content": _json("ImageToVideoRequest")},
        "responses": {
            "202": _response_of("Accepted", "Accepted"),
            **_errors(400, 401, 402, 403, 409, 413, 422, 429, 503),
        },
    }


def _poll_operation() -> dict[str, Any]:
    shapes = {"oneOf": [{"$ref": REF.format(model=name)} for name in ("Pending", "Completed", "Failed")]}
    job = {"in": "path", "name": "id", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        "operationId": "get_image_to_video",
        "summary": "Poll a generation",
        "description": "Poll about every 5 seconds. `video_url` needs no key and supports HEAD and range requests.",
        "tags": _TAGS,
        "security": _SECURITY["read"],
        "parameters": [job],
        "responses": {
            "200": {"description": "Job status", "content": {"application/json": {"schema": shapes}}},
            **_errors(401, 403, 404, 429, 503),
        },
    }


def _upload_operation() -> dict[str, Any]:
    return {
        "operationId": "upload",
        "summary": "Create an upload URL",
        "description": "PUT the bytes to `upload_url` within one hour. No key needed. A body is ignored.",
        "tags": _TAGS,
        "security": _SECURITY["generate"],
        "parameters": [],
        "responses": {"200": _response_of("Upload URL", "UploadTicket"), **_errors(401, 403, 429, 503)},
    }


def _submit_body() -> dict[str, Any]:
    """Add the combinations of the support matrix to pydantic's schema."""
    schema = ImageToVideoRequest.model_json_schema(ref_template=REF)
    fields = schema["properties"]
    for name in ("image_uri", "last_frame_uri"):
        fields[name]["description"] = _URI_FORMS
    fields["model"]["enum"] = list(SUPPORT.models)
    fields["resolution"]["enum"] = list(SUPPORT.resolutions)
    fields["duration"]["description"] = "Duration in seconds. Null lets a 2.5 model choose."
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


def _response_of(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": _json(schema)}


def _errors(*statuses: int) -> dict[str, Any]:
    kinds = {kind.status: kind.type for kind in ERROR_TABLE}
    return {
        str(status): _response_of(kinds.get(status, "invalid_request_error"), "ErrorEnvelope") for status in statuses
    }


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=schema)}}}
