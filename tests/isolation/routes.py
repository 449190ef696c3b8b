"""Every route of the URLconf, by who may use it, and how to request it.

A route that is in none of these tables fails the suite.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver

# Public pages without data of a team or a person.
PUBLIC = {"home", "theme", "healthz", "readyz", "metrics"}
# Need the secret of an invitation. Tested in tests/web/test_people_invitations.py.
INVITATION_ROUTES = {"invitation", "invitation_open", "invitation_account"}
# Personal pages, independent of a team. Tested in test_roles.py.
PERSONAL = {"new_team", "notifications", "notifications_read", "notification_read", "notification_bell"}
# Pages of the own account, ours and allauth's. Their own tests check that visitors are sent to sign-in.
ACCOUNT_PREFIXES = ("account_", "mfa_", "socialaccount_", "openid_connect_")
# For site staff only. The admin has its own tests.
ADMIN_NAMESPACE = "admin"
# The management API. tests/api/management calls each operation as an outsider.
API_NAMESPACE = "v1"
# The contract API. tests/api/contract calls it with another team's key and with forged and expired signatures.
CONTRACT = {"image_to_video", "image_to_video_job", "upload", "upload_bytes", "file"}
STAFF_ROUTES = {
    "operations",
    "operations_probe",
    "operations_job_action",
    "site_audit",
    "operations_credits",
    "operations_team",
    "operations_grant",
    "operations_transfer",
    "operations_refill",
    "operations_freeze",
    "operations_freeze_all",
    "operations_unfreeze",
    "operations_request",
    "operations_prices",
    "operations_price_withdraw",
    "operations_model",
}
# Pages of a team, for its members only. The value names the URL arguments after the team's slug.
TEAM_ROUTES = {
    "team": (),
    "studio": (),
    "studio_options": (),
    "images": (),
    "jobs": (),
    "gallery": (),
    "credits": (),
    "credit_report": (),
    "credit_requests": (),
    "credit_request_approve": ("request_id",),
    "credit_request_decline": ("request_id",),
    "credit_request_withdraw": ("request_id",),
    "credit_alerts": (),
    "credit_alert_remove": ("membership_id",),
    "quotas": (),
    "quota": ("level", "membership_id"),
    "quota_increase": ("membership_id",),
    "quota_increase_remove": ("increase_id",),
    "projects": (),
    "project_rename": ("project_id",),
    "project_archive": ("project_id",),
    "decision": ("take_id",),
    "keys": (),
    "key_new": (),
    "key": ("key_id",),
    "key_rotate": ("key_id",),
    "key_revoke": ("key_id",),
    "job_row": ("generation_id",),
    "cancel": ("generation_id",),
    "retry": ("generation_id",),
    "job_tile": ("generation_id",),
    "take": ("take_id",),
    "download": ("take_id",),
    "media": ("asset_id",),
    "people": (),
    "invite_by_email": (),
    "invite_link": (),
    "person_role": ("membership_id",),
    "person_deactivate": ("membership_id",),
    "person_reactivate": ("membership_id",),
    "invitation_renew": ("invitation_id",),
    "invitation_revoke": ("invitation_id",),
    "team_settings": (),
    "team_rename": (),
    "team_time_zone": (),
    "team_delete": (),
    "team_delete_cancel": (),
    "leave_team": (),
    "audit": (),
    "webhooks": (),
    "webhook_new": (),
    "webhook": ("endpoint_id",),
    "webhook_edit": ("endpoint_id",),
    "webhook_action": ("endpoint_id", "name"),
    "webhook_delivery": ("endpoint_id", "delivery_id"),
    "webhook_delivery_row": ("endpoint_id", "delivery_id"),
    "webhook_resend": ("endpoint_id", "delivery_id"),
}
# The form data without which the request is invalid.
FORMS = {"images": {"remove": "first_frame"}, "person_role": {"role": "creator"}}
METHODS = ("get", "head", "post", "put", "patch", "delete")


def all_patterns(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield every route with its namespace."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from all_patterns(pattern.url_patterns, pattern.namespace or namespace)
        else:
            yield namespace, pattern


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def send(
    client: Client, method: str, url: str, form: dict[str, str] | None = None, *, follow: bool = False
) -> HttpResponse:
    """Send a request, read the whole response and undo what the request changed."""
    with rolled_back():
        data = {"data": form} if method == "post" and form else {}
        response: HttpResponse = getattr(client, method)(url, follow=follow, **data)
        if not response.streaming:
            return response
        content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
        return HttpResponse(content, status=response.status_code, headers=response.headers)
