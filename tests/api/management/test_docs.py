import re

import pytest
from django.test import Client
from django.utils.html import escape

from generations.api.management.docs import EXAMPLES, FIRST, STREAM, example
from generations.api.management.problems import KINDS
from generations.events.kinds import PUBLIC_KINDS
from tests.api.management.responses import json_of
from tests.web.pages import words


@pytest.fixture
def page(client, db):
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    return answer


def test_the_page_is_public(page, client_of, bob):
    assert client_of(bob).get("/api/v1/docs").status_code == 200
    assert "default-src 'none'" in page["Content-Security-Policy"]


def test_the_page_has_every_operation(page, client):
    document = json_of(client.get("/api/v1/openapi.json"))
    shown = page.content.decode()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len(operations) > 25
    for operation in operations:
        assert f'id="{operation["operationId"]}"' in shown
    for path in ("/v2/image-to-video", "/v2/image-to-video/{id}", "/v1/upload"):
        assert path in document["paths"]


def test_the_type_of_every_problem_links_to_its_row(page):
    for kind in KINDS:
        assert f'id="{kind.code}"' in page.content.decode()


def test_the_page_has_every_kind_of_event(page):
    for kind in PUBLIC_KINDS.values():
        assert f"<td><code>{kind.name}</code></td><td>{escape(kind.description)}</td>" in page.content.decode()


def test_the_page_shows_the_examples_as_they_run(page):
    shown = words(page)
    for name in (*EXAMPLES, FIRST, STREAM):
        assert " ".join(example(name, "http://testserver").split()) in shown


def test_the_page_loads_nothing_from_other_hosts(page):
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.content.decode()):
        assert address.startswith(("/", "#")), address


def test_the_document_names_the_scopes_and_every_error(client, db):
    document = json_of(client.get("/api/v1/openapi.json"))
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            (security,) = operation["security"]
            assert security.keys() == {"ApiKeyAuth"}
            assert {"401", "403", "429", "503"} <= operation["responses"].keys()
            assert ("{" not in path) or "404" in operation["responses"] or "roles" in path


@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/openapi.json"])
def test_other_methods_are_not_allowed(path, db):
    assert Client().post(path).status_code == 405
