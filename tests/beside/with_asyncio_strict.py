"""pytest-asyncio, strict: coroutines and their fixtures are marked."""

import pytest
import pytest_asyncio
from stories import BODY, PATH, Coroutines, client_of

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def client(runflow_in_process_async):
    async with client_of(runflow_in_process_async) as opened:
        yield opened


async def test_client_of_a_fixture(client):
    assert (await client.post(PATH, json=BODY)).status_code == 201


class TestCoroutines(Coroutines):
    """The rest."""
