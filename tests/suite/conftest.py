from collections.abc import Iterator

import pytest

from runflow_mock.testing.in_process import InProcess


@pytest.fixture(scope="module")
def app() -> Iterator[InProcess]:
    """A fake in this process that takes addresses of callbacks as a server does, shared by the tests of a module."""
    app = InProcess(callbacks_open=False)
    yield app
    app.stop()
