"""The client of the provider: submit a job, upload an image, poll one job."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from urllib.parse import quote

import httpx

from generations.contract.schemas import ImageToVideoRequest, UploadTicket

from .errors import NeverSentError, UnknownOutcomeError
from .http import (
    NETWORK_ERRORS,
    NEVER_SENT_ERRORS,
    Headers,
    Response,
    Timeouts,
    build_request,
    describe_error,
    exchange,
    new_transport,
    parse_url,
    problem_of,
)
from .outcomes import Accepted, PollError, PollOutcome, read_poll, read_submit, read_ticket, rejection

PATH = "/v2/image-to-video"
UPLOAD_PATH = "/v1/upload"
SUBMIT_TIMEOUTS = Timeouts(connect=5, idle=30, total=60)
UPLOAD_TIMEOUTS = Timeouts(connect=5, idle=30, total=120)
POLL_TIMEOUTS = Timeouts(connect=5, idle=10, total=15)
COMMON_HEADERS: Headers = ((b"user-agent", b"dailies"), (b"accept-encoding", b"identity"))


@dataclass(frozen=True)
class Provider:
    """Base URL, API key and time-outs of a provider. Raises ValueError for a base URL or a key that can never work.

    The key is in no repr, and is removed from every response.
    """

    base_url: str
    api_key: str = field(repr=False)
    submit_timeouts: Timeouts = SUBMIT_TIMEOUTS
    upload_timeouts: Timeouts = UPLOAD_TIMEOUTS
    poll_timeouts: Timeouts = POLL_TIMEOUTS

    def __post_init__(self) -> None:
        if parse_url(self.base_url) is None or "?" in self.base_url or "#" in self.base_url:
            raise ValueError("The provider's base URL must look like https://api.example.com.")
        if not self.api_key or not all("!" <= character <= "~" for character in self.api_key):
            raise ValueError("The provider's API key must be visible ASCII characters without spaces.")

    def submit(self, request: ImageToVideoRequest, *, idempotency_key: str) -> Accepted:
        """Post the job once, on a new connection.

        Raises NeverSentError, RejectedError or UnknownOutcomeError; only the first is safe to send again as it is.
        """
        headers = [(b"content-type", b"application/json"), (b"idempotency-key", idempotency_key.encode("ascii"))]
        http_request = self._request("POST", PATH, self.submit_timeouts, headers, submit_body(request))
        try:
            response = self._exchange(http_request, self.submit_timeouts)
        except NEVER_SENT_ERRORS as error:
            failure: Exception = NeverSentError(describe_error(error))
        except NETWORK_ERRORS as error:
            failure = UnknownOutcomeError(describe_error(error))
        else:
            return read_submit(response)
        # Raised outside the except block, the error has no context, and so no frame that holds the key.
        raise failure

    def upload(self, data: bytes, mime: str) -> str:
        """Store an image at the provider and return its `ltx://` URI, which is valid for a day.

        Raises RejectedError if the provider refuses the image, and NeverSentError if the upload can be tried again.
        Neither has created a job, so the outcome is never unknown.
        """
        try:
            ticket = read_ticket(
                self._exchange(self._request("POST", UPLOAD_PATH, self.upload_timeouts), self.upload_timeouts)
            )
            stored = self._exchange(_upload_request(ticket, data, mime, self.upload_timeouts), self.upload_timeouts)
        except (*NETWORK_ERRORS, ValueError) as error:
            failure = NeverSentError(f"upload failed: {describe_error(error)}")
        else:
            if stored.status in (200, 201):
                return ticket.storage_uri
            if stored.status == 413:
                raise rejection(stored)
            failure = NeverSentError(f"upload failed: the storage returned HTTP {stored.status}")
        raise failure

    def poll(self, job: str) -> PollOutcome:
        """Poll one job. Errors are returned, not raised. For many jobs use `poll_many`."""

        async def poll() -> PollOutcome:
            async with new_transport() as transport:
                return await self.poll_on(transport, job)

        return asyncio.run(poll())

    async def poll_on(self, transport: httpx.AsyncBaseTransport, job: str) -> PollOutcome:
        """Poll one job on a transport that may keep its connection for the next poll."""
        request = self._request("GET", f"{PATH}/{quote(job, safe='')}", self.poll_timeouts)
        try:
            response = await exchange(transport, request, self.poll_timeouts.total)
        except NETWORK_ERRORS as error:
            return PollError(problem_of(error), describe_error(error))
        return read_poll(self._scrub(response), job)

    def _request(
        self, method: str, path: str, timeouts: Timeouts, headers: Headers = (), body: bytes | None = None
    ) -> httpx.Request:
        url = httpx.URL(self.base_url.rstrip("/") + path)
        authorization = (b"authorization", b"Bearer " + self.api_key.encode("ascii"))
        return build_request(method, url, [*headers, *COMMON_HEADERS, authorization], timeouts, body)

    def _exchange(self, request: httpx.Request, timeouts: Timeouts) -> Response:
        async def send() -> Response:
            async with new_transport() as transport:
                return await exchange(transport, request, timeouts.total)

        return self._scrub(asyncio.run(send()))

    def _scrub(self, response: Response) -> Response:
        """Remove the key from a response: some servers repeat it when they reject it."""
        key = self.api_key.encode("ascii")
        return replace(response, body=response.body.replace(key, b"[key]")) if key in response.body else response


def submit_body(request: ImageToVideoRequest) -> bytes:
    """Build the JSON body. Unset fields are omitted, except `duration`, which is required even when it is null."""
    plain = request.model_dump(mode="json", exclude_none=True)
    return json.dumps({**plain, "duration": request.duration}).encode()


def _upload_request(ticket: UploadTicket, data: bytes, mime: str, timeouts: Timeouts) -> httpx.Request:
    """Build the PUT with the headers that the ticket requires. It has no API key, because the URL is signed."""
    url = parse_url(ticket.upload_url)
    if url is None:
        raise ValueError("the upload URL is not an absolute http or https URL")
    required = {name.lower(): value for name, value in ticket.required_headers.items()}
    headers = {"content-type": mime, **required}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return build_request("PUT", url, encoded, timeouts, data)
