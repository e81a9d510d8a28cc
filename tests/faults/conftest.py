"""What every fault test ends with."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command


@pytest.fixture(autouse=True)
def _invariants_hold_afterwards(transactional_db) -> Iterator[None]:
    """Prove every invariant from what the fault has left behind."""
    yield
    try:
        call_command("check_invariants")
    except SystemExit:  # would end pytest before the tables are emptied
        pytest.fail("an invariant is broken: the output says which", pytrace=False)
