"""An entry of the audit log as text: the action, the actor, the subject, and the changed fields."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from generations.events.models import Event

from ..formatting import figure

NOUNS = {
    "apikey": "API key",
    "key": "API key",
    "webhook": "Webhook",
    "credits": "Credits",
    "admin": "Site admin",
}
SUBJECT_FIELDS = ("email", "name", "url", "model", "provider", "reason")
EMPTY = "–"
_CHANGES = ("before", "after")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")


@dataclass(frozen=True)
class Change:
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class AuditEntry:
    """One row of the log."""

    event: Event

    @property
    def title(self) -> str:
        return title_of(self.event.kind)

    @property
    def actor_name(self) -> str:
        return str(self.event.actor) if self.event.actor else "System"

    @property
    def subject(self) -> str:
        return next((str(self.event.data[name]) for name in SUBJECT_FIELDS if self.event.data.get(name)), "")

    @property
    def changes(self) -> list[Change]:
        before, after = (_fields(self.event.data.get(name)) for name in _CHANGES)
        names = [*before, *(name for name in after if name not in before)]
        changes = [Change(_label(name), _formatted(before.get(name)), _formatted(after.get(name))) for name in names]
        return [change for change in changes if change.before != change.after]

    @property
    def details(self) -> list[tuple[str, str]]:
        """Return the other values of the event that are not empty."""
        known = {*SUBJECT_FIELDS, *_CHANGES, "user"}
        if self.changes:
            known.add("role")
        details = [(_label(name), _formatted(value)) for name, value in self.event.data.items() if name not in known]
        return [(name, value) for name, value in details if value != EMPTY]


def title_of(kind: str) -> str:
    """Format `member.role_changed` as `Member: role changed`."""
    noun, _, verb = kind.partition(".")
    return f"{NOUNS.get(noun, _label(noun))}: {verb.replace('_', ' ').replace('.', ' ')}"


CSV_COLUMNS = ("Date (UTC)", "Member", "Email", "Event", "Subject", "Before", "After", "IP address", "Team")


def csv_rows(events: Iterator[Event]) -> Iterator[tuple[str, ...]]:
    yield CSV_COLUMNS
    for event in events:
        entry = AuditEntry(event)
        before, after = (_as_text(event.data.get(name)) for name in _CHANGES)
        if not (before or after):
            after = "; ".join(f"{name}: {value}" for name, value in entry.details)
        yield (
            f"{event.created_at:%Y-%m-%d %H:%M:%S}",
            entry.actor_name,
            event.actor.email if event.actor else "",
            event.kind,
            entry.subject,
            before,
            after,
            event.address or "",
            event.team.slug if event.team else "",
        )


def _as_text(value: Any) -> str:
    return "; ".join(f"{name}: {_formatted(part)}" for name, part in _fields(value).items())


def _fields(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"value": value}


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _formatted(value: Any) -> str:
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_formatted(part) for part in value) or EMPTY
    if isinstance(value, dict):
        return ", ".join(f"{name} {_formatted(part)}" for name, part in value.items()) or EMPTY
    if isinstance(value, int):
        return figure(value)
    return _with_time(str(value))


def _with_time(text: str) -> str:
    """Format an ISO time for people. Other text is unchanged."""
    if not _MOMENT.fullmatch(text):
        return text
    return f"{datetime.fromisoformat(text).astimezone(UTC):%-d %b %Y, %H:%M} UTC"
