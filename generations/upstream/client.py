"""Ask the provider: submit a job, upload a still, poll one job. For workers, one call at a time."""

import json
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from generations.contract.schemas import ImageToVideoRequest, UploadTicket

from .answers import (
    PollError,
    PollOutcome,
    Submitted,
    read_poll,
    read_submit,
    read_ticket,
    rejection,
)
from .errors import NeverSentError, UnknownOutcomeError
from .wire import Answer, BrokenExchangeError, Call, Headers, Patience, exchange, target_of

PATH = "/v2/image-to-video"
UPLOAD_PATH = "/v1/upload"
SUBMIT_PATIENCE = Patience(connect=5, silence=30, total=60)
UPLOAD_PATIENCE = Patience(connect=5, silence=30, total=120)
POLL_PATIENCE = Patience(connect=5, silence=10, total=15)
COMMON_HEADERS: Headers = ((b"user-agent", b"dailies"), (b"accept-encoding", b"identity"))


@dataclass(frozen=True)
class Provider:
    """Where the provider is and how to sign in. ValueError for an address or a key that can never work.

    The key is in no repr, and is cut out of whatever the provider says.
    """

    base_url: str
    api_key: str = field(repr=False)
    submit_patience: Patience = SUBMIT_PATIENCE
    upload_patience: Patience = UPLOAD_PATIENCE
    poll_patience: Patience = POLL_PATIENCE

    def __post_init__(self) -> None:
        if target_of(self.base_url) is None or "?" in self.base_url or "#" in self.base_url:
            raise ValueError("The provider's base URL must look like https://api.example.com.")
        if not self.api_key or not all("!" <= character <= "~" for character in self.api_key):
            raise ValueError("The provider's API key must be visible ASCII characters without spaces.")

    def submit(self, request: ImageToVideoRequest, *, idempotency_key: str) -> Submitted:
        """Post the job once, on a connection of its own.

        Raises NeverSentError, RejectedError or UnknownOutcomeError; only the first is safe to send again as it is.
        """
        headers = [(b"content-type", b"application/json"), (b"idempotency-key", idempotency_key.encode("ascii"))]
        try:
            answer = self._ask("POST", PATH, self.submit_patience, headers, body_of(request))
        except BrokenExchangeError as error:
            failure = UnknownOutcomeError(error.message) if error.has_sent else NeverSentError(error.message)
        else:
            return read_submit(answer)
        # Raised out here, the error has no context: no frame that wrote the key to the socket hangs on to it.
        raise failure

    def upload(self, data: bytes, mime: str) -> str:
        """Store a still with the provider and return its `ltx://` URI, usable for a day.

        Raises NeverSentError when it may be tried again and RejectedError when the provider refuses. No job has been
        made either way, so the outcome is never unknown.
        """
        try:
            ticket = read_ticket(self._ask("POST", UPLOAD_PATH, self.upload_patience))
            headers = _upload_headers(ticket, mime)
            stored = self.scrub(exchange(Call("PUT", ticket.upload_url, headers, data), self.upload_patience))
        except (BrokenExchangeError, UnicodeError) as error:
            failure = NeverSentError(f"upload failed: {error}")
        else:
            if stored.status in (200, 201):
                return ticket.storage_uri
            if stored.status == 413:
                raise rejection(stored)
            failure = NeverSentError(f"upload failed: the storage answered {stored.status}")
        raise failure

    def poll(self, job: str) -> PollOutcome:
        """Ask how one job is doing. Nothing that the provider does raises. For many jobs there is `poll_many`."""
        try:
            return read_poll(self._ask("GET", poll_path(job), self.poll_patience), job)
        except BrokenExchangeError as error:
            return PollError(error.problem, error.message)

    def authorization(self) -> tuple[bytes, bytes]:
        return b"authorization", b"Bearer " + self.api_key.encode("ascii")

    def scrub(self, answer: Answer) -> Answer:
        """Cut the key out of an answer: some servers repeat it when they refuse it."""
        key = self.api_key.encode("ascii")
        return replace(answer, body=answer.body.replace(key, b"[key]")) if key in answer.body else answer

    def _ask(
        self, method: str, path: str, patience: Patience, extra: Headers = (), body: bytes | None = None
    ) -> Answer:
        call = Call(method, self.base_url.rstrip("/") + path, (*extra, *COMMON_HEADERS, self.authorization()), body)
        return self.scrub(exchange(call, patience))


def poll_path(job: str) -> str:
    return f"{PATH}/{quote(job, safe='')}"


def body_of(request: ImageToVideoRequest) -> bytes:
    """Write the submit body: what was not chosen stays out, but `duration` is required even when it is null."""
    plain = request.model_dump(mode="json", exclude_none=True)
    return json.dumps({**plain, "duration": request.duration}).encode()


def _upload_headers(ticket: UploadTicket, mime: str) -> Headers:
    """The headers that the ticket demands, under the still's own Content-Type. Never the key: the URL is signed."""
    demanded = {name.lower(): value for name, value in ticket.required_headers.items()}
    headers = {"content-type": mime, **demanded}
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
