"""Tell people of the credit desk: a notice on their pages and a letter."""

from collections.abc import Collection

from generations.accounts.models import Team, User
from generations.events.mail import queue_mail
from generations.events.notifications import notify


def tell(people: Collection[User], *, kind: str, text: str, path: str, team: Team, details: str = "") -> None:
    """`text` is one sentence, the notice and the letter's subject; `details` stand in the letter alone."""
    notify(user_ids=[person.pk for person in people], kind=kind, text=text, path=path, team_id=team.pk)
    body = f"{text}\n\n{details}".rstrip()
    queue_mail(addresses=[person.email for person in people], subject=text[:150], text=body, path=path)
