"""Form of the admin pages that changes a balance."""

from typing import Any

from django import forms

from generations.accounts.models import User

from .grants import BadGrantError, correct_credits, grant_credits
from .models import EntryKind, LedgerEntry, Wallet

_MANUAL_KINDS = (EntryKind.GRANT, EntryKind.CORRECTION)


class ChangeBalanceForm(forms.Form):
    """Grant or correct credits. A form sent twice changes the balance once: it knows the newest entry shown."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in _MANUAL_KINDS])
    amount = forms.IntegerField(
        min_value=-1_000_000_000, max_value=1_000_000_000, help_text="Credits. Only a correction may be negative."
    )
    reason = forms.CharField(max_length=200, help_text="Shown in the team's transaction list.")
    newest = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, wallet: Wallet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wallet = wallet
        self.fields["newest"].initial = self._newest()

    def save(self, *, actor: User) -> LedgerEntry:
        """Call it in a transaction. Raises BadGrantError."""
        Wallet.objects.select_for_update().get(pk=self.wallet.pk)
        if self.cleaned_data["newest"] != self._newest():
            raise BadGrantError(
                "The balance has changed since you opened this page. Check the entries, then try again."
            )
        change = grant_credits if self.cleaned_data["kind"] == EntryKind.GRANT else correct_credits
        return change(
            team=self.wallet.team,
            amount=self.cleaned_data["amount"],
            reason=self.cleaned_data["reason"],
            actor=actor,
        )

    def _newest(self) -> int:
        by_hand = self.wallet.entries.filter(kind__in=_MANUAL_KINDS)
        return by_hand.order_by("-id").values_list("id", flat=True).first() or 0
