"""docker-compose.yml, Dockerfile and .env.example match each other."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from project.env import ROOT, Environment

COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_every_part_is_a_service(services: dict[str, Any]) -> None:
    assert set(services) == {
        *("proxy", "web", "events", "worker", "media-worker", "webhook-worker", "beat", "migrate", "engine"),
        *("postgres", "valkey", "storage"),
    }


def test_every_server_has_a_health_check(services: dict[str, Any]) -> None:
    for name in ("web", "events", "worker", "media-worker", "webhook-worker", "engine", "postgres", "valkey"):
        assert services[name]["healthcheck"]["test"], name


def test_nothing_starts_before_the_migrations(services: dict[str, Any]) -> None:
    for name in ("web", "events", "worker", "media-worker", "webhook-worker", "beat"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully", name


def test_only_the_proxy_is_reachable_from_outside(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]


def test_data_is_kept_in_named_volumes(services: dict[str, Any]) -> None:
    declared = yaml.safe_load(COMPOSE.read_text())["volumes"]
    for name in ("postgres", "valkey", "storage", "engine", "proxy"):
        volume = services[name]["volumes"][0].split(":")[0]
        assert volume in declared, name


def test_the_started_programs_are_installed(services: dict[str, Any]) -> None:
    own = [
        services[name]["command"][0]
        for name in ("events", "worker", "media-worker", "webhook-worker", "beat", "engine")
    ]
    for program in {*own, "granian"} - {"python"}:
        assert shutil.which(program, path=str(Path(sys.executable).parent)), program


def test_the_example_sets_every_required_variable() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    example = (ROOT / ".env.example").read_text()
    assert required - set(re.findall(r"^(\w+)=", example, re.MULTILINE)) == set()


def test_the_example_contains_no_unused_variable() -> None:
    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    read = {name.upper() for name in Environment.model_fields} | {"COMPOSE_PROFILES"}
    assert named - read - set(re.findall(r"\$\{(\w+)", COMPOSE.read_text())) == set()


def test_the_files_copied_into_the_image_exist() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for line in copied:
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
