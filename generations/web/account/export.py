"""A user's data as one JSON document. It is streamed, so it needs the same memory at any size."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse

from generations.accounts.export import account_facts
from generations.accounts.models import User
from generations.credits.wallets import entries_of
from generations.jobs.models import State
from generations.jobs.queries import generations_of

_encode = DjangoJSONEncoder(ensure_ascii=False).encode


def account_document(user: User) -> Iterator[str]:
    """Yield the parts of `{"account": {…}, "generations": […], "ledger_entries": […]}`."""
    yield f'{{"account": {_encode(account_facts(user))},\n"generations": '
    yield from _array(_with_urls(facts) for facts in generations_of(user))
    yield ',\n"ledger_entries": '
    yield from _array(entries_of(user))
    yield "}\n"


def _array(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    separator = "["
    for row in rows:
        yield f"{separator}\n{_encode(row)}"
        separator = ","
    yield "[]" if separator == "[" else "\n]"


def _with_urls(facts: dict[str, Any]) -> dict[str, Any]:
    """Add the URLs of the page and the video of a finished take."""
    if facts["state"] != State.COMPLETED:
        return facts
    arguments = [facts["team"], facts["id"]]
    return {
        **facts,
        "page": settings.PUBLIC_URL + reverse("take", args=arguments),
        "video": settings.PUBLIC_URL + reverse("download", args=arguments),
    }
