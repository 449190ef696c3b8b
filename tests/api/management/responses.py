"""Reading answers of the API, and what is asked of every error."""

from typing import Any

from django.http import HttpResponse


def told(response: HttpResponse, status: int = 200) -> Any:
    """The JSON of an answer that has this status."""
    assert response.status_code == status, response.content
    return response.json()


def refused(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The problem details of a refusal, checked for form."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = told(response, status)
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"/api/v1/docs#{code}")
    assert problem["title"]
    assert problem["detail"]
    return problem
