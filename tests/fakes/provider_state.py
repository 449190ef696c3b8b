"""The state of the scripted provider: its jobs, its scripts and all received requests. Thread-safe."""

import base64
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from .behaviors import REGULAR, Behavior
from .wire import Request

ROUTES = ("submit", "poll", "upload", "put", "download")


@dataclass
class Job:
    """A job of the provider. `failure` is (type, message) after a test has made it fail."""

    id: str
    body: dict[str, Any]
    idempotency_key: str | None
    created_at: str
    polls: int = 0
    is_done: bool = False
    failure: tuple[str, str] | None = None


@dataclass(frozen=True)
class Recorded:
    """A received request. `at` is in monotonic seconds; `job` is the id in the path, if there is one."""

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
    queue: deque[Behavior] = field(default_factory=deque)
    always: Behavior | None = None

    def next(self) -> Behavior | None:
        return self.queue.popleft() if self.queue else self.always


def route_of(method: str, path: str) -> tuple[str, str | None]:
    """The route of a request and the id in its path. "unknown" for a route that the contract does not have."""
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


class FakeProviderState:
    """Settings, all of which `configure` may change later:

    - `polls_until_done`: so many polls return `pending`, then `processing`; the next one returns `completed`
    - `api_key`: the only key that is accepted; None accepts any key
    - `honors_keys`: a submit with a known Idempotency-Key returns the job of the first submit
    - `latency`: seconds before each response
    """

    def __init__(
        self,
        *,
        video: bytes,
        polls_until_done: int = 2,
        api_key: str | None = None,
        honors_keys: bool = False,
        latency: float = 0,
    ) -> None:
        self.video = video
        self.polls_until_done = polls_until_done
        self.api_key = api_key
        self.honors_keys = honors_keys
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

    # Called by the tests.

    def script(self, route: str, *behaviors: Behavior, job: str | None = None) -> None:
        """Queue these behaviors for the next requests on the route, one each."""
        self._check(route)
        with self._changed:
            self._scripts[route, job].queue.extend(behaviors)

    def always(self, route: str, behavior: Behavior, job: str | None = None) -> None:
        """Handle every request on the route this way when the queue is empty."""
        self._check(route)
        with self._changed:
            self._scripts[route, job].always = behavior

    def regular(self, route: str, job: str | None = None) -> None:
        """Remove the script of the route."""
        self._check(route)
        with self._changed:
            self._scripts.pop((route, job), None)

    def requests(self, route: str | None = None) -> list[Recorded]:
        with self._changed:
            return [request for request in self._requests if route in (None, request.route)]

    def count(self, route: str) -> int:
        return len(self.requests(route))

    def wait_for(self, route: str, count: int = 1, timeout: float = 10) -> None:
        """Wait until so many requests have been received on the route. AssertionError after `timeout`."""
        self._check(route)
        self._wait(lambda: sum(r.route == route for r in self._requests) >= count, timeout, f"{count} x {route}")

    def wait_until_paused(self, barrier: str, count: int = 1, timeout: float = 10) -> None:
        """Wait until so many requests are paused at the barrier."""
        self._wait(lambda: self._waiting[barrier] >= count, timeout, f"{count} at {barrier}")

    def release(self, barrier: str) -> None:
        """Open the barrier for all requests, now and later."""
        with self._changed:
            self._released.add(barrier)
            self._changed.notify_all()

    def jobs(self) -> list[Job]:
        with self._changed:
            return list(self._jobs.values())

    def make_jobs(self, count: int) -> list[str]:
        """Create so many jobs as if they had been submitted, and return their ids."""
        return [self.add_job({}, None).id for _ in range(count)]

    def fail(self, job: str, error_type: str = "api_error", message: str = "The render failed.") -> None:
        with self._changed:
            self._jobs[job].failure = (error_type, message)

    def finish(self, job: str) -> None:
        """Complete the job now, without regard to `polls_until_done`."""
        with self._changed:
            self._jobs[job].is_done = True

    def forget(self, job: str) -> None:
        """Return 404 for this job from now on."""
        with self._changed:
            del self._jobs[job]

    def configure(self, **settings: Any) -> None:
        """Change `polls_until_done`, `api_key`, `honors_keys` or `latency` while the provider runs."""
        if unknown := settings.keys() - {"polls_until_done", "api_key", "honors_keys", "latency"}:
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        for name, value in settings.items():
            setattr(self, name, value)

    def clear(self) -> None:
        """Remove scripts, barriers and recorded requests. Jobs and uploads stay."""
        with self._changed:
            self._scripts.clear()
            self._requests.clear()
            self._released.clear()

    # The calls that the control routes offer, with the function that decodes the JSON result.

    CONTROLS: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **dict.fromkeys(
            ("script", "always", "regular", "count", "wait_for", "wait_until_paused", "release"), lambda r: r
        ),
        **dict.fromkeys(("make_jobs", "fail", "finish", "forget", "configure", "clear"), lambda r: r),
        "requests": lambda result: [Recorded.from_json(plain) for plain in result],
        "jobs": lambda result: [Job(**plain) for plain in result],
    }

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        args = [_behavior(value) for value in arguments.get("args", [])]
        kwargs = {key: _behavior(value) for key, value in arguments.get("kwargs", {}).items()}
        result = getattr(self, name)(*args, **kwargs)
        if name == "jobs":
            return [asdict(job) for job in result]
        return [request.to_json() for request in result] if name == "requests" else result

    # Called by the server.

    def record(self, request: Request) -> Behavior:
        """Record the request and return the behavior for it."""
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
                raise AssertionError(f"waited {timeout} s for {what}: timed out")

    @staticmethod
    def _check(route: str) -> None:
        if route not in ROUTES:
            raise ValueError(f"{route} is not one of {', '.join(ROUTES)}")


def _behavior(value: Any) -> Any:
    is_behavior = isinstance(value, dict) and value.keys() == {"behavior"}
    return Behavior.from_json(value["behavior"]) if is_behavior else value
