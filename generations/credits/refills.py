"""Monthly refills: on the first of each month, in the team's time zone, a wallet gets the credits of its rule."""

from datetime import datetime, timedelta
from typing import cast

from django.db import transaction

from generations.accounts.models import Team, User
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .errors import BadGrantError
from .grants import expire_free_credits
from .models import EntryKind, Period, RefillMode, RefillRule
from .periods import span_of
from .wallets import change_wallet, lock_wallet

# From the first of a month into its middle, even if the time zone of the team has changed meanwhile.
_HALF_A_MONTH = timedelta(days=15)


@transaction.atomic
def set_refill(
    *, team: Team, amount: int, mode: RefillMode, does_expire: bool, is_on: bool, actor: User, moment: datetime
) -> RefillRule:
    """Create or change the team's rule. It first applies on the first of the month after the moment."""
    if amount <= 0:
        raise BadGrantError("Enter at least 1 credit.")
    rule = RefillRule.objects.select_for_update().filter(team=team).first()
    before = _values(rule) if rule else None
    if rule is None or (is_on and not rule.is_on):
        rule = rule or RefillRule(team=team)
        rule.next_at = _first_after(moment, team)
    rule.amount, rule.mode, rule.does_expire, rule.is_on = amount, mode, does_expire, is_on
    rule.save()
    record_audit(EventKind.CREDITS_REFILL_SET, team_id=team.pk, actor_id=actor.pk, before=before, after=_values(rule))
    return rule


def refill_wallets(moment: datetime) -> int:
    """Carry out every rule that is due by the moment, once even with concurrent calls. Return how many were due."""
    due = RefillRule.objects.filter(is_on=True, next_at__lte=moment, team__ends_at=None)
    return sum(_refill(pk, moment) for pk in due.order_by("team_id").values_list("pk", flat=True))


@transaction.atomic
def _refill(rule_id: int, moment: datetime) -> bool:
    """Refill once. The next call makes up for a missed month, unless its credits would have expired by then."""
    due = RefillRule.objects.select_for_update(of=("self",), skip_locked=True).select_related("team")
    rule = due.filter(pk=rule_id, is_on=True, next_at__lte=moment).first()
    if rule is None:
        return False
    wallet = lock_wallet(rule.team)
    expire_free_credits(wallet, moment)
    began, rule.next_at = rule.next_at, _first_after(rule.next_at + _HALF_A_MONTH, rule.team)
    amount = rule.amount if rule.mode == RefillMode.ADD else rule.amount - wallet.posted
    if amount > 0 and not (rule.does_expire and rule.next_at <= moment):
        expires_at = rule.next_at if rule.does_expire else None
        change_wallet(
            wallet, EntryKind.GRANT, amount, reason=f"Monthly credits for {began:%B %Y}", expires_at=expires_at
        )
    rule.save(update_fields=["next_at"])
    return True


def _first_after(moment: datetime, team: Team) -> datetime:
    return cast(datetime, span_of(Period.MONTH, moment, team.time_zone).end)


def _values(rule: RefillRule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in ("amount", "mode", "does_expire", "is_on")}
