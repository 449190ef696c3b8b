"""Decorators for pages: require sign-in, membership with a permission, or site staff."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from generations.accounts.access import access_team
from generations.accounts.models import Membership, User
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.credits.balances import Balance, balance_of

LAST_TEAM = "team"  # session key: slug of the team that was opened last
View = Callable[..., HttpResponseBase]


class PageRequest(HttpRequest):
    """A request of a signed-in user."""

    user: User
    htmx: HtmxDetails


class TeamRequest(PageRequest):
    """A request of a member. `membership` has the team and the role; `balance` is queried on first use."""

    membership: Membership
    balance: Balance


def signed_in(view: View) -> View:
    """Redirect anonymous visitors to the sign-in page. htmx redirects the whole page, not the swapped part."""

    @wraps(view)
    def wrapped(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            response = view(request, *args, **kwargs)
            if "Cache-Control" not in response:
                patch_cache_control(response, private=True, no_cache=True)
            return response
        to_login = redirect_to_login(request.htmx.current_url_abs_path or request.get_full_path())
        return HttpResponseClientRedirect(to_login.url) if request.htmx else to_login

    return wrapped


def team_page(right: Right = Right.VIEW) -> Callable[[View], View]:
    """Load `request.membership` from the `slug` of the URL. Outsiders get 404, members without the right 403."""

    def decorate(view: View) -> View:
        @signed_in
        @wraps(view)
        def wrapped(request: TeamRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.membership = access_team(request.user, slug, right)
            request.balance = cast(Balance, SimpleLazyObject(lambda: balance_of(request.membership)))
            if request.session.get(LAST_TEAM) != slug:
                request.session[LAST_TEAM] = slug
            response = view(request, *args, **kwargs)
            if isinstance(response, HttpResponse):
                patch_vary_headers(response, ("HX-Request",))
            return response

        return wrapped

    return decorate


def staff_page(view: View) -> View:
    """Allow site staff only. Others get 404."""

    @signed_in
    @wraps(view)
    def wrapped(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise NotFoundError
        return view(request, *args, **kwargs)

    return wrapped


def by_method(*, get: View, post: View) -> View:
    """Serve one URL by two views. HEAD and unsupported methods go to `get`, which rejects them with 405."""

    def dispatch(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return (post if request.method == "POST" else get)(request, *args, **kwargs)

    return dispatch
