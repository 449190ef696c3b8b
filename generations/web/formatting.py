"""Format numbers, times, settings and reasons for people. Every page uses these functions."""

import re
from datetime import datetime, timedelta

from django.utils import timezone

from generations.contract.support import SUPPORT, size_of
from generations.credits.errors import LIMIT_NAMES, Limit
from generations.credits.periods import zone_of
from generations.credits.quotas import Level
from generations.jobs.models import State

# Camera motion of the contract → label, icon, tooltip.
MOTIONS = {
    "": ("Auto", "minus", "Follow the prompt"),
    "static": ("Static", "lock", "Camera does not move"),
    "dolly_in": ("Dolly in", "maximize-2", "Camera moves closer"),
    "dolly_out": ("Dolly out", "minimize-2", "Camera moves away"),
    "dolly_left": ("Dolly left", "arrow-left", "Camera moves left"),
    "dolly_right": ("Dolly right", "arrow-right", "Camera moves right"),
    "jib_up": ("Jib up", "arrow-up", "Camera moves up"),
    "jib_down": ("Jib down", "arrow-down", "Camera moves down"),
    "focus_shift": ("Focus shift", "focus", "Focus moves between subjects"),
}
_WAITING = (State.QUEUED, State.PARKED)
_TIERS = {"2160p": "4K"}
_AGES = ((60, "min"), (24, "h"), (7, "d"))


def figure(number: int) -> str:
    """Format 1234567 as `1,234,567`, with a true minus sign."""
    return f"{number:,}".replace("-", "\N{MINUS SIGN}")


def signed(number: int) -> str:
    """Format a change of a balance with its sign: `+1,000`, `−36`, `0`."""
    return f"+{figure(number)}" if number > 0 else figure(number)


def count_of(number: int, noun: str) -> str:
    """Format a number with its noun: `1 job`, `1,200 jobs`."""
    return f"{figure(number)} {noun}{'' if number == 1 else 's'}"


def in_credits(number: int) -> str:
    return count_of(number, "credit")


def percentage(part: int, whole: int) -> str:
    """Return the percentage for a bar, between 0 and 100: `37.5`."""
    return f"{min(100, max(0, 100 * part / whole)):.4g}" if whole > 0 else "100" if part else "0"


def model_name(model: str) -> str:
    """Format `ltx-2-3-fast` as `LTX 2.3 Fast`."""
    match = re.fullmatch(r"ltx-(\d+(?:-\d+)*)-([a-z]+)", model)
    return f"LTX {match[1].replace('-', '.')} {match[2].title()}" if match else model


def tier(resolution: str) -> str:
    """Format `1920x1080` as `1080p` and `2160x3840` as `4K`."""
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
    """Name the limit that rejected a job."""
    return LIMIT_NAMES[limit]


def quota_name(level: Level) -> str:
    """Name the quota that a member has reached."""
    return "The team's default limit" if level == Level.TEAM else LIMIT_NAMES[level.limit]


def with_names(sentence: str) -> str:
    """Replace ids of models and resolutions by their names."""
    for model in SUPPORT.models:
        sentence = re.sub(rf"\b{re.escape(model)}(?![\w-])", model_name(model), sentence)
    for resolution in SUPPORT.resolutions:
        sentence = sentence.replace(resolution, f"{tier(resolution)} {orientation(resolution)}")
    for name, label in _TIERS.items():
        sentence = sentence.replace(name, label)
    return sentence


def humanize(sentence: str) -> str:
    """Replace ids by names, and begin with a capital letter."""
    sentence = with_names(sentence)
    return sentence[:1].upper() + sentence[1:]


def state_class(state: str) -> str:
    """Return the CSS class of a state: waiting, active, or the final state itself."""
    if state in _WAITING:
        return "waiting"
    return state if state in (State.COMPLETED, State.FAILED, State.CANCELED) else "active"


def clock(duration: timedelta | float) -> str:
    """Format a duration as `m:ss`, or as `h:mm:ss` from one hour on."""
    seconds = int(duration.total_seconds() if isinstance(duration, timedelta) else duration)
    minutes, seconds = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def elapsed(since: datetime) -> str:
    return clock(timezone.now() - since)


def in_time_zone(moment: datetime, time_zone: str) -> str:
    """Format a moment in the team's time zone: `30 March 2026, 00:00 (Europe/Berlin)`."""
    return f"{moment.astimezone(zone_of(time_zone)):%-d %B %Y, %H:%M} ({time_zone})"


def ago(moment: datetime) -> str:
    """Format the age of a moment: `just now`, `12 min ago`, `3 h ago`, `5 d ago`, then the date."""
    amount = int((timezone.now() - moment).total_seconds() // 60)
    if amount < 1:
        return "just now"
    for size, unit in _AGES:
        if amount < size:
            return f"{amount} {unit} ago"
        amount //= size
    return f"{moment:%-d %b %Y}"


# Product token → name. The first match counts, because a user agent also contains the tokens of other browsers.
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
    """Name the browser of a user agent: `Firefox on Linux`. An unknown browser gets its first word."""
    browser = next((name for token, name in _BROWSERS if token in user_agent), "")
    system = next((name for token, name in _SYSTEMS if token in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or user_agent.partition(" ")[0] or "Unknown browser"
