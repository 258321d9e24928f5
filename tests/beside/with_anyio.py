"""anyio: coroutines run under asyncio and under trio."""

import httpx
import pytest
from stories import BODY, PATH, Coroutines

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", ("asyncio", {"use_uvloop": True}), "trio"])
def anyio_backend(request):
    return request.param


@pytest.fixture
async def client(runflow_in_process_async):
    runflow = runflow_in_process_async
    async with httpx.AsyncClient(transport=runflow.transport, base_url=runflow.base_url, headers=runflow.headers) as opened:
        yield opened


async def test_client_of_a_fixture(client):
    assert (await client.post(PATH, json=BODY)).status_code == 201


class TestCoroutines(Coroutines):
    """The rest."""
