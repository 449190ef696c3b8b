"""The door of every team page: sign in, be a member, have the right."""

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

LAST_TEAM = "team"
View = Callable[..., HttpResponseBase]


class PageRequest(HttpRequest):
    """A request of a signed-in person."""

    user: User
    htmx: HtmxDetails


class TeamRequest(PageRequest):
    """A request behind the door: `membership` carries team and role; `balance` is read when it is first shown."""

    membership: Membership
    balance: Balance


def signed_in(view: View) -> View:
    """Send anonymous visitors to the sign-in page; htmx sends the whole page there, not a part of it."""

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
    """Resolve the `slug` of the address into `request.membership`, or answer 404 or 403."""

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


def by_method(*, get: View, post: View) -> View:
    """One address, two views: HEAD and every wrong method go to the first, which knows how to refuse."""

    def dispatch(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return (post if request.method == "POST" else get)(request, *args, **kwargs)

    return dispatch


def staff_page(view: View) -> View:
    """For site staff only; there is nothing here for anybody else."""

    @signed_in
    @wraps(view)
    def wrapped(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise NotFoundError
        return view(request, *args, **kwargs)

    return wrapped
