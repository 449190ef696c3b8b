"""An administrative entry in words: what was done, about whom or what, and which fields changed from what to what."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from generations.events.models import Event

from ..formatting import figure

WORDS = {
    "apikey": "API key",
    "key": "API key",
    "webhook": "Webhook",
    "credits": "Credits",
    "admin": "Site admin",
}
ABOUT = ("email", "name", "url", "model", "provider", "reason")
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
    """One row of the trail."""

    event: Event

    @property
    def title(self) -> str:
        return title_of(self.event.kind)

    @property
    def actor_name(self) -> str:
        return str(self.event.actor) if self.event.actor else "The site"

    @property
    def subject(self) -> str:
        return next((str(self.event.data[name]) for name in ABOUT if self.event.data.get(name)), "")

    @property
    def changes(self) -> list[Change]:
        before, after = (_fields(self.event.data.get(name)) for name in _CHANGES)
        names = [*before, *(name for name in after if name not in before)]
        changes = [Change(_plainly(name), _shown(before.get(name)), _shown(after.get(name))) for name in names]
        return [change for change in changes if change.before != change.after]

    @property
    def details(self) -> list[tuple[str, str]]:
        """What else was said about it; what is empty says nothing."""
        told = {*ABOUT, *_CHANGES, "user"}
        if self.changes:
            told.add("role")
        shown = [(_plainly(name), _shown(value)) for name, value in self.event.data.items() if name not in told]
        return [(name, value) for name, value in shown if value != EMPTY]


def title_of(kind: str) -> str:
    """`member.role_changed` → `Member: role changed`."""
    noun, _, verb = kind.partition(".")
    return f"{WORDS.get(noun, _plainly(noun))}: {verb.replace('_', ' ').replace('.', ' ')}"


HEAD = ("When (UTC)", "Who", "Email", "What", "About", "Before", "After", "From", "Team")


def csv_rows(acts: Iterator[Event]) -> Iterator[tuple[str, ...]]:
    yield HEAD
    for event in acts:
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
    return "; ".join(f"{name}: {_shown(part)}" for name, part in _fields(value).items())


def _fields(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"value": value}


def _plainly(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _shown(value: Any) -> str:
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_shown(part) for part in value) or EMPTY
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(part)}" for name, part in value.items()) or EMPTY
    if isinstance(value, int):
        return figure(value)
    return _as_moment(str(value))


def _as_moment(text: str) -> str:
    """A time as JSON has it is written for people; any other text stays."""
    if not _MOMENT.fullmatch(text):
        return text
    return f"{datetime.fromisoformat(text).astimezone(UTC):%-d %b %Y, %H:%M} UTC"
