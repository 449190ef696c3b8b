"""A user with a browser, who only knows the pages."""

from typing import Any, Self
from uuid import UUID

import httpx
from allauth.account.models import EmailAddress
from django.http import HttpResponse

from generations.accounts.models import User
from tests.conftest import PASSWORD
from tests.web.pages import form_values

from .cluster import Cluster
from .studio import Studio

# A user does not wait longer than this for a page.
PATIENCE = 30.0


class Visitor:
    """Use it as a context manager. It is signed in as the creator of the team."""

    def __init__(self, cluster: Cluster, studio: Studio) -> None:
        self._user: User = studio.member.user
        self._home = f"/t/{studio.team.slug}"
        self._still = str(studio.wish.first_frame.pk)
        self._client = httpx.Client(base_url=cluster.web_url, timeout=PATIENCE, trust_env=False)

    def __enter__(self) -> Self:
        EmailAddress.objects.get_or_create(
            user=self._user, email=self._user.email, defaults={"verified": True, "primary": True}
        )
        self.sign_in()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def sign_in(self) -> None:
        self._client.cookies.clear()
        form = _form(self._client.get("/account/login/"), login=self._user.email, password=PASSWORD)
        answer = self._client.post("/account/login/", data=form)
        assert answer.status_code == 302, answer.text

    def get(self, path: str) -> httpx.Response:
        """Load a page of the team by the rest of its path."""
        return self._client.get(f"{self._home}{path}", follow_redirects=True)

    def filled_form(self) -> dict[str, Any]:
        """Send the studio's form with the image and a prompt. Sent twice, it is one job."""
        return _form(self.get("/studio/"), first_frame=self._still, prompt="The lantern sways.")

    def submit(self, form: dict[str, Any] | None = None) -> int:
        return self._client.post(f"{self._home}/studio/", data=form or self.filled_form()).status_code

    def cancel(self, generation_id: UUID) -> int:
        form = _form(self.get("/jobs/"))
        return self._client.post(f"{self._home}/jobs/{generation_id}/cancel", data=form).status_code


def _form(page: httpx.Response, **changes: Any) -> dict[str, Any]:
    assert page.status_code == 200, page.text
    return form_values(HttpResponse(page.content), **changes)
