import pytest

from generations.accounts.models import Team
from generations.accounts.roles import Role
from generations.accounts.teams import add_member
from generations.jobs.models import Generation
from tests.conftest import make_user
from tests.web.pages import links, words


@pytest.fixture
def settings_page(team) -> str:
    return f"/t/{team.slug}/settings/"


@pytest.fixture
def owner(client_of, alice):
    return client_of(alice)


@pytest.fixture
def admin(client_of, team):
    return client_of(add_member(team=team, user=make_user("ada"), role=Role.ADMIN).user)


class TestNewTeam:
    def test_team_can_be_created(self, owner, alice):
        response = owner.post("/teams/new", {"name": "The Kiln"}, follow=True)
        assert response.redirect_chain[-1][0] == "/t/the-kiln/people/"
        assert Team.objects.get(slug="the-kiln").memberships.get().user == alice

    @pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
    def test_invalid_name_is_rejected_at_its_field(self, owner, name):
        response = owner.post("/teams/new", {"name": name})
        assert response.status_code == 422
        assert "field-error" in response.content.decode()

    def test_visitors_are_redirected_to_sign_in(self, client, db):
        assert client.get("/teams/new")["Location"].startswith("/account/login/")

    def test_menu_links_to_the_page(self, owner, team):
        assert "/teams/new" in links(owner.get(f"/t/{team.slug}/gallery/"))


class TestNameAndTimeZone:
    def test_owner_can_rename_the_team(self, owner, team, settings_page):
        response = owner.post(f"{settings_page}name", {"name": "Beacon"}, follow=True)
        assert "Team renamed to Beacon." in words(response)
        team.refresh_from_db()
        assert (team.name, team.slug) == ("Beacon", "lighthouse")

    def test_admin_cannot_rename_the_team(self, admin, settings_page):
        assert f"{settings_page}name" not in admin.get(settings_page).content.decode()
        assert admin.post(f"{settings_page}name", {"name": "Beacon"}).status_code == 403

    def test_admin_can_set_the_time_zone(self, admin, team, settings_page):
        admin.post(f"{settings_page}time-zone", {"time_zone": "Europe/Zurich"})
        team.refresh_from_db()
        assert team.time_zone == "Europe/Zurich"

    def test_unknown_time_zone_is_rejected(self, admin, settings_page):
        assert admin.post(f"{settings_page}time-zone", {"time_zone": "Mars/Olympus"}).status_code == 422


class TestDeletion:
    def test_name_must_be_typed(self, owner, team, settings_page):
        response = owner.post(f"{settings_page}end", {"name": "lighthouse"})
        assert response.status_code == 422
        assert 'Type "Lighthouse" exactly.' in words(response)
        team.refresh_from_db()
        assert team.ends_at is None

    def test_deletion_can_be_canceled(self, owner, team, settings_page):
        response = owner.post(f"{settings_page}end", {"name": "Lighthouse"}, follow=True)
        assert "Cancel deletion" in words(response)
        team.refresh_from_db()
        assert team.ends_at is not None
        assert "This team will be deleted on" in words(owner.get(f"/t/{team.slug}/gallery/"))
        owner.post(f"{settings_page}keep")
        team.refresh_from_db()
        assert team.ends_at is None

    def test_new_jobs_are_rejected(self, owner, client_of, bob, funded, filled, studio, settings_page):
        values = filled()
        owner.post(f"{settings_page}end", {"name": "Lighthouse"})
        response = client_of(bob).post(studio, values)
        assert response.status_code == 403
        assert "New generations are disabled" in words(response)
        assert not Generation.objects.exists()

    def test_members_are_notified(self, owner, client_of, bob, settings_page):
        owner.post(f"{settings_page}end", {"name": "Lighthouse"})
        assert "Lighthouse will be deleted on" in words(client_of(bob).get("/notices/"))

    def test_admin_cannot_delete_the_team(self, admin, settings_page):
        assert admin.post(f"{settings_page}end", {"name": "Lighthouse"}).status_code == 403


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.OWNER, {"people", "settings", "audit", "studio", "credits"}, set()),
        (Role.ADMIN, {"people", "settings", "audit", "studio", "credits"}, set()),
        (Role.CREATOR, {"studio", "credits"}, {"people", "settings", "audit"}),
        (Role.REVIEWER, {"gallery", "credits"}, {"people", "settings", "audit", "studio", "jobs"}),
        (Role.BILLING, {"gallery", "credits"}, {"people", "settings", "audit", "studio", "jobs"}),
    ],
)
def test_header_shows_the_pages_of_the_role(client_of, team, role, shown, hidden):
    browser = client_of(add_member(team=team, user=make_user("zoe"), role=role).user)
    found = links(browser.get(f"/t/{team.slug}/gallery/"))
    assert {name for name in shown | hidden if f"/t/{team.slug}/{name}/" in found} == shown
    for name in hidden:
        assert browser.get(f"/t/{team.slug}/{name}/").status_code == 403
