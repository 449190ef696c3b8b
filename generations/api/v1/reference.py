"""The OpenAPI document as people read it: operations by tag, with their parameters, bodies and answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from .api import openapi_document


@dataclass(frozen=True)
class Row:
    """One parameter or field."""

    name: str
    kind: str
    is_required: bool
    words: SafeString
    place: str = ""


@dataclass(frozen=True)
class Answer:
    status: str
    words: str
    body: str


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    summary: str
    words: str
    scopes: list[str]
    parameters: list[Row]
    body: str
    answers: list[Answer]


@dataclass
class Tag:
    name: str
    words: str
    operations: list[Operation] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return self.name.lower().replace(" ", "-")


@dataclass(frozen=True)
class Body:
    name: str
    words: str
    rows: list[Row]


@cache
def tags() -> list[Tag]:
    """The operations, in the order of the tags; tags without any are left out."""
    document = openapi_document()
    found = {tag["name"]: Tag(tag["name"], tag["description"]) for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].operations.append(_operation(document, method, path, operation))
    return [tag for tag in found.values() if tag.operations]


@cache
def bodies() -> list[Body]:
    """Every named body with fields, by name."""
    schemas = openapi_document()["components"]["schemas"]
    return [
        Body(name, marked(schema.get("description", "")), list(_rows(schema)))
        for name, schema in sorted(schemas.items())
        if "properties" in schema
    ]


def marked(text: str) -> SafeString:
    """Words for a page: what stands between backticks is code."""
    found = SafeString("")
    for number, part in enumerate(text.split("`")):
        found += format_html("<code>{}</code>", part) if number % 2 else conditional_escape(part)
    return found


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Operation:
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        words=marked(operation.get("description", "")),
        scopes=next(iter(operation.get("security", [{}])[0].values()), []),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
        body=_body_of(operation.get("requestBody", {})),
        answers=[_answer(document, status, answer) for status, answer in operation["responses"].items()],
    )


def _parameter(parameter: dict[str, Any]) -> Row:
    schema = parameter["schema"]
    words = parameter.get("description") or schema.get("description", "")
    return Row(parameter["name"], kind_of(schema), parameter.get("required", False), marked(words), parameter["in"])


def _answer(document: dict[str, Any], status: str, answer: dict[str, Any]) -> Answer:
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return Answer(status, answer["description"], _body_of(answer))


def _body_of(holder: dict[str, Any]) -> str:
    schemas = [media["schema"] for media in holder.get("content", {}).values() if "schema" in media]
    return kind_of(schemas[0]) if schemas else ""


def _rows(schema: dict[str, Any]) -> Iterator[Row]:
    required = schema.get("required", [])
    for name, value in schema["properties"].items():
        yield Row(name, kind_of(value), name in required, marked(value.get("description", "")))


def kind_of(schema: dict[str, Any]) -> str:
    """Say in a few words what a value is."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema and "type" not in schema:
            return " or ".join(kind_of(one) for one in schema[several])
    if "enum" in schema:
        return " · ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "anything"))
