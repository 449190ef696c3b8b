"""The user's notifications, newest first, and the link in the header that shows the number of unread ones."""

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
def notifications(request: PageRequest) -> HttpResponse:
    page = numbered_page(notifications_of(request.user.pk), cursor=request.GET.get("after"), size=PAGE_SIZE)
    return render(request, "notifications/_rows.html" if request.htmx else "notifications/list.html", {"page": page})


@signed_in
@require_POST
def read(request: PageRequest, notification_id: int) -> HttpResponse:
    """Mark one notification as read and redirect to its page, or to the list."""
    notification = notifications_of(request.user.pk).filter(pk=notification_id).first()
    if notification is None:
        raise NotFoundError
    mark_read(request.user.pk, notification.pk)
    is_local = notification.path and url_has_allowed_host_and_scheme(notification.path, allowed_hosts=None)
    return HttpResponseRedirect(notification.path if is_local else resolve_url("notifications"))


@signed_in
@require_POST
def mark_all_read(request: PageRequest) -> HttpResponse:
    mark_read(request.user.pk)
    return HttpResponseRedirect(resolve_url("notifications"))


@signed_in
@require_safe
def unread_link(request: PageRequest) -> HttpResponse:
    """Return the header link alone. The page loads it when a new notification arrives."""
    return render(request, "components/notifications_link.html")
