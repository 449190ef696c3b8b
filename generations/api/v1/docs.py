"""The documentation for people, made from the same document that machines read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from generations.contract.errors import ERROR_TABLE
from generations.events.kinds import PUBLIC_KINDS

from . import reference
from .problems import KINDS

# By the name of the file under templates/docs/examples/.
EXAMPLES = {"take.sh": "curl", "take.py": "Python", "take.js": "JavaScript"}
FIRST, STREAM = "first.sh", "stream.sh"


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Open to everybody, signed in or not: it is about the API, not about a team."""
    base_url = f"{request.scheme}://{request.get_host()}"
    context = {
        "base_url": base_url,
        "first": example(FIRST, base_url),
        "stream": example(STREAM, base_url),
        "examples": [(words, example(name, base_url)) for name, words in EXAMPLES.items()],
        "problems": KINDS,
        "events": PUBLIC_KINDS.values(),
        "contract_errors": ERROR_TABLE,
        "tags": reference.tags(),
        "bodies": reference.bodies(),
    }
    return render(request, "docs/reference.html", context)


def example(name: str, base_url: str) -> str:
    """An example as it is printed, and as it runs."""
    return render_to_string(f"docs/examples/{name}", {"base_url": base_url})
