"""Requests a minute: of a key, of a person's keys together, of a team's."""

from collections.abc import Callable

import pytest
import redis
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.accounts.roles import Scope
from project.stack.ports import free_port
from tests.api.contract.conftest import Program


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.API_RATE_KEY = settings.API_RATE_MEMBER = settings.API_RATE_TEAM = 0


def statuses(*programs: Program) -> list[int]:
    return [program.send("POST", "/v1/upload").status_code for program in programs]


def test_each_key_has_its_own_limit(
    program: Program, program_of: Callable[..., Program], funded: Team, bob: User, settings: Settings
) -> None:
    settings.API_RATE_KEY = 2
    other = program_of(bob, funded)
    assert statuses(program, program, program, other) == [200, 200, 429, 200]


def test_the_keys_of_a_member_share_a_limit(
    program: Program, program_of: Callable[..., Program], funded: Team, bob: User, alice: User, settings: Settings
) -> None:
    settings.API_RATE_MEMBER = 2
    assert statuses(program, program_of(bob, funded), program, program_of(alice, funded)) == [200, 200, 429, 200]


def test_a_service_key_counts_against_no_member(
    program_of: Callable[..., Program], funded: Team, alice: User, settings: Settings
) -> None:
    settings.API_RATE_MEMBER = 1
    service = program_of(alice, funded, Scope.GENERATE, is_service=True)
    assert statuses(service, service, program_of(alice, funded)) == [200, 200, 200]


def test_a_team_shares_a_limit(
    program: Program,
    program_of: Callable[..., Program],
    funded: Team,
    alice: User,
    other_team: Team,
    charlie: User,
    settings: Settings,
) -> None:
    settings.API_RATE_TEAM = 2
    stranger = program_of(charlie, other_team)
    assert statuses(program, program_of(alice, funded), program, stranger) == [200, 200, 429, 200]


def test_a_rejected_request_counts_nowhere(
    program: Program, program_of: Callable[..., Program], funded: Team, bob: User, settings: Settings
) -> None:
    settings.API_RATE_KEY, settings.API_RATE_TEAM = 1, 2
    assert statuses(program, program, program, program_of(bob, funded)) == [200, 429, 429, 200]


def test_responses_have_the_remaining_requests(program: Program, settings: Settings) -> None:
    settings.API_RATE_KEY = 3
    first, second = program.send("POST", "/v1/upload"), program.job("nothing")
    assert (first["RateLimit-Policy"], first["RateLimit"]) == ('"key";q=3;w=60', '"key";r=2')
    assert second.status_code == 404
    assert program.send("POST", "/v1/upload")["RateLimit"] == '"key";r=0'


def test_the_bucket_refills(program: Program, valkey: redis.Redis, settings: Settings) -> None:
    settings.API_RATE_KEY = 2
    assert statuses(*[program] * 3)[-1] == 429
    name = f"rate:key:{program.key.pk.hex}"
    full_at = int(valkey.get(name) or 0)
    valkey.set(name, full_at - 60_000_000)  # as if a minute had passed
    assert statuses(program) == [200]


def test_the_counters_expire(program: Program, valkey: redis.Redis, settings: Settings) -> None:
    settings.API_RATE_KEY = settings.API_RATE_MEMBER = settings.API_RATE_TEAM = 10
    statuses(program)
    names = list(valkey.scan_iter("rate:*"))
    assert len(names) == 3
    assert all(0 < valkey.pttl(name) <= 60_000 for name in names)


def test_without_valkey_all_requests_pass(program: Program, settings: Settings) -> None:
    settings.API_RATE_KEY = 1
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert statuses(program, program, program) == [200, 200, 200]
