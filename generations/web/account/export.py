"""One person's data as one JSON document, written while it is read: it costs the same memory at any length."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse

from generations.accounts.export import account_facts
from generations.accounts.models import User
from generations.credits.export import entries_of
from generations.jobs.models import State
from generations.jobs.queries import generations_of

_encode = DjangoJSONEncoder(ensure_ascii=False).encode


def account_document(user: User) -> Iterator[str]:
    """Pieces of `{"account": {…}, "generations": […], "ledger_entries": […]}`."""
    yield f'{{"account": {_encode(account_facts(user))},\n"generations": '
    yield from _array(_with_link(facts) for facts in generations_of(user))
    yield ',\n"ledger_entries": '
    yield from _array(entries_of(user))
    yield "}\n"


def _array(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    separator = "["
    for row in rows:
        yield f"{separator}\n{_encode(row)}"
        separator = ","
    yield "[]" if separator == "[" else "\n]"


def _with_link(facts: dict[str, Any]) -> dict[str, Any]:
    """A finished take has a page and a video."""
    if facts["state"] != State.COMPLETED:
        return facts
    place = [facts["team"], facts["id"]]
    return {
        **facts,
        "page": settings.PUBLIC_URL + reverse("take", args=place),
        "video": settings.PUBLIC_URL + reverse("download", args=place),
    }
