"""What happened in the team, to be read on from any event; and the way to the stream, which another process serves."""

from typing import Annotated, Any

from django.conf import settings
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import AfterValidator, BaseModel, Field

from generations.accounts.stream_access import make_ticket, subscriber_of
from generations.common.pagination import BadCursorError
from generations.events.kinds import PUBLIC_KINDS
from generations.events.models import Event
from generations.events.reading import LARGEST, Position, body_of, events_after
from generations.events.streams.feed import parse_position
from generations.events.streams.origins import events_origin

from . import problems
from .auth import READ, ApiRequest
from .shapes import MOST, PAGE_SIZE, Given, Moment, PageOut, words

router = Router(tags=["Events"])

STREAM = "text/event-stream"


def _is_told(kind: str) -> str:
    if kind not in PUBLIC_KINDS:
        raise ValueError("is not a kind of event")
    return kind


Kind = Annotated[str, AfterValidator(_is_told), words(*PUBLIC_KINDS)]
_REDIRECT = {"responses": {307: {"description": "Asked for a stream: it is served at `Location`, within a minute."}}}


class EventOut(BaseModel):
    """An event as webhooks and the stream tell it, with the id to go on from."""

    id: str = Field(description="Where to go on: `cursor` of this list, `Last-Event-ID` of the stream.")
    type: Kind
    timestamp: Moment
    data: dict[str, Any] = Field(description="Ids, states and figures; no words that people wrote.")

    @classmethod
    def of(cls, event: Event, slug: str) -> "EventOut":
        body = {**body_of(event, slug), "timestamp": event.created_at}
        return cls.model_validate({"id": f"{event.transaction}-{event.pk}", **body})


class EventFilters(Given):
    limit: int = Field(PAGE_SIZE, ge=1, le=MOST, description="How many at most.")
    cursor: str | None = Field(None, max_length=40, description="The id of an event; what came after it is listed.")
    kinds: list[Kind] = Field([], description="Repeat it for several; without it, all that the key may be told of.")

    @property
    def position(self) -> Position:
        """Raises BadCursorError."""
        if self.cursor is None:
            return 0, 0
        position = parse_position(self.cursor)
        if position is None or max(position) > LARGEST:
            raise BadCursorError
        return position


@router.get("", auth=READ, response=PageOut[EventOut], operation_id="list_events", openapi_extra=_REDIRECT)
def list_events(request: ApiRequest, filters: Query[EventFilters]) -> PageOut[EventOut] | HttpResponse:
    """Events, oldest first. With `Accept: text/event-stream`, all that comes, as it comes.

    `next_cursor` is null when there is no more for now; the id of the last event goes on from there later.
    """
    if STREAM in request.headers.get("Accept", ""):
        return _to_stream(request)
    subscriber = subscriber_of(request.auth)
    found = list(events_after(filters.position).visible_to(subscriber, filters.kinds)[: filters.limit + 1])
    data = [EventOut.of(event, subscriber.team_slug) for event in found[: filters.limit]]
    return PageOut(data=data, next_cursor=data[-1].id if len(found) > filters.limit else None)


def _to_stream(request: ApiRequest) -> HttpResponse:
    """Send the client to the process that holds streams, with a ticket: clients keep their key to one address."""
    if settings.EVENTS_PORT is None:
        return problems.problem(problems.UNAVAILABLE, "The proxy must send event streams to the events process.")
    query = request.GET.copy()
    query["ticket"] = make_ticket(request.auth)
    response = HttpResponse(status=307, headers={"Cache-Control": "no-store"})
    response["Location"] = f"{events_origin(request)}{request.path}?{query.urlencode()}"
    return response
