import re

import pytest
from django.test import Client
from django.utils.html import escape

from generations.api.management.docs import EXAMPLES, FIRST, STREAM, example
from generations.api.management.problems import KINDS
from generations.events.kinds import PUBLIC_KINDS
from tests.api.management.responses import told
from tests.web.pages import words


@pytest.fixture
def page(client, db):
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    return answer


def test_anybody_may_read_it_signed_in_or_not(page, client_of, bob):
    assert client_of(bob).get("/api/v1/docs").status_code == 200
    assert "default-src 'none'" in page["Content-Security-Policy"]


def test_every_operation_of_the_document_stands_in_it(page, client):
    document = told(client.get("/api/v1/openapi.json"))
    shown = page.content.decode()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len(operations) > 25
    for operation in operations:
        assert f'id="{operation["operationId"]}"' in shown
    for path in ("/v2/image-to-video", "/v2/image-to-video/{id}", "/v1/upload"):
        assert path in document["paths"]


def test_the_type_of_every_problem_leads_to_its_line(page):
    for kind in KINDS:
        assert f'id="{kind.code}"' in page.content.decode()


def test_every_kind_of_event_stands_in_it(page):
    for kind in PUBLIC_KINDS.values():
        assert f"<td><code>{kind.name}</code></td><td>{escape(kind.description)}</td>" in page.content.decode()


def test_the_examples_are_printed_as_they_run(page):
    shown = words(page)
    for name in (*EXAMPLES, FIRST, STREAM):
        assert " ".join(example(name, "http://testserver").split()) in shown


def test_it_loads_nothing_from_elsewhere(page):
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.content.decode()):
        assert address.startswith(("/", "#")), address


def test_the_document_names_the_scopes_and_every_error(client, db):
    document = told(client.get("/api/v1/openapi.json"))
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            (security,) = operation["security"]
            assert security.keys() == {"ApiKeyAuth"}
            assert {"401", "403", "429", "503"} <= operation["responses"].keys()
            assert ("{" not in path) or "404" in operation["responses"] or "roles" in path


@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/openapi.json"])
def test_they_are_read_and_nothing_else(path, db):
    assert Client().post(path).status_code == 405
