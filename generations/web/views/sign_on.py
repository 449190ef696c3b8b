"""The way out to a single sign-on provider."""

from http import HTTPStatus

from allauth.socialaccount.providers.openid_connect.views import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def leave(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider by a page that refreshes itself.

    The library redirects the form. Browsers hold every hop of a form's redirects to the policy's `form-action`, and
    which hosts a provider goes through nobody here can know.
    """
    response: HttpResponse = login(request, provider_id=provider_id)
    if response.status_code != HTTPStatus.FOUND or request.method != "POST":
        return response
    page = render(request, "socialaccount/leaving.html", {"address": response["Location"]})
    page["Cache-Control"] = "no-store"
    return page
