"""What the scripted provider knows: its jobs, its scripts, and every request it was sent. Safe between threads."""

import base64
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from .behaviours import REGULAR, Behaviour
from .wire import Request

ROUTES = ("submit", "poll", "upload", "put", "download")


@dataclass
class Job:
    """A job as the provider sees it. `failure` is (type, message) once a test has made it fail."""

    id: str
    body: dict[str, Any]
    idempotency_key: str | None
    created_at: str
    polls: int = 0
    is_done: bool = False
    failure: tuple[str, str] | None = None


@dataclass(frozen=True)
class Recorded:
    """A request as it came in. `at` is monotonic seconds; `job` the id in its path, if there is one."""

    route: str
    job: str | None
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int
    at: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"body": base64.b64encode(self.body).decode()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Recorded":
        return cls(**{**plain, "body": base64.b64decode(plain["body"])})


@dataclass
class _Script:
    queue: deque[Behaviour] = field(default_factory=deque)
    always: Behaviour | None = None

    def next(self) -> Behaviour | None:
        return self.queue.popleft() if self.queue else self.always


def route_of(method: str, path: str) -> tuple[str, str | None]:
    """Name the route of a request and the id in its path. "unknown" for what the contract does not have."""
    match method, path.strip("/").split("/"):
        case "POST", ["v2", "image-to-video"]:
            return "submit", None
        case "GET", ["v2", "image-to-video", job]:
            return "poll", job
        case "POST", ["v1", "upload"]:
            return "upload", None
        case "PUT", ["_uploads", upload]:
            return "put", upload
        case "GET" | "HEAD", ["_files", name]:
            return "download", name.removesuffix(".mp4")
    return "unknown", None


class Book:
    """Settings, all of which `configure` may change later:

    - `polls_until_done`: so many polls answer `pending`, then `processing`; the next one finds the job completed
    - `api_key`: the only key that is let in; None lets any in
    - `honours_keys`: a submit with a known Idempotency-Key gets the job it got before
    - `latency`: seconds before each answer
    """

    def __init__(
        self,
        *,
        video: bytes,
        polls_until_done: int = 2,
        api_key: str | None = None,
        honours_keys: bool = False,
        latency: float = 0,
    ) -> None:
        self.video = video
        self.polls_until_done = polls_until_done
        self.api_key = api_key
        self.honours_keys = honours_keys
        self.latency = latency
        self.base_url = ""
        self.uploads: dict[str, bytes | None] = {}
        self._jobs: dict[str, Job] = {}
        self._requests: list[Recorded] = []
        self._scripts: dict[tuple[str, str | None], _Script] = defaultdict(_Script)
        self._released: set[str] = set()
        self._waiting: dict[str, int] = defaultdict(int)
        self._is_over = False
        self._changed = threading.Condition()

    # What tests call.

    def script(self, route: str, *behaviours: Behaviour, job: str | None = None) -> None:
        """Queue these for the next requests on the route, one each."""
        self._check(route)
        with self._changed:
            self._scripts[route, job].queue.extend(behaviours)

    def always(self, route: str, behaviour: Behaviour, job: str | None = None) -> None:
        """Meet every request on the route this way, once the queue is used up."""
        self._check(route)
        with self._changed:
            self._scripts[route, job].always = behaviour

    def regular(self, route: str, job: str | None = None) -> None:
        """Drop the script of the route."""
        self._check(route)
        with self._changed:
            self._scripts.pop((route, job), None)

    def requests(self, route: str | None = None) -> list[Recorded]:
        with self._changed:
            return [request for request in self._requests if route in (None, request.route)]

    def count(self, route: str) -> int:
        return len(self.requests(route))

    def wait_for(self, route: str, count: int = 1, timeout: float = 10) -> None:
        """Return once so many requests have come in on the route. AssertionError when they do not."""
        self._check(route)
        self._wait(lambda: sum(r.route == route for r in self._requests) >= count, timeout, f"{count} x {route}")

    def wait_held(self, barrier: str, count: int = 1, timeout: float = 10) -> None:
        """Return once so many requests wait at the barrier."""
        self._wait(lambda: self._waiting[barrier] >= count, timeout, f"{count} at {barrier}")

    def release(self, barrier: str) -> None:
        """Let everybody pass the barrier, now and later."""
        with self._changed:
            self._released.add(barrier)
            self._changed.notify_all()

    def jobs(self) -> list[Job]:
        with self._changed:
            return list(self._jobs.values())

    def make_jobs(self, count: int) -> list[str]:
        """Put so many jobs in as if they had been submitted, and return their ids."""
        return [self.add_job({}, None).id for _ in range(count)]

    def fail(self, job: str, error_type: str = "api_error", message: str = "The render failed.") -> None:
        with self._changed:
            self._jobs[job].failure = (error_type, message)

    def finish(self, job: str) -> None:
        """Complete the job now, however often it has been polled."""
        with self._changed:
            self._jobs[job].is_done = True

    def forget(self, job: str) -> None:
        """Answer 404 for this job from now on."""
        with self._changed:
            del self._jobs[job]

    def configure(self, **settings: Any) -> None:
        """Change `polls_until_done`, `api_key`, `honours_keys` or `latency` while it runs."""
        if unknown := settings.keys() - {"polls_until_done", "api_key", "honours_keys", "latency"}:
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        for name, value in settings.items():
            setattr(self, name, value)

    def clear(self) -> None:
        """Forget scripts, barriers and requests; jobs and uploads stay."""
        with self._changed:
            self._scripts.clear()
            self._requests.clear()
            self._released.clear()

    # The control routes: which calls they offer, and what to make of the JSON that comes back.

    CONTROLS: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **dict.fromkeys(("script", "always", "regular", "count", "wait_for", "wait_held", "release"), lambda r: r),
        **dict.fromkeys(("make_jobs", "fail", "finish", "forget", "configure", "clear"), lambda r: r),
        "requests": lambda result: [Recorded.from_json(plain) for plain in result],
        "jobs": lambda result: [Job(**plain) for plain in result],
    }

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        args = [_behaviour(value) for value in arguments.get("args", [])]
        kwargs = {key: _behaviour(value) for key, value in arguments.get("kwargs", {}).items()}
        result = getattr(self, name)(*args, **kwargs)
        if name == "jobs":
            return [asdict(job) for job in result]
        return [request.to_json() for request in result] if name == "requests" else result

    # What the server calls.

    def record(self, request: Request) -> Behaviour:
        """Write the request down and take the behaviour that is its turn."""
        route, job = route_of(request.method, request.path)
        with self._changed:
            self._requests.append(
                Recorded(
                    route,
                    job,
                    request.method,
                    request.path,
                    request.headers,
                    request.body,
                    request.connection,
                    time.monotonic(),
                )
            )
            self._changed.notify_all()
            scripts = [self._scripts[key] for key in ((route, job), (route, None)) if key in self._scripts]
            return next((how for script in scripts if (how := script.next())), REGULAR)

    def wait_at(self, barrier: str) -> None:
        with self._changed:
            self._waiting[barrier] += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: barrier in self._released or self._is_over)
            self._waiting[barrier] -= 1

    def release_all(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def find_job(self, job: str) -> Job | None:
        with self._changed:
            return self._jobs.get(job)

    def job_of_key(self, key: str | None) -> Job | None:
        with self._changed:
            return next((job for job in self._jobs.values() if key and job.idempotency_key == key), None)

    def add_job(self, body: dict[str, Any], key: str | None) -> Job:
        created_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        job = Job(str(uuid.uuid4()), body, key, created_at)
        with self._changed:
            self._jobs[job.id] = job
        return job

    def _wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise AssertionError(f"waited {timeout} s in vain for {what}")

    @staticmethod
    def _check(route: str) -> None:
        if route not in ROUTES:
            raise ValueError(f"{route} is not one of {', '.join(ROUTES)}")


def _behaviour(value: Any) -> Any:
    is_behaviour = isinstance(value, dict) and value.keys() == {"behaviour"}
    return Behaviour.from_json(value["behaviour"]) if is_behaviour else value
