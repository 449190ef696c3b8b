"""The team's events as a list, and the redirect to the event stream, which another process serves."""

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
from .schemas import MAX_PAGE_SIZE, PAGE_SIZE, Input, Moment, PageOut, one_of

router = Router(tags=["Events"])

STREAM = "text/event-stream"


def _check_kind(kind: str) -> str:
    if kind not in PUBLIC_KINDS:
        raise ValueError("unknown event type")
    return kind


Kind = Annotated[str, AfterValidator(_check_kind), one_of(*PUBLIC_KINDS)]
_REDIRECT = {"responses": {307: {"description": "The stream is at `Location`. Follow within a minute."}}}


class EventOut(BaseModel):
    """An event as in webhooks and the stream, with its id."""

    id: str = Field(description="Continue after this event: `cursor` of this list, `Last-Event-ID` of the stream.")
    type: Kind
    timestamp: Moment
    data: dict[str, Any] = Field(description="Ids, states and numbers. No text that users wrote.")

    @classmethod
    def of(cls, event: Event, slug: str) -> "EventOut":
        body = {**body_of(event, slug), "timestamp": event.created_at}
        return cls.model_validate({"id": f"{event.transaction}-{event.pk}", **body})


class EventFilters(Input):
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE, description="Maximum number of events.")
    cursor: str | None = Field(None, max_length=40, description="The id of an event. The list starts after it.")
    kinds: list[Kind] = Field([], description="Repeat for several types. Default: all types that the key can see.")

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
    """List events, oldest first. With `Accept: text/event-stream`, redirect to the stream of new events.

    `next_cursor` is null on the last page. Use the id of the last event as cursor to continue later.
    """
    if STREAM in request.headers.get("Accept", ""):
        return _redirect_to_stream(request)
    subscriber = subscriber_of(request.auth)
    found = list(events_after(filters.position).visible_to(subscriber, filters.kinds)[: filters.limit + 1])
    data = [EventOut.of(event, subscriber.team_slug) for event in found[: filters.limit]]
    return PageOut(data=data, next_cursor=data[-1].id if len(found) > filters.limit else None)


def _redirect_to_stream(request: ApiRequest) -> HttpResponse:
    """Redirect to the process that serves streams, with a ticket: clients do not send their key to another origin."""
    if settings.EVENTS_PORT is None:
        return problems.problem(problems.UNAVAILABLE, "The proxy must send event streams to the events process.")
    query = request.GET.copy()
    query["ticket"] = make_ticket(request.auth)
    response = HttpResponse(status=307, headers={"Cache-Control": "no-store"})
    response["Location"] = f"{events_origin(request)}{request.path}?{query.urlencode()}"
    return response
