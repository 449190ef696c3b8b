"""A client of the image-to-video contract, written from the contract with the standard library only.

It works with any server of the contract, and rejects every response that the contract does not allow.
"""

import json
import re
import time
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPMessage
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

REQUEST_ID = re.compile(r"[0-9a-f]{32}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FIELDS = {
    "pending": {"id", "status", "created_at"},
    "processing": {"id", "status", "created_at"},
    "completed": {"id", "status", "created_at", "completed_at", "result"},
    "failed": {"id", "status", "created_at", "completed_at", "error"},
}


class ContractError(AssertionError):
    """The server answered what the contract does not allow."""


class ApiError(Exception):
    """An error of the contract's table."""

    def __init__(self, status: int, type_: str, message: str, headers: "HTTPMessage | Message", body: Any) -> None:
        super().__init__(f"{status} {type_}: {message}")
        self.status, self.type, self.message, self.headers, self.body = status, type_, message, headers, body

    @property
    def retry_after(self) -> int | None:
        value = self.headers.get("Retry-After")
        return None if value is None else int(value)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    data: bytes = field(repr=False)

    def json(self) -> Any:
        expect(self.headers.get_content_type() == "application/json", f"not JSON: {self.headers.get_content_type()}")
        return json.loads(self.data)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Client:
    def __init__(self, base_url: str, key: str, *, timeout: float = 30) -> None:
        self.base_url, self.key, self.timeout = base_url.rstrip("/"), key, timeout
        self._opener = build_opener(_NoRedirects)

    def submit(self, **body: Any) -> str:
        """Submit and return the job's id."""
        headers = {"Idempotency-Key": body.pop("idempotency_key")} if "idempotency_key" in body else {}
        answer = self.call("POST", "/v2/image-to-video", body, headers)
        expect(answer.status in (200, 202), f"submit answered {answer.status}")
        job = answer.json()
        expect(set(job) == {"id", "created_at"}, f"fields of a submit: {set(job)}")
        expect(bool(UUID.fullmatch(job["id"]) and MOMENT.fullmatch(job["created_at"])), f"form of {job}")
        return str(job["id"])

    def poll(self, job_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/v2/image-to-video/{job_id}")
        job: dict[str, Any] = answer.json()
        expect(job.get("status") in FIELDS, f"status {job.get('status')}")
        expect(set(job) == FIELDS[job["status"]], f"fields of {job['status']}: {set(job)}")
        expect(job["id"] == job_id, f"asked for {job_id}, got {job['id']}")
        for name in {"created_at", "completed_at"} & set(job):
            expect(bool(MOMENT.fullmatch(job[name])), f"form of {name}: {job[name]}")
        if job["status"] == "completed":
            expect(set(job["result"]) == {"video_url"}, f"result: {job['result']}")
            expect(re.match(r"https?://", job["result"]["video_url"]) is not None, "the URL is not absolute")
        return job

    def wait(self, job_id: str, *, seconds: float = 240, pause: float = 0.5) -> dict[str, Any]:
        """Poll until the job is final."""
        end = time.monotonic() + seconds
        while (job := self.poll(job_id))["status"] in ("pending", "processing"):
            expect(time.monotonic() < end, f"{job_id} is still {job['status']}")
            time.sleep(pause)
        return job

    def download(self, url: str) -> bytes:
        """Read the video as the contract promises it: no key, no redirect, HEAD and ranges, MP4."""
        whole = self.open("GET", url)
        expect(whole.status == 200 and whole.headers.get_content_type() == "video/mp4", "not a video")
        expect(whole.data[4:8] == b"ftyp", "the ftyp box is not the first")
        head = self.open("HEAD", url)
        expect(head.data == b"" and int(head.headers["Content-Length"]) == len(whole.data), "HEAD differs")
        expect(whole.headers["Accept-Ranges"] == "bytes", "no ranges")
        part = self.open("GET", url, headers={"Range": "bytes=4-7"})
        expect((part.status, part.data) == (206, b"ftyp"), "a range is not what was asked for")
        expect(part.headers["Content-Range"] == f"bytes 4-7/{len(whole.data)}", "Content-Range")
        return whole.data

    def upload(self, data: bytes, mime: str, body: Any = None) -> str:
        """Upload an image and return its `ltx://` address."""
        answer = self.call("POST", "/v1/upload", body)
        ticket = answer.json()
        expect(answer.status == 200, f"upload answered {answer.status}")
        expect(set(ticket) == {"upload_url", "storage_uri", "expires_at", "required_headers"}, f"ticket: {ticket}")
        expect(re.fullmatch(r"ltx://uploads/\S+", ticket["storage_uri"]) is not None, ticket["storage_uri"])
        put = self.open("PUT", ticket["upload_url"], data, {"Content-Type": mime, **ticket["required_headers"]})
        expect(put.status in (200, 201), f"PUT answered {put.status}")
        return str(ticket["storage_uri"])

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Ask with the key. Bytes go as they are, everything else as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})}
        return self.open(method, self.base_url + path, data, given)

    def open(self, method: str, url: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        request = Request(url, data=data, headers=headers or {}, method=method)
        try:
            with self._opener.open(request, timeout=self.timeout) as found:
                answer = Answer(found.status, found.headers, found.read())
        except HTTPError as error:
            raise _of_table(error) from None
        expect(bool(REQUEST_ID.fullmatch(answer.headers.get("x-request-id", ""))), "no x-request-id")
        return answer


def expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise ContractError(otherwise)


def _of_table(error: HTTPError) -> ApiError:
    """Every error, on every route, is an envelope with exactly these fields and names its request."""
    data = error.read()
    expect(bool(REQUEST_ID.fullmatch(error.headers.get("x-request-id", ""))), f"{error.code} without x-request-id")
    expect(error.headers.get_content_type() == "application/json", f"{error.code} is {error.headers['Content-Type']}")
    body = json.loads(data or b"null")
    expect(isinstance(body, dict) and set(body) == {"type", "error"}, f"{error.code}: {data[:200]!r}")
    expect(body["type"] == "error" and {"type", "message"} <= set(body["error"]), f"{error.code}: {data[:200]!r}")
    expect(bool(body["error"]["message"]), f"{error.code} without words")
    return ApiError(error.code, body["error"]["type"], body["error"]["message"], error.headers, body["error"])
