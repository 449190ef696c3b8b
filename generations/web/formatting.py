"""How figures, settings and reasons are written for people. One place, so that every page says the same."""

import re
from datetime import datetime, timedelta

from django.utils import timezone

from generations.contract.support import SUPPORT, size_of
from generations.credits.errors import WHOSE, Limit
from generations.credits.periods import zone_of
from generations.credits.quotas import Level
from generations.jobs.models import State

MOTIONS = {
    "": ("None", "minus", "The model moves the camera as the prompt suggests"),
    "static": ("Static", "lock", "The camera stays where it is"),
    "dolly_in": ("Dolly in", "maximize-2", "The camera moves closer"),
    "dolly_out": ("Dolly out", "minimize-2", "The camera moves away"),
    "dolly_left": ("Dolly left", "arrow-left", "The camera moves to the left"),
    "dolly_right": ("Dolly right", "arrow-right", "The camera moves to the right"),
    "jib_up": ("Jib up", "arrow-up", "The camera rises"),
    "jib_down": ("Jib down", "arrow-down", "The camera sinks"),
    "focus_shift": ("Focus shift", "focus", "The focus wanders through the picture"),
}
_WAITING = (State.QUEUED, State.PARKED)
_TIERS = {"2160p": "4K"}
_AGES = ((60, "min"), (24, "h"), (7, "d"))


def figure(number: int) -> str:
    """1234567 → `1,234,567`, with a true minus sign."""
    return f"{number:,}".replace("-", "\N{MINUS SIGN}")


def signed(number: int) -> str:
    """A change of a balance, with its sign: `+1,000`, `−36`, `0`."""
    return f"+{figure(number)}" if number > 0 else figure(number)


def in_credits(number: int) -> str:
    return f"{figure(number)} credit{'' if number == 1 else 's'}"


def percentage(part: int, whole: int) -> str:
    """Percent for a bar, never past its end: `37.5`."""
    return f"{min(100, max(0, 100 * part / whole)):.4g}" if whole > 0 else "100" if part else "0"


def model_name(model: str) -> str:
    """`ltx-2-3-fast` → `LTX 2.3 Fast`."""
    match = re.fullmatch(r"ltx-(\d+(?:-\d+)*)-([a-z]+)", model)
    return f"LTX {match[1].replace('-', '.')} {match[2].title()}" if match else model


def tier(resolution: str) -> str:
    """`1920x1080` → `1080p`, `2160x3840` → `4K`."""
    if resolution not in SUPPORT.resolutions:
        return resolution
    return _TIERS.get(SUPPORT.tier(resolution), SUPPORT.tier(resolution))


def orientation(resolution: str) -> str:
    width, height = size_of(resolution)
    return "portrait" if height > width else "landscape"


def pixels(resolution: str) -> str:
    return resolution.replace("x", " × ")


def motion_name(motion: str) -> str:
    return MOTIONS[motion][0] if motion in MOTIONS else motion


def limit_name(limit: Limit) -> str:
    """Who stopped a job: `The quota of your role`."""
    return WHOSE[limit]


def quota_name(level: Level) -> str:
    """Whose cap a member has met: `The quota of your role`."""
    return "The quota for everybody" if level == Level.TEAM else WHOSE[level.limit]


def humanize(sentence: str) -> str:
    """Put ids of models and sizes into words, and begin with a capital letter."""
    for model in SUPPORT.models:
        sentence = re.sub(rf"\b{re.escape(model)}(?![\w-])", model_name(model), sentence)
    for resolution in SUPPORT.resolutions:
        sentence = sentence.replace(resolution, f"{tier(resolution)} {orientation(resolution)}")
    for name, words in _TIERS.items():
        sentence = sentence.replace(name, words)
    return sentence[:1].upper() + sentence[1:]


def state_class(state: str) -> str:
    """The class that colours a state: waiting, active, or the final state itself."""
    if state in _WAITING:
        return "waiting"
    return state if state in (State.COMPLETED, State.FAILED, State.CANCELED) else "active"


def clock(duration: timedelta | float) -> str:
    """`m:ss`, or `h:mm:ss` from an hour on."""
    seconds = int(duration.total_seconds() if isinstance(duration, timedelta) else duration)
    minutes, seconds = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def elapsed(since: datetime) -> str:
    return clock(timezone.now() - since)


def in_time_zone(moment: datetime, time_zone: str) -> str:
    """A moment by the calendar that a team goes by: `30 March 2026, 00:00 (Europe/Berlin)`."""
    return f"{moment.astimezone(zone_of(time_zone)):%-d %B %Y, %H:%M} ({time_zone})"


def ago(moment: datetime) -> str:
    """`just now`, `12 min`, `3 h`, `5 d`, then the date."""
    amount = int((timezone.now() - moment).total_seconds() // 60)
    if amount < 1:
        return "just now"
    for size, unit in _AGES:
        if amount < size:
            return f"{amount} {unit} ago"
        amount //= size
    return f"{moment:%-d %b %Y}"


# The first that fits: each browser also names those it wants to be taken for.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """`Firefox on Linux`; without a name that we know, the first word it says."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or user_agent.partition(" ")[0] or "Unknown browser"
