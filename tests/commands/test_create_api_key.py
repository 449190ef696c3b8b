"""`manage.py create_api_key`."""

import pytest
from django.core.management import CommandError, call_command

from generations.accounts.api_keys import key_by_secret
from generations.accounts.models import ApiKey
from generations.accounts.roles import Role, Scope
from generations.accounts.teams import add_member


@pytest.fixture
def create_key(capsys):
    """Run the command and return the caller of the printed secret."""

    def run(*arguments: str):
        call_command("create_api_key", *arguments)
        (secret,) = capsys.readouterr().out.split()
        return key_by_secret(secret)

    return run


def test_it_prints_a_key_with_the_scopes_generate_and_read(create_key, bob, team):
    caller = create_key("--user", "BOB@example.com", "--name", " render farm ")
    assert (caller.user, caller.team, caller.key.name) == (bob, team, "render farm")
    assert set(caller.key.scopes) == {Scope.GENERATE, Scope.READ}
    assert not caller.key.is_service


def test_it_creates_service_keys_with_given_scopes(create_key, alice, team):
    caller = create_key("--user", alice.email, "--name", "ci", "--scope", "manage", "--scope", "read", "--service")
    assert set(caller.key.scopes) == {Scope.MANAGE, Scope.READ}
    assert caller.key.is_service


def test_a_member_of_several_teams_must_name_one(create_key, bob, team, other_team):
    add_member(team=other_team, user=bob, role=Role.CREATOR)
    with pytest.raises(CommandError, match="--team: harbour, lighthouse"):
        create_key("--user", bob.email, "--name", "farm")
    assert create_key("--user", bob.email, "--name", "farm", "--team", "harbour").team == other_team


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--user", "nobody@example.com", "--name", "farm"), "Nobody with the address"),
        (("--user", "bob@example.com", "--name", "farm", "--team", "elsewhere"), "team 'elsewhere'"),
        (("--user", "bob@example.com", "--name", "x" * 81), "1 to 80 characters"),
        (("--user", "bob@example.com", "--name", "farm", "--service"), "don't have permission"),
        (("--user", "bob@example.com", "--name", "farm", "--scope", "everything"), "everything"),
    ],
)
def test_an_error_creates_no_key(create_key, bob, arguments, message):
    with pytest.raises(CommandError, match=message):
        create_key(*arguments)
    assert not ApiKey.objects.exists()
