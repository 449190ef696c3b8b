import pytest
from django.core.management import CommandError, call_command

from generations.accounts.keys import key_by_secret
from generations.accounts.models import ApiKey
from generations.accounts.roles import Role, Scope
from generations.accounts.teams import add_member


@pytest.fixture
def made(capsys):
    """Run the command and return whom its secret speaks for."""

    def run(*arguments: str):
        call_command("create_api_key", *arguments)
        (secret,) = capsys.readouterr().out.split()
        return key_by_secret(secret)

    return run


def test_it_prints_a_key_that_may_generate_and_read(made, bob, team):
    caller = made("--user", "BOB@example.com", "--name", " render farm ")
    assert (caller.user, caller.team, caller.key.name) == (bob, team, "render farm")
    assert set(caller.key.scopes) == {Scope.GENERATE, Scope.READ}
    assert not caller.key.is_service


def test_it_takes_scopes_and_makes_service_keys(made, alice, team):
    caller = made("--user", alice.email, "--name", "ci", "--scope", "manage", "--scope", "read", "--service")
    assert set(caller.key.scopes) == {Scope.MANAGE, Scope.READ}
    assert caller.key.is_service


def test_who_is_in_several_teams_must_say_which(made, bob, team, other_team):
    add_member(team=other_team, user=bob, role=Role.CREATOR)
    with pytest.raises(CommandError, match="--team: harbour, lighthouse"):
        made("--user", bob.email, "--name", "farm")
    assert made("--user", bob.email, "--name", "farm", "--team", "harbour").team == other_team


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--user", "nobody@example.com", "--name", "farm"), "Nobody with the address"),
        (("--user", "bob@example.com", "--name", "farm", "--team", "elsewhere"), "team 'elsewhere'"),
        (("--user", "bob@example.com", "--name", "x" * 81), "1 to 80 characters"),
        (("--user", "bob@example.com", "--name", "farm", "--service"), "does not allow"),
        (("--user", "bob@example.com", "--name", "farm", "--scope", "everything"), "everything"),
    ],
)
def test_it_says_what_is_wrong_and_makes_nothing(made, bob, arguments, said):
    with pytest.raises(CommandError, match=said):
        made(*arguments)
    assert not ApiKey.objects.exists()
