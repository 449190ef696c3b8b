"""Find a team's wallet, making it on first use."""

from generations.accounts.models import Team

from .models import Wallet


def wallet_of(team: Team) -> Wallet:
    wallet, _ = Wallet.objects.get_or_create(team=team)
    return wallet
