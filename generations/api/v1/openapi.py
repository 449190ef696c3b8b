"""The OpenAPI document, finished: what every operation may answer besides, and with which headers."""

from http import HTTPStatus
from typing import Any

from .problems import KINDS, MEDIA_TYPE, Problem

ALWAYS = (400, 401, 403, 413, 422, 429, 503)
_REQUEST_ID = {
    "description": "Names this request in the logs.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "required": True,
}
_HEADERS = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}

SUBMIT_BODY = {"$ref": "#/components/schemas/ImageToVideoRequest"}


def refuses(*statuses: int) -> dict[str, Any]:
    """Declare the errors that this operation may answer besides those that each may."""
    return {"responses": {status: _reference(status) for status in statuses}}


def takes_submit_body() -> dict[str, Any]:
    """Declare the contract's submit body for an operation that reads it by itself."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": SUBMIT_BODY}}}}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Finish what the routes declare."""
    components = document["components"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
    components["headers"] = {"RequestId": _REQUEST_ID}
    components["responses"] = {_name(kind.status): _refusal(kind.title) for kind in KINDS}
    for methods in document["paths"].values():
        for operation in methods.values():
            _finish(operation)
    return document


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
