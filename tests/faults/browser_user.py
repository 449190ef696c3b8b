"""A user who works only with the pages, like in a browser."""

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

# The longest time that a user waits for a page.
PAGE_TIMEOUT = 30.0


class BrowserUser:
    """Use it as a context manager. It is signed in as the creator of the team."""

    def __init__(self, cluster: Cluster, studio: Studio) -> None:
        self._user: User = studio.member.user
        self._home = f"/t/{studio.team.slug}"
        self._image = str(studio.request.first_frame.pk)
        self._client = httpx.Client(base_url=cluster.web_url, timeout=PAGE_TIMEOUT, trust_env=False)

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
        response = self._client.post("/account/login/", data=form)
        assert response.status_code == 302, response.text

    def get(self, path: str) -> httpx.Response:
        """Get a page of the team. `path` follows `/t/<slug>`."""
        return self._client.get(f"{self._home}{path}", follow_redirects=True)

    def filled_form(self) -> dict[str, Any]:
        """The studio form with the image and a prompt. If it is sent twice, it is one job."""
        return _form(self.get("/studio/"), first_frame=self._image, prompt="The lantern sways.")

    def submit(self, form: dict[str, Any] | None = None) -> int:
        return self._client.post(f"{self._home}/studio/", data=form or self.filled_form()).status_code

    def cancel(self, generation_id: UUID) -> int:
        form = _form(self.get("/jobs/"))
        return self._client.post(f"{self._home}/jobs/{generation_id}/cancel", data=form).status_code


def _form(page: httpx.Response, **changes: Any) -> dict[str, Any]:
    assert page.status_code == 200, page.text
    return form_values(HttpResponse(page.content), **changes)
