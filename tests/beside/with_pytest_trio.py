"""pytest-trio: coroutines run under trio."""

import pytest
from stories import Coroutines

pytestmark = pytest.mark.trio


class TestCoroutines(Coroutines):
    """All of it."""
