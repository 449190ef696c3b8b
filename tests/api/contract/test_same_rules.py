"""Whatever a body says, we and the engine say the same to it: both take it, or both refuse it for the same reason."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generations.accounts.models import Team, User
from generations.credits.grants import grant_credits
from generations.credits.models import OfferedModel
from generations.jobs.models import Generation
from tests.api.contract.bodies import body_with
from tests.api.contract.conftest import Program
from tests.api.contract.wild import BAD, GOOD
from tests.engine.process import EngineProcess


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    process = EngineProcess(tmp_path_factory.mktemp("engine"), queue_size="200")
    yield process
    process.kill()  # nobody needs what it has begun to render


def one_of(name: str) -> st.SearchStrategy[Any]:
    """A good value nine times in ten."""
    good, bad = st.sampled_from(GOOD[name]), st.sampled_from(BAD[name])
    return st.integers(0, 9).flatmap(lambda n: bad if n == 0 else good)


bodies = st.fixed_dictionaries({name: one_of(name) for name in GOOD}).map(lambda fields: body_with(**fields))


def verdict(status: int, answer: Any) -> tuple[int, str]:
    return status, answer["error"]["type"] if status >= 400 else ""


def test_the_engine_and_the_api_accept_the_same_bodies(
    program: Program, engine: EngineProcess, funded: Team, alice: User
) -> None:
    grant_credits(team=funded, amount=10_000_000, reason="plenty", actor=alice)
    OfferedModel.objects.update(is_on=True)
    seen: set[int] = set()

    @settings(max_examples=60, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(bodies)
    def compare(body: dict[str, Any]) -> None:
        ours = program.submit(body)
        with engine.client() as client:
            theirs = client.post("/v2/image-to-video", content=json.dumps(body).encode())
        assert verdict(ours.status_code, ours.json()) == verdict(theirs.status_code, theirs.json())
        seen.add(ours.status_code)

    compare()
    assert seen == {202, 400}
    assert Generation.objects.exists()
