"""Read responses of the management API, and check the form of its errors."""

from typing import Any

from django.http import HttpResponse


def json_of(response: HttpResponse, status: int = 200) -> Any:
    """Return the JSON of a response with this status."""
    assert response.status_code == status, response.content
    return response.json()


def problem_of(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """Return the problem details of an error and check their form."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json_of(response, status)
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"/api/v1/docs#{code}")
    assert problem["title"]
    assert problem["detail"]
    return problem
