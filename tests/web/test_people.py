import re

import pytest
from django.core import mail

from generations.accounts.invitations import invite
from generations.accounts.models import Invitation, Membership, User
from generations.accounts.roles import Role
from generations.accounts.teams import add_member
from generations.credits.balances import balance_of
from generations.jobs.models import Generation, State
from tests.accounts.conftest import WEEK
from tests.conftest import make_user
from tests.library.factories import make_generation, make_take
from tests.web.pages import HTMX, links, words


@pytest.fixture
def people_page(team) -> str:
    return f"/t/{team.slug}/people/"


@pytest.fixture
def owner(client_of, alice):
    return client_of(alice)


@pytest.fixture
def admin(client_of, team):
    return client_of(add_member(team=team, user=make_user("ada"), role=Role.ADMIN).user)


@pytest.fixture
def bobs(team, bob, member) -> Membership:
    return member(bob, team)


class TestList:
    def test_list_shows_members(self, owner, bob, rita, people_page):
        text = words(owner.get(people_page))
        assert "You" in text
        assert "bob@example.com" in text
        assert "rita@example.com" in text

    def test_search(self, owner, bob, rita, people_page):
        text = words(owner.get(people_page, {"q": "rita"}))
        assert "rita@example.com" in text
        assert "bob@example.com" not in text
        assert "No members match “zoe”" in words(owner.get(people_page, {"q": "zoe"}))

    @pytest.mark.parametrize("query", [{"q": "\x00"}, {"state": "odd"}, {"q": "%_"}])
    def test_unusual_search_works(self, owner, people_page, query):
        assert owner.get(people_page, query).status_code == 200

    @pytest.mark.parametrize("after", ["x", "-1", "9" * 30])
    def test_invalid_cursor_is_a_400(self, owner, people_page, after):
        assert owner.get(people_page, {"after": after}).status_code == 400

    def test_pages_contain_every_member(self, owner, team, people_page):
        for number in range(60):
            add_member(team=team, user=make_user(f"guest{number:02}"), role=Role.CREATOR)
        seen, address = "", people_page
        while address:
            response = owner.get(address, **HTMX)
            seen += words(response)
            more = [link for link in links(response) if "after=" in link]
            address = people_page + more[0] if more else ""
        assert [f"guest{number:02}@example.com" in seen for number in range(60)] == [True] * 60

    def test_query_count_does_not_depend_on_the_number_of_members(
        self, owner, team, people_page, django_assert_num_queries
    ):
        """No query per member."""
        for number in range(10):
            add_member(team=team, user=make_user(f"guest{number}"), role=Role.CREATOR)
        owner.get(people_page)
        with django_assert_num_queries(9) as few:
            owner.get(people_page)
        people = User.objects.bulk_create(
            User(email=f"many{number}@example.com", name=f"Many {number}", password="!") for number in range(1000)
        )
        Membership.objects.bulk_create(Membership(team=team, user=user, role=Role.CREATOR) for user in people)
        with django_assert_num_queries(len(few)):
            owner.get(people_page)


class TestRoles:
    def test_role_can_be_changed(self, owner, bobs, people_page):
        response = owner.post(f"{people_page}{bobs.pk}/role", {"role": "reviewer"}, follow=True)
        assert "Role of Bob changed from Creator to Reviewer." in words(response)
        bobs.refresh_from_db()
        assert bobs.role == Role.REVIEWER

    def test_admin_cannot_choose_owner(self, admin, bobs, people_page, alice, member, team):
        html = admin.get(people_page).content.decode()
        assert 'value="owner"' not in html
        assert f"/people/{member(alice, team).pk}/role" not in html
        assert admin.post(f"{people_page}{bobs.pk}/role", {"role": "owner"}).status_code == 403
        assert admin.post(f"{people_page}{member(alice, team).pk}/role", {"role": "creator"}).status_code == 403

    def test_last_owner_cannot_be_demoted(self, owner, alice, member, team, people_page):
        response = owner.post(f"{people_page}{member(alice, team).pk}/role", {"role": "creator"})
        assert response.status_code == 409
        assert "must have an owner" in words(response)

    @pytest.mark.parametrize("role", ["", "king", "\x00"])
    def test_unknown_role_is_a_404(self, owner, bobs, people_page, role):
        assert owner.post(f"{people_page}{bobs.pk}/role", {"role": role}).status_code == 404

    def test_member_of_another_team_is_a_404(self, owner, people_page, charlie, other_team, member):
        theirs = member(charlie, other_team).pk
        for act in ("role", "deactivate", "reactivate"):
            assert owner.post(f"{people_page}{theirs}/{act}", {"role": "creator"}).status_code == 404


class TestDeactivation:
    def test_queued_jobs_are_canceled_and_takes_stay(self, owner, funded, bob, bobs, people_page, alice, member):
        take = make_generation(funded, bob)
        waiting = make_generation(funded, bob, State.QUEUED)
        sent = make_generation(funded, bob, State.PROCESSING)
        before = balance_of(member(alice, funded)).available
        response = owner.post(f"{people_page}{bobs.pk}/deactivate", follow=True)
        assert "Bob was deactivated. 1 queued job canceled, 36 credits refunded." in words(response)
        states = {job.pk: job.state for job in Generation.objects.all()}
        assert states == {take.pk: "completed", waiting.pk: "canceled", sent.pk: "processing"}
        assert balance_of(member(alice, funded)).available == before + waiting.price

    def test_access_ends_immediately(self, owner, client_of, bob, bobs, people_page, team):
        browser = client_of(bob)
        assert browser.get(f"/t/{team.slug}/gallery/").status_code == 200
        owner.post(f"{people_page}{bobs.pk}/deactivate")
        assert browser.get(f"/t/{team.slug}/gallery/").status_code == 404

    def test_access_to_media_ends(self, owner, client_of, bob, bobs, people_page, funded):
        take = make_take(funded, bob)
        browser = client_of(bob)
        owner.post(f"{people_page}{bobs.pk}/deactivate")
        assert browser.get(f"/media/{take.poster_id}").status_code == 404
        assert browser.get(f"/t/{funded.slug}/takes/{take.pk}/").status_code == 404

    def test_member_can_be_reactivated(self, owner, client_of, bob, bobs, people_page, team):
        owner.post(f"{people_page}{bobs.pk}/deactivate")
        assert "Reactivate" in words(owner.get(people_page, {"state": "deactivated"}))
        owner.post(f"{people_page}{bobs.pk}/reactivate")
        assert client_of(bob).get(f"/t/{team.slug}/gallery/").status_code == 200


class TestLeaving:
    def test_member_can_leave(self, client_of, bob, funded):
        make_generation(funded, bob, State.QUEUED)
        browser = client_of(bob)
        assert "Leave Lighthouse?" in words(browser.get(f"/t/{funded.slug}/leave"))
        browser.post(f"/t/{funded.slug}/leave")
        assert browser.get(f"/t/{funded.slug}/gallery/").status_code == 404
        assert Generation.objects.get().state == "canceled"

    def test_leaving_cancels_jobs_of_a_member_who_may_no_longer_submit(self, client_of, bob, bobs, funded):
        make_generation(funded, bob, State.QUEUED)
        Membership.objects.filter(pk=bobs.pk).update(role=Role.REVIEWER)
        client_of(bob).post(f"/t/{funded.slug}/leave")
        assert Generation.objects.get().state == "canceled"

    def test_last_owner_cannot_leave(self, owner, team):
        assert owner.post(f"/t/{team.slug}/leave").status_code == 409
        assert owner.get(f"/t/{team.slug}/gallery/").status_code == 200


class TestInviting:
    def test_invitation_is_sent_by_email(self, owner, people_page, django_capture_on_commit_callbacks):
        form = {"email-email": "dana@example.com", "email-role": "creator", "email-days": "7"}
        with django_capture_on_commit_callbacks(execute=True):
            response = owner.post(f"{people_page}letters", form, follow=True)
        assert "Invitation sent to dana@example.com." in words(response)
        assert "dana@example.com Creator 0 of 1" in words(response)
        assert mail.outbox[0].to == ["dana@example.com"]

    def test_invite_link_is_shown_once(self, owner, people_page):
        response = owner.post(f"{people_page}links", {"link-role": "creator", "link-days": "1", "link-uses": "5"})
        secret = re.search(r"/invitations/([\w-]{43})", response.content.decode())[1]
        assert response["Cache-Control"] == "no-store"
        assert secret not in owner.get(people_page).content.decode()
        assert Invitation.objects.get().max_uses == 5

    def test_member_cannot_be_invited(self, owner, bob, people_page):
        form = {"email-email": "Bob@example.com", "email-role": "creator", "email-days": "7"}
        response = owner.post(f"{people_page}letters", form)
        assert response.status_code == 422
        assert "Bob is already a member (Creator)." in words(response)

    @pytest.mark.parametrize(
        ("way", "form"),
        [
            ("letters", {}),
            ("letters", {"email-email": "no address", "email-role": "creator", "email-days": "7"}),
            ("letters", {"email-email": "a@example.com", "email-role": "king", "email-days": "7"}),
            ("letters", {"email-email": "a@example.com\r\nBcc: b@example.com", "email-role": "creator"}),
            ("links", {"link-role": "creator", "link-days": "365", "link-uses": "1"}),
            ("links", {"link-role": "creator", "link-days": "7", "link-uses": "0"}),
            ("links", {"link-role": "creator", "link-days": "7", "link-uses": "99999999999999999999"}),
        ],
    )
    def test_invalid_form_shows_the_error_at_its_field(self, owner, people_page, way, form):
        response = owner.post(people_page + way, form)
        assert response.status_code == 422
        assert "field-error" in response.content.decode()
        assert not Invitation.objects.exists()

    def test_admin_cannot_invite_an_owner(self, admin, people_page):
        form = {"email-email": "dana@example.com", "email-role": "owner", "email-days": "7"}
        assert admin.post(f"{people_page}letters", form).status_code == 422

    def test_invitation_can_be_revoked(self, owner, alice, member, team, people_page):
        made = invite(inviter=member(alice, team), role=Role.CREATOR, lifetime=WEEK)
        owner.post(f"{people_page}invitations/{made.invitation.pk}/revoke")
        assert "No pending invitations." in words(owner.get(people_page))

    def test_renewed_link_replaces_the_old_one(self, owner, client, alice, member, team, people_page):
        made = invite(inviter=member(alice, team), role=Role.CREATOR, lifetime=WEEK)
        response = owner.post(f"{people_page}invitations/{made.invitation.pk}/renew")
        assert re.search(r"/invitations/[\w-]{43}", response.content.decode())
        assert client.get(f"/invitations/{made.secret}", follow=True).status_code == 410

    def test_invitation_of_another_team_is_a_404(self, client_of, charlie, other_team, alice, member, team):
        made = invite(inviter=member(alice, team), role=Role.CREATOR, lifetime=WEEK)
        for act in ("renew", "revoke"):
            address = f"/t/{other_team.slug}/people/invitations/{made.invitation.pk}/{act}"
            assert client_of(charlie).post(address).status_code == 404
