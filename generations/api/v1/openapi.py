"""The OpenAPI document, finished: what every operation may answer besides, and with which headers."""

import json
import re
from http import HTTPStatus
from typing import Any

from django.conf import settings
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from .contract_paths import REF, contract_paths, contract_schemas
from .problems import KINDS, MEDIA_TYPE, Problem

TAGS = [
    {"name": "The contract", "description": "The image-to-video contract. Its errors come in its own envelope."},
    {"name": "Quote", "description": "What a submit would cost, before it is made."},
    {"name": "Generations", "description": "Every job that the key may see, in whatever state."},
    {"name": "Takes", "description": "What is finished, with addresses to watch and to download."},
    {"name": "Credits", "description": "What may still be spent, and what was."},
    {"name": "Quotas", "description": "Rules inside the wallet: of the team, a role, a member, a key."},
    {"name": "Members", "description": "Who is in the team."},
    {"name": "Keys", "description": "API keys, and the one in use."},
    {"name": "Events", "description": "What happens in the team, as a list and as a stream."},
    {"name": "Webhooks", "description": "Being told of events."},
]
ALWAYS = (400, 401, 403, 413, 422, 429, 503)
_REQUEST_ID = {
    "description": "Names this request in the logs.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "required": True,
}
_HEADERS = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}

SUBMIT_BODY = {"$ref": "#/components/schemas/ImageToVideoRequest"}


class Document(OpenAPISchema):
    """The library's document, with the scopes that an operation needs, and its name as the summary."""

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        super().operation_security(operation)
        return [{"ApiKeyAuth": list(getattr(auth, "scopes", ()))} for auth in operation.auth_callbacks]

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        details: dict[str, Any] = super().operation_details(operation)
        return {**details, "summary": details["operationId"].replace("_", " ").capitalize()}


def refuses(*statuses: int) -> dict[str, Any]:
    """Declare the errors that this operation may answer besides those that each may."""
    return {"responses": {status: _reference(status) for status in statuses}}


def takes_submit_body() -> dict[str, Any]:
    """Declare the contract's submit body for an operation that reads it by itself."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": SUBMIT_BODY}}}}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Finish what the routes declare, and put the contract's own routes beside them."""
    components = document["components"]
    problem = Problem.model_json_schema(ref_template=REF)
    components["schemas"] |= {**problem.pop("$defs"), "Problem": problem, **contract_schemas()}
    components["headers"] = {"RequestId": _REQUEST_ID}
    components["responses"] = {_name(kind.status): _refusal(kind.title) for kind in reversed(KINDS)}
    for methods in document["paths"].values():
        for operation in methods.values():
            _finish(operation)
    document["paths"] = {**contract_paths(), **document["paths"]}
    return _plainly_named({**document, "servers": [{"url": settings.PUBLIC_URL}], "tags": TAGS})


def _plainly_named(document: dict[str, Any]) -> dict[str, Any]:
    """`PageOut_GenerationOut_` → `GenerationPage`: our classes' names are our own business."""
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        plain = re.sub(r"Out$", "", re.sub(r"^PageOut_(\w+?)(Out)?_$", r"\1Page", name))
        text = text.replace(f'schemas/{name}"', f'schemas/{plain}"').replace(f'"{name}": {{', f'"{plain}": {{')
    found: dict[str, Any] = json.loads(text)
    return found


def _finish(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    for answer in answers.values():
        if "$ref" not in answer:
            answer["headers"] = _HEADERS
    answers.update({status: _reference(status) for status in ALWAYS if status not in answers})
    operation["responses"] = {str(status): answers[status] for status in sorted(answers, key=int)}
    for parameter in operation["parameters"]:
        _leave_out_null(parameter["schema"])


def _leave_out_null(schema: dict[str, Any]) -> None:
    """A parameter of an address is there or not; there is no way to write null."""
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    for kind in kinds:
        schema.update(kind)


def _refusal(title: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": title, "headers": _HEADERS, "content": content}


def _reference(status: int) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{_name(status)}"}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")
