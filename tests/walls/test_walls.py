"""Two teams, every address: nothing of one team is ever shown to the other.

Each route of the URLconf is asked for by name. A route that stands in none of the tables below fails the suite, so
whoever adds a page says here who may see it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from generations.accounts.invitations import invite
from generations.accounts.keys import create_key
from generations.accounts.models import ApiKey, Invitation, Membership, Team, User
from generations.accounts.roles import Role, Scope
from generations.credits.grants import grant_credits
from generations.credits.models import CreditRequest, QuotaRaise, RequestTarget
from generations.credits.raises import raise_quota
from generations.credits.requests import request_credits
from generations.events.models import WebhookDelivery
from generations.events.webhooks.deliveries import send_test
from generations.events.webhooks.endpoints import create_endpoint
from generations.jobs.models import Generation, Project
from generations.jobs.projects import create_project
from generations.jobs.states import State
from generations.media.models import Asset
from generations.media.storages import media_storage
from tests.gallery.takes import make_generation

# Open to everybody, and about nobody.
OPEN = {"home", "theme", "healthz", "readyz", "metrics"}
# For whoever bears an invitation's secret; tests/web/test_invitations.py says what without one.
INVITED = {"invitation", "invitation_open", "invitation_account"}
# One's own, of any team or none; tests/walls/test_roles.py asks as a stranger.
OWN = {"new_team", "notices", "notices_read", "notice_read", "bell"}
# One's own account, ours and allauth's; their own tests say that strangers are sent to sign in.
ACCOUNT_PREFIXES = ("account_", "mfa_", "socialaccount_", "openid_connect_")
# Site staff only; their own tests say that.
ADMIN_NAMESPACE = "admin"
# The management API; tests/api/v1 asks each of its operations as an outsider.
API_NAMESPACE = "v1"
# The contract; tests/api/contract asks with another team's key, and with forged and ended signatures.
CONTRACT = {"image_to_video", "image_to_video_job", "upload", "upload_bytes", "file"}
STAFF = {
    "operations",
    "operations_probe",
    "operations_act",
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
# Of a team: only for its members. The value is the sample for the last part of the address.
OF_A_TEAM = {
    "team": (),
    "studio": (),
    "options": (),
    "stills": (),
    "jobs": (),
    "gallery": (),
    "credits": (),
    "credit_report": (),
    "credit_requests": (),
    "credit_request_approve": ("request_id",),
    "credit_request_decline": ("request_id",),
    "credit_request_withdraw": ("request_id",),
    "credit_alerts": (),
    "credit_alert_drop": ("membership_id",),
    "quotas": (),
    "quota": ("level", "membership_id"),
    "quota_raise": ("membership_id",),
    "quota_raise_end": ("raise_id",),
    "projects": (),
    "project_rename": ("project_id",),
    "project_archive": ("project_id",),
    "decision": ("generation_id",),
    "keys": (),
    "key_new": (),
    "key": ("key_id",),
    "key_rotate": ("key_id",),
    "key_revoke": ("key_id",),
    "job_row": ("generation_id",),
    "cancel": ("generation_id",),
    "retry": ("generation_id",),
    "job_tile": ("generation_id",),
    "take": ("generation_id",),
    "download": ("generation_id",),
    "media": ("asset_id",),
    "people": (),
    "invite_letter": (),
    "invite_link": (),
    "person_role": ("membership_id",),
    "person_deactivate": ("membership_id",),
    "person_reactivate": ("membership_id",),
    "invitation_renew": ("invitation_id",),
    "invitation_revoke": ("invitation_id",),
    "team_settings": (),
    "team_rename": (),
    "team_time_zone": (),
    "team_end": (),
    "team_keep": (),
    "leave_team": (),
    "audit": (),
    "webhooks": (),
    "webhook_new": (),
    "webhook": ("endpoint_id",),
    "webhook_edit": ("endpoint_id",),
    "webhook_act": ("endpoint_id", "name"),
    "webhook_delivery": ("endpoint_id", "delivery_id"),
    "webhook_delivery_row": ("endpoint_id", "delivery_id"),
    "webhook_again": ("endpoint_id", "delivery_id"),
}
METHODS = ("get", "head", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Property:
    """What a team owns: the words and ids that must never reach the other team."""

    team: Team
    take: Generation
    waiting: Generation
    key: ApiKey
    membership: Membership
    invitation: Invitation
    told: WebhookDelivery
    asked: CreditRequest
    raised: QuotaRaise
    project: Project

    @property
    def secrets(self) -> set[str]:
        assets = Asset.objects.filter(team=self.team).values_list("pk", flat=True)
        ids = (self.take.pk, self.waiting.pk, self.key.pk, self.invitation.pk, self.told.pk, self.told.endpoint_id)
        words = (self.take.prompt, self.waiting.prompt, self.key.name, self.invitation.email)
        words += (self.asked.reason, self.raised.reason, self.project.name)
        ids += (self.asked.pk,)
        return {*map(str, (*ids, *assets)), *words, self.told.endpoint.url, self.told.endpoint.secret}


def give(team: Team, author: User, bird: str) -> Property:
    take = make_generation(team, author, prompt=f"The {bird} lands.")
    waiting = make_generation(team, author, State.QUEUED, prompt=f"The {bird} takes off.")
    for asset in Asset.objects.filter(team=team):
        media_storage().save(asset.name, ContentFile(bytes(asset.bytes)))
    membership = Membership.objects.select_related("team", "user").get(team=team, user=author)
    key = create_key(membership=membership, name=f"{bird} farm", scopes=[Scope.READ]).key
    owner = Membership.objects.select_related("team", "user").get(team=team, role=Role.OWNER)
    invited = invite(inviter=owner, role=Role.CREATOR, lifetime=timedelta(days=7), email=f"{bird}@example.com")
    webhook = create_endpoint(team_id=team.pk, actor_id=author.pk, url=f"https://{bird}.example.com/hook")
    asked = request_credits(membership=membership, target=RequestTarget.QUOTA, amount=5, reason=f"More {bird}s.")
    raised = raise_quota(membership=membership, amount=5, reason=f"The {bird} season.", actor=author)
    project = create_project(membership=membership, name=f"The {bird} film")
    told = send_test(webhook)
    return Property(team, take, waiting, key, membership, invited.invitation, told, asked, raised, project)


@pytest.fixture
def ours(funded: Team, bob: User) -> Property:
    return give(funded, bob, "heron")


@pytest.fixture
def theirs(other_team: Team, charlie: User) -> Property:
    grant_credits(team=other_team, amount=1000, reason="opening balance", actor=charlie)
    return give(other_team, charlie, "gull")


def routes(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[tuple[str, str]]:
    """Yield namespace and name of every route."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, pattern.namespace or namespace)
        else:
            yield namespace, pattern.name or ""


def test_every_route_is_classified() -> None:
    unknown = [
        (namespace, name)
        for namespace, name in routes(get_resolver().url_patterns)
        if namespace not in (ADMIN_NAMESPACE, API_NAMESPACE)
        and name not in OPEN | STAFF | CONTRACT
        and name not in INVITED | OWN
        and name not in OF_A_TEAM
        and not name.startswith(ACCOUNT_PREFIXES)
    ]
    assert unknown == []


def addresses(name: str, owner: Property) -> list[str]:
    """The address of a route with what the team owns, once for each thing that fits."""
    wanted = OF_A_TEAM[name]
    if wanted == ("asset_id",):
        own = Asset.objects.filter(team=owner.team).order_by("pk")
        return [reverse(name, args=[pk]) for pk in own.values_list("pk", flat=True)]
    if wanted == ("generation_id",):
        return [reverse(name, args=[owner.team.slug, row.pk]) for row in (owner.take, owner.waiting)]
    samples = {
        "key_id": owner.key.pk,
        "membership_id": owner.membership.pk,
        "invitation_id": owner.invitation.pk,
        "endpoint_id": owner.told.endpoint_id,
        "delivery_id": owner.told.pk,
        "name": "delete",
        "request_id": owner.asked.pk,
        "raise_id": owner.raised.pk,
        "project_id": owner.project.pk,
        "level": "member",
    }
    return [reverse(name, args=[owner.team.slug, *(samples[part] for part in wanted)])]


@pytest.mark.parametrize("name", OF_A_TEAM)
def test_a_stranger_is_told_the_same_as_for_nothing(
    name: str, ours: Property, charlie: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(charlie)
    missing = [str(uuid4()) for _ in range(2)]
    for address in addresses(name, ours):
        nothing = address
        for real in (
            *map(str, (ours.take.pk, ours.waiting.pk, ours.key.pk, ours.told.pk, ours.told.endpoint_id)),
            *(str(a.pk) for a in Asset.objects.all()),
        ):
            nothing = nothing.replace(real, missing[0])
        nothing = nothing.replace(f"/t/{ours.team.slug}/", "/t/nowhere/")
        for method in METHODS:
            answer = getattr(client, method)(address)
            assert answer.status_code in (404, 405), f"{method} {address}"
            assert answer.status_code == getattr(client, method)(nothing).status_code
            assert_silent(answer.content, ours, address)
    assert Generation.objects.get(pk=ours.waiting.pk).state == "queued"


@pytest.mark.parametrize("name", OF_A_TEAM)
def test_a_mixed_address_shows_nothing(
    name: str, ours: Property, theirs: Property, charlie: User, client_of: Callable[[User], Client]
) -> None:
    """The right team with somebody else's id."""
    client = client_of(charlie)
    for address in addresses(name, ours):
        mixed = address.replace(f"/t/{ours.team.slug}/", f"/t/{theirs.team.slug}/")
        if mixed != address and OF_A_TEAM[name]:
            for method in ("get", "post"):
                answer = getattr(client, method)(mixed)
                assert answer.status_code in (404, 405), f"{method} {mixed}"
                assert_silent(answer.content, ours, mixed)


@pytest.mark.parametrize("name", OF_A_TEAM)
def test_ones_own_pages_never_name_the_other_team(
    name: str, ours: Property, theirs: Property, charlie: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(charlie)
    for address in addresses(name, theirs):
        answer = client.get(address)
        assert answer.status_code in (200, 302, 404, 405), address
        assert_silent(b"".join(answer.streaming_content) if answer.streaming else answer.content, ours)


@pytest.mark.parametrize("name", OF_A_TEAM)
def test_a_visitor_sees_nothing(name: str, ours: Property, client: Client) -> None:
    for address in addresses(name, ours):
        for method in METHODS:
            answer = getattr(client, method)(address)
            assert answer.status_code in (302, 404, 405), f"{method} {address}"
            assert_silent(answer.content, ours, address)


def test_a_still_of_another_team_cannot_be_used(
    ours: Property, theirs: Property, charlie: User, client_of: Callable[[User], Client]
) -> None:
    still = Asset.objects.filter(team=ours.team, kind="still").first()
    assert still is not None
    form = {
        "first_frame": str(still.pk),
        "prompt": "Mine now.",
        "model": "ltx-2-3-fast",
        "resolution": "1280x720",
        "fps": "24",
        "duration": "6",
    }
    before = Generation.objects.count()
    answer = client_of(charlie).post(reverse("studio", args=[theirs.team.slug]), form)
    assert answer.status_code in (404, 422)
    assert_silent(answer.content, ours, str(still.pk))
    assert Generation.objects.count() == before


@pytest.mark.parametrize("who", ["bob", "alice", "rita"])
def test_the_admin_is_for_site_staff(
    who: str, ours: Property, request: pytest.FixtureRequest, client_of: Callable[[User], Client]
) -> None:
    client = client_of(request.getfixturevalue(who))
    for name in ("index", "generations_generation_changelist", "generations_wallet_changelist"):
        answer = client.get(reverse(f"admin:{name}"))
        assert answer.status_code in (302, 403, 404)
        assert_silent(answer.content, ours)


def assert_silent(content: bytes, owner: Property, asked: str = "") -> None:
    """Nothing of the owner's stands in the answer, but for what was asked with: a page may repeat its own address."""
    text = content.decode("utf-8", errors="replace")
    assert {secret for secret in owner.secrets if secret in text and secret not in asked} == set()
