"""Usage reports: what a team's credits bought, by member, model, project or day, for a range of days.

- A job belongs to the day on which its credits were held, in the team's time zone, as in a quota.
- Spent is what was charged, held what active jobs may still be charged, refunded what was returned.
- Seconds are those of takes. A late take was not charged and still counts.
- Approved seconds are those of takes whose review state is approved.
- One query returns the lines, the days and the total. Raw SQL: the ORM has no GROUPING SETS.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from generations.accounts.models import ApiKey, Team, User
from generations.library.models import Project


class By(StrEnum):
    """What one line of a report stands for."""

    MEMBER = "member"
    MODEL = "model"
    PROJECT = "project"
    DAY = "day"


@dataclass(frozen=True)
class Sums:
    """The number of jobs with their credits and seconds."""

    jobs: int = 0
    spent: int = 0
    held: int = 0
    refunded: int = 0
    seconds: int = 0
    approved_seconds: int = 0

    @property
    def per_second(self) -> Decimal | None:
        """Return the credits per second of finished video; None without any."""
        return _per(self.spent, self.seconds)

    @property
    def per_approved_second(self) -> Decimal | None:
        return _per(self.spent, self.approved_seconds)


@dataclass(frozen=True)
class Line:
    """`key` is the id of a user, `key:` and the id of an API key, a model, the id of a project, or a day; or empty."""

    key: str
    label: str
    sums: Sums


@dataclass(frozen=True)
class Report:
    by: By
    first: date
    last: date
    lines: list[Line]
    days: list[tuple[date, Sums]]
    total: Sums


_KEYS = {
    By.MEMBER: "COALESCE(h.user_id::text, 'key:' || h.api_key_id::text)",
    By.MODEL: "g.model",
    By.PROJECT: "g.project_id::text",
    By.DAY: "''",
}

_REPORT = """
WITH job AS (
    SELECT COALESCE({key}, '') AS key, (h.created_at AT TIME ZONE %(zone)s)::date AS day,
        h.state = 'pending' AS is_pending, h.amount, COALESCE(h.captured, 0) AS captured,
        CASE WHEN g.state = 'completed' THEN COALESCE(g.duration, h.captured / g.credits_per_second, 0) ELSE 0 END
            AS seconds,
        EXISTS (SELECT FROM generations_take t WHERE t.id = g.take_id AND t.review_state = 'approved') AS is_approved
    FROM generations_hold h
    LEFT JOIN generations_generation g ON g.hold_id = h.id
    WHERE h.wallet_id = (SELECT id FROM generations_wallet WHERE team_id = %(team)s)
        AND h.created_at >= %(start)s AND h.created_at < %(end)s
        AND (%(project)s::bigint IS NULL OR g.project_id = %(project)s)
)
SELECT GROUPING(key), GROUPING(day), key, day, COUNT(*), SUM(captured),
    COALESCE(SUM(amount) FILTER (WHERE is_pending), 0),
    COALESCE(SUM(amount - captured) FILTER (WHERE NOT is_pending), 0),
    SUM(seconds), COALESCE(SUM(seconds) FILTER (WHERE is_approved), 0)
FROM job GROUP BY GROUPING SETS ((key), (day)) HAVING COUNT(*) > 0
"""


def spending_report(team: Team, *, by: By, first: date, last: date, project: Project | None = None) -> Report:
    """Report on the jobs of the days from `first` to `last`, both included, of one project if it is given."""
    by_key, by_day = _sums_by_key_and_day(team, by, first, last, project)
    days = [(day, by_day.get(day, Sums())) for day in _days(first, last)]
    if by == By.DAY:
        lines = [Line(day.isoformat(), f"{day:%-d %b %Y}", sums) for day, sums in days if sums.jobs]
    else:
        labels = _labels(team, by, list(by_key))
        lines = [Line(key, labels.get(key, "–"), sums) for key, sums in by_key.items()]
        lines.sort(key=lambda line: (-line.sums.spent, -line.sums.held, line.label))
    return Report(by, first, last, lines, days, _total(by_day.values()))


def _sums_by_key_and_day(
    team: Team, by: By, first: date, last: date, project: Project | None
) -> tuple[dict[str, Sums], dict[date, Sums]]:
    zone = ZoneInfo(team.time_zone)
    parameters: dict[str, Any] = {
        "team": team.pk,
        "zone": team.time_zone,
        "start": datetime.combine(first, time.min, zone),
        "end": datetime.combine(last + timedelta(days=1), time.min, zone),
        "project": project.pk if project else None,
    }
    by_key: dict[str, Sums] = {}
    by_day: dict[date, Sums] = {}
    with connection.cursor() as cursor:
        cursor.execute(_REPORT.format(key=_KEYS[by]), parameters)
        for is_all_keys, _, key, day, *sums in cursor.fetchall():
            row = Sums(*map(int, sums))
            if is_all_keys:
                by_day[day] = row
            else:
                by_key[key] = row
    return by_key, by_day


def _labels(team: Team, by: By, keys: list[str]) -> dict[str, str]:
    """Return the names that belong to the keys, in one query for each kind of key."""
    if by == By.PROJECT:
        found = Project.objects.filter(team=team, pk__in=[key for key in keys if key])
        return {"": "No project", **{str(project.pk): project.name for project in found}}
    if by == By.MEMBER:
        of_keys = ApiKey.objects.filter(team=team, pk__in=[key[4:] for key in keys if key.startswith("key:")])
        people = User.objects.filter(pk__in=[key for key in keys if key.isdigit()])
        named = {str(user.pk): str(user) for user in people}
        return {**named, **{f"key:{api_key.pk}": f"Key {api_key.name}" for api_key in of_keys}}
    return {key: key for key in keys}


def _days(first: date, last: date) -> Iterator[date]:
    yield from (first + timedelta(days=nth) for nth in range((last - first).days + 1))


def _total(found: Collection[Sums]) -> Sums:
    return Sums(**{field.name: sum(getattr(sums, field.name) for sums in found) for field in fields(Sums)})


def _per(spent: int, seconds: int) -> Decimal | None:
    return (Decimal(spent) / seconds).quantize(Decimal("0.01")) if seconds else None
