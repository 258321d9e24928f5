"""anyio: coroutines run under asyncio and under trio."""

import pytest
from stories import BODY, PATH, Coroutines, client_of

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", ("asyncio", {"use_uvloop": True}), "trio"])
def anyio_backend(request):
    return request.param


@pytest.fixture
async def client(runflow_in_process_async):
    async with client_of(runflow_in_process_async) as opened:
        yield opened


async def test_client_of_a_fixture(client):
    assert (await client.post(PATH, json=BODY)).status_code == 201


class TestCoroutines(Coroutines):
    """The rest."""
