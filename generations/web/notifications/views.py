"""What the person has been told: newest first, and the bell in the header that counts what is unread."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from generations.common.errors import NotFoundError
from generations.common.pagination import numbered_page
from generations.events.notifications import mark_read, notifications_of

from ..decorators import PageRequest, signed_in

PAGE_SIZE = 50


@signed_in
@require_safe
def notices(request: PageRequest) -> HttpResponse:
    page = numbered_page(notifications_of(request.user.pk), cursor=request.GET.get("after"), size=PAGE_SIZE)
    return render(request, "notifications/_rows.html" if request.htmx else "notifications/list.html", {"page": page})


@signed_in
@require_POST
def read(request: PageRequest, notice_id: int) -> HttpResponse:
    """Mark one notice as read and go where it leads, or back to the list."""
    notice = notifications_of(request.user.pk).filter(pk=notice_id).first()
    if notice is None:
        raise NotFoundError
    mark_read(request.user.pk, notice.pk)
    is_ours = notice.path and url_has_allowed_host_and_scheme(notice.path, allowed_hosts=None)
    return HttpResponseRedirect(notice.path if is_ours else resolve_url("notifications"))


@signed_in
@require_POST
def read_all(request: PageRequest) -> HttpResponse:
    mark_read(request.user.pk)
    return HttpResponseRedirect(resolve_url("notifications"))


@signed_in
@require_safe
def bell(request: PageRequest) -> HttpResponse:
    """The bell alone, asked for when there may be something new."""
    return render(request, "components/notifications_link.html")
