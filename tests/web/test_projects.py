"""Projects: create them in the studio or on their page, select them for a job, filter the gallery."""

import pytest

from generations.jobs.models import Generation
from generations.library.models import Project
from tests.library.factories import make_generation
from tests.web.pages import words

WISH = {"model": "ltx-2-3-fast", "resolution": "1280x720", "duration": "6", "quoted": None}


@pytest.fixture
def projects(funded) -> str:
    return f"/t/{funded.slug}/projects/"


@pytest.fixture
def feature(funded) -> Project:
    return Project.objects.create(team=funded, name="Feature")


def test_job_is_added_to_the_selected_project(client_of, bob, feature, filled, studio):
    client_of(bob).post(studio, filled(project=str(feature.pk), **WISH))
    assert Generation.objects.get().project == feature


def test_new_project_is_created_with_the_job(client_of, bob, funded, filled, studio):
    client_of(bob).post(studio, filled(new_project="  Trailer ", **WISH))
    client_of(bob).post(studio, filled(new_project="trailer", **WISH))
    assert list(Generation.objects.values_list("project__name", flat=True)) == ["Trailer", "Trailer"]
    assert Project.objects.count() == 1


def test_settings_of_a_take_include_its_project(client_of, bob, funded, feature, studio):
    take = make_generation(funded, bob, project=feature)
    page = client_of(bob).get(studio, {"from": take.pk})
    assert f'<option value="{feature.pk}" selected>Feature</option>' in page.content.decode()


@pytest.mark.parametrize("given", ["0", "x", "-1", "٣"])
def test_unknown_project_is_rejected_at_its_field(client_of, bob, funded, filled, studio, given):
    response = client_of(bob).post(studio, filled(project=given, **WISH))
    assert response.status_code == 422
    assert "This project no longer exists or is archived" in words(response)
    assert not Generation.objects.exists()


def test_project_of_another_team_is_rejected(client_of, bob, other_team, funded, filled, studio):
    theirs = Project.objects.create(team=other_team, name="Secret film")
    response = client_of(bob).post(studio, filled(project=str(theirs.pk), **WISH))
    assert response.status_code == 422
    assert "Secret film" not in words(response)
    assert client_of(bob).get(f"/t/{funded.slug}/gallery/", {"project": theirs.pk}).status_code == 404


def test_gallery_can_be_filtered_by_project(client_of, bob, funded, feature):
    make_generation(funded, bob, project=feature, prompt="In the film.")
    make_generation(funded, bob, prompt="For myself.")
    gallery = f"/t/{funded.slug}/gallery/"
    assert "For myself." in client_of(bob).get(gallery).content.decode()
    page = client_of(bob).get(gallery, {"project": feature.pk}).content.decode()
    assert "In the film." in page
    assert "For myself." not in page


def test_name_must_be_unique(client_of, bob, feature, projects):
    assert "A project named feature already exists." in words(
        client_of(bob).post(projects, {"name": "feature"}, follow=True)
    )
    assert "Enter a project name." in words(client_of(bob).post(projects, {"name": "  "}, follow=True))
    assert Project.objects.count() == 1


def test_managers_can_rename_and_archive(client_of, alice, bob, feature, projects, studio, filled):
    for act, form in (("rename", {"name": "Film"}), ("archive", {"is_archived": "true"})):
        assert client_of(bob).post(f"{projects}{feature.pk}/{act}", form).status_code == 403
        assert client_of(alice).post(f"{projects}{feature.pk}/{act}", form).status_code == 302
    assert "Film Archived" in words(client_of(bob).get(projects))
    response = client_of(bob).post(studio, filled(new_project="film", **WISH))
    assert response.status_code == 422
    assert "Film is archived." in words(response)
    client_of(alice).post(f"{projects}{feature.pk}/archive", {"is_archived": "false"})
    assert client_of(bob).post(studio, filled(project=str(feature.pk), **WISH)).status_code == 303
