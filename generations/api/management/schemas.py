"""Schemas and types that several resources share."""

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

PAGE_SIZE, MAX_PAGE_SIZE = 25, 100

Moment = Annotated[Timestamp, WithJsonSchema({"type": "string", "format": "date-time"})]


def _check_iso_8601(value: object) -> object:
    """Reject bare numbers, which pydantic would read as seconds."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}[Tt ]", value):
        raise ValueError("must look like 2026-01-15T10:00:00Z")
    return value


def _to_utc(moment: datetime) -> datetime:
    """PostgreSQL accepts no offset beyond 16 hours and no year before 1."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("date is out of range") from None


When = Annotated[AwareDatetime, BeforeValidator(_check_iso_8601), AfterValidator(_to_utc)]
# PostgreSQL accepts no NUL in text.
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]
RowId = Annotated[int, Field(ge=1, le=MAX_ID)]


class Input(BaseModel):
    """Data from a client. Unknown names are rejected, so that a misspelled field does not go unnoticed."""

    model_config = ConfigDict(extra="forbid")


class PageParams(Input):
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE, description="Maximum number of items.")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the previous page.")


class PageOut(BaseModel, Generic[Item]):
    """A page of a list. `next_cursor` is null on the last page."""

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


def one_of(*names: str) -> Any:
    """Return the schema of a string with these values."""
    return WithJsonSchema({"type": "string", "enum": list(names)})
