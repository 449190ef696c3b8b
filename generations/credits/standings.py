"""How every team stands: what it owns, holds and has spent lately. For site staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet, Sum

from generations.accounts.models import Team
from generations.common.clock import database_time

from .models import Freeze, Hold, Wallet

LATELY = timedelta(days=30)


@dataclass(frozen=True)
class Standing:
    """`wallet` is None until the team's first credits; `spent` is of the last thirty days."""

    team: Team
    wallet: Wallet | None
    spent: int
    freeze: Freeze | None


def teams_by_name(search: str) -> QuerySet[Team]:
    teams = Team.objects.all()
    for word in search.split():
        teams = teams.filter(Q(name__icontains=word) | Q(slug__icontains=word))
    return teams


def standings_of(teams: Sequence[Team]) -> list[Standing]:
    """Three queries, however many teams."""
    wallets = {wallet.team_id: wallet for wallet in Wallet.objects.filter(team__in=teams)}
    lately = Hold.objects.filter(wallet__team__in=teams, created_at__gte=database_time(-LATELY))
    spent = dict(lately.order_by().values_list("wallet__team").annotate(Sum("captured")))
    freezes = {freeze.team_id: freeze for freeze in Freeze.objects.filter(team__in=teams, ended_at=None)}
    return [Standing(t, wallets.get(t.pk), spent.get(t.pk) or 0, freezes.get(t.pk)) for t in teams]
