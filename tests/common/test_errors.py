"""Every error of the product names its status and its code."""

from collections.abc import Iterator

import pytest

from generations.api.management.problems import KINDS
from generations.common.errors import DailiesError
from project import urls  # noqa: F401 - imports every room that defines an error


def all_errors(base: type[DailiesError] = DailiesError) -> Iterator[type[DailiesError]]:
    for error in base.__subclasses__():
        yield error
        yield from all_errors(error)


@pytest.mark.parametrize("error", sorted(all_errors(), key=lambda error: f"{error.__module__}.{error.__name__}"))
def test_each_error_has_a_published_status_and_code(error: type[DailiesError]) -> None:
    assert (error.status, error.code) in {(kind.status, kind.code) for kind in KINDS}


@pytest.mark.parametrize("error", [error for error in all_errors() if DailiesError in error.__bases__])
def test_each_error_sets_its_own(error: type[DailiesError]) -> None:
    assert {"status", "code"} <= vars(error).keys() or error.__subclasses__()
