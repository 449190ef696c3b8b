"""What the bodies and parameters of several operations have in common."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from generations.accounts.models import ApiKey, User
from generations.common.pagination import MAX_ID
from generations.contract.schemas import Timestamp

Item = TypeVar("Item")

PAGE_SIZE, MOST = 25, 100

Moment = Annotated[Timestamp, WithJsonSchema({"type": "string", "format": "date-time"})]


def _in_words(value: object) -> object:
    """A bare number is no moment, though pydantic would count it as seconds."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}[Tt ]", value):
        raise ValueError("must be written as 2026-01-15T10:00:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    """PostgreSQL takes no offset beyond 16 hours, and no year before the first."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies beyond all calendars") from None


When = Annotated[AwareDatetime, BeforeValidator(_in_words), AfterValidator(_in_utc)]
# PostgreSQL takes NUL in no text.
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]
RowId = Annotated[int, Field(ge=1, le=MAX_ID)]


class Given(BaseModel):
    """What a client sends. A name that is not ours is refused, so that no misspelt filter or setting goes unnoticed."""

    model_config = ConfigDict(extra="forbid")


class PageParams(Given):
    limit: int = Field(PAGE_SIZE, ge=1, le=MOST, description="How many at most.")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before.")


class PageOut(BaseModel, Generic[Item]):
    """A page of a list. `next_cursor` is null on the last."""

    data: list[Item]
    next_cursor: str | None


class Person(BaseModel):
    id: int
    name: str

    @classmethod
    def of(cls, user: User) -> "Person":
        return cls(id=user.pk, name=user.display_name)


class KeyName(BaseModel):
    id: UUID
    name: str

    @classmethod
    def of(cls, key: ApiKey | None) -> "KeyName | None":
        return cls(id=key.pk, name=key.name) if key else None


def words(*names: str) -> Any:
    """A string that is one of these, as a schema for machines."""
    return WithJsonSchema({"type": "string", "enum": list(names)})
