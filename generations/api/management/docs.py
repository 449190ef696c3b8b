"""The API documentation page, generated from the OpenAPI document."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from generations.contract.errors import ERROR_TABLE
from generations.events.kinds import PUBLIC_KINDS

from .api import openapi_document
from .problems import KINDS

# By the name of the file under templates/docs/examples/.
EXAMPLES = {"take.sh": "curl", "take.py": "Python", "take.js": "JavaScript"}
FIRST, STREAM = "first.sh", "stream.sh"


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Public: the page documents the API and shows no team's data."""
    base_url = f"{request.scheme}://{request.get_host()}"
    context = {
        "base_url": base_url,
        "first": example(FIRST, base_url),
        "stream": example(STREAM, base_url),
        "examples": [(language, example(name, base_url)) for name, language in EXAMPLES.items()],
        "problems": KINDS,
        "events": PUBLIC_KINDS.values(),
        "contract_errors": ERROR_TABLE,
        "tags": tags(),
        "bodies": bodies(),
    }
    return render(request, "docs/reference.html", context)


def example(name: str, base_url: str) -> str:
    """Return an example. The page shows it exactly as the tests run it."""
    return render_to_string(f"docs/examples/{name}", {"base_url": base_url})


@dataclass(frozen=True)
class Row:
    """A parameter or a field."""

    name: str
    kind: str
    is_required: bool
    description: SafeString
    place: str = ""


@dataclass(frozen=True)
class Response:
    status: str
    description: str
    body: str


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    summary: str
    description: str
    scopes: list[str]
    parameters: list[Row]
    body: str
    responses: list[Response]


@dataclass
class Tag:
    name: str
    description: str
    operations: list[Operation] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return self.name.lower().replace(" ", "-")


@dataclass(frozen=True)
class Body:
    name: str
    description: str
    rows: list[Row]


@cache
def tags() -> list[Tag]:
    """Return the operations by tag. Tags without operations are left out."""
    document = openapi_document()
    found = {tag["name"]: Tag(tag["name"], tag["description"]) for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].operations.append(_operation(document, method, path, operation))
    return [tag for tag in found.values() if tag.operations]


@cache
def bodies() -> list[Body]:
    """Return every schema with fields, by name."""
    schemas = openapi_document()["components"]["schemas"]
    return [
        Body(name, marked(schema.get("description", "")), list(_rows(schema)))
        for name, schema in sorted(schemas.items())
        if "properties" in schema
    ]


def marked(text: str) -> SafeString:
    """Escape text and turn backticks into code elements."""
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
        description=marked(operation.get("description", "")),
        scopes=next(iter(operation.get("security", [{}])[0].values()), []),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
        body=_body_of(operation.get("requestBody", {})),
        responses=[_response(document, status, response) for status, response in operation["responses"].items()],
    )


def _parameter(parameter: dict[str, Any]) -> Row:
    schema = parameter["schema"]
    text = parameter.get("description") or schema.get("description", "")
    return Row(parameter["name"], kind_of(schema), parameter.get("required", False), marked(text), parameter["in"])


def _response(document: dict[str, Any], status: str, response: dict[str, Any]) -> Response:
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return Response(status, response["description"], _body_of(response))


def _body_of(holder: dict[str, Any]) -> str:
    schemas = [media["schema"] for media in holder.get("content", {}).values() if "schema" in media]
    return kind_of(schemas[0]) if schemas else ""


def _rows(schema: dict[str, Any]) -> Iterator[Row]:
    required = schema.get("required", [])
    for name, value in schema["properties"].items():
        yield Row(name, kind_of(value), name in required, marked(value.get("description", "")))


def kind_of(schema: dict[str, Any]) -> str:
    """Describe the type of a value in a few words."""
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
