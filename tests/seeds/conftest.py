from collections.abc import Iterator

import pytest
from doors import Door


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as opened:
        yield opened
