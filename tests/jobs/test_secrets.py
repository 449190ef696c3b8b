"""Planted secrets and an error at each step: the secrets appear nowhere afterwards."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest
import redis
from django.apps import apps
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from structlog.stdlib import ProcessorFormatter

from generations.accounts.models import User
from generations.jobs import tasks
from generations.jobs.dispatch import claim_due, dispatch_due
from generations.jobs.models import Attempt, Generation, State
from project.logs import logging_config
from tests.fakes import behaviors
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Submit

KEY = "planted-provider-key-4d1f"
# Every secret URL of the scripted provider contains one.
SIGNATURE = "signature="
ROUTES = ("upload", "put", "submit", "poll", "download")
ERRORS = {
    "an echo": behaviors.refuse(400, message=f"The key {KEY} is unknown."),
    "an echo of our account": behaviors.refuse(401, message=f"Bearer {KEY}"),
    "an echo in doubt": behaviors.refuse(500, message=f"{KEY} broke it."),
    "a page": behaviors.respond(502, f"<title>{KEY}</title>".encode()),
    "nothing": behaviors.drop(),
    "half an answer": behaviors.bad_json(),
}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, at the lowest level, in each format."""
    written, root = io.StringIO(), logging.getLogger()
    handlers = [logging.StreamHandler(written) for _ in range(2)]
    for handler, name in zip(handlers, ("text", "json"), strict=True):
        shape = logging_config(name, "DEBUG")["formatters"]["structured"]
        handler.setFormatter(ProcessorFormatter(**{key: value for key, value in shape.items() if key != "()"}))
        root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


@pytest.fixture
def locked(provider: ScriptedProvider, settings: Settings) -> ScriptedProvider:
    """A provider that requires the key."""
    settings.PROVIDER_API_KEY = KEY
    provider.configure(api_key=KEY)
    return provider


@pytest.fixture
def creator(client_of: Callable[[User], Client], bob: User) -> Client:
    return client_of(bob)


@pytest.fixture
def staff(client_of: Callable[[User], Client], alice: User) -> Client:
    alice.is_staff = alice.is_superuser = True
    alice.save()
    return client_of(alice)


@pytest.fixture
def told(log: io.StringIO, valkey: redis.Redis, staff: Client, creator: Client) -> Callable[[], str]:
    """Return everything that can be read afterwards: logs, tables, Valkey, admin pages and member pages."""

    def read() -> str:
        tables = apps.get_app_config("generations").get_models()
        stored = [str(list(model._default_manager.values_list())) for model in tables]
        stored += [str(valkey.dump(key)) for key in valkey.scan_iter()]
        rows = [("generation", pk) for pk in Generation.objects.values_list("pk", flat=True)]
        rows += [("attempt", pk) for pk in Attempt.objects.values_list("pk", flat=True)]
        pages = [staff.get(reverse(f"admin:generations_{name}_change", args=[pk])) for name, pk in rows]
        pages += [staff.get("/ops/"), creator.get("/t/lighthouse/jobs/")]
        assert {page.status_code for page in pages} == {200}
        return "".join([log.getvalue(), *stored, *(page.content.decode() for page in pages)])

    return read


def work(*states: State) -> None:
    """Run the due work through Celery tasks, so that their errors are logged as in a worker."""
    for state in states:
        Drive().make_due()
        if state == State.SUBMITTING:
            dispatch_due()
            for pk, fence in Generation.objects.filter(state=state).values_list("pk", "fence"):
                tasks.send_generation.apply(args=[str(pk), fence])
        elif state == State.PROCESSING:
            tasks.poll_due.apply()
        else:
            for pk, fence in claim_due([State.SAVING], limit=5):
                tasks.save_generation.apply(args=[str(pk), fence])


LIFE = (State.SUBMITTING, State.PROCESSING, State.PROCESSING, State.SAVING)


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_of_the_provider_tells_no_secret(
    error: str, told: Callable[[], str], submit: Submit, locked: ScriptedProvider, creator: Client, staff: Client
) -> None:
    for route in ROUTES:
        submit()
        locked.script(route, ERRORS[error])
        work(*LIFE)
        locked.regular(route)
    assert all(locked.count(route) for route in ROUTES)
    assert [request for request in locked.requests() if SIGNATURE in request.path or KEY in str(request.headers)]
    everything = told()
    for secret in (KEY, SIGNATURE, creator.session.session_key, staff.session.session_key):
        assert secret not in everything


def test_an_error_of_our_own_tells_no_secret(
    told: Callable[[], str], submit: Submit, locked: ScriptedProvider, settings: Settings
) -> None:
    """The traceback of steps that use the signed URL and the key is logged, without these values."""
    submit()
    work(*LIFE[:3])
    settings.VIDEO_DEADLINE = None
    locked.script("poll", behaviors.completed_with(f"{locked.base_url}/a?{SIGNATURE}x"))
    work(State.SAVING)
    everything = told()
    assert "AttributeError" in everything
    for secret in (KEY, SIGNATURE):
        assert secret not in everything


def test_an_error_while_a_session_is_read_does_not_tell_it(
    log: io.StringIO, creator: Client, settings: Settings
) -> None:
    settings.SESSION_SERIALIZER = "no.such.serializer"
    creator.raise_request_exception = False
    page = creator.get("/t/lighthouse/jobs/")
    assert page.status_code == 500
    assert "ModuleNotFoundError" in log.getvalue()
    assert creator.cookies["sessionid"].value not in page.content.decode() + log.getvalue()
