"""Three workers behind a balancer that is there: whoever asks is answered rightly or told to ask again, whatever becomes of a worker."""

import signal
from pathlib import Path

import pytest
import urllib3
from balancers import CREATE, Client, Story, cluster

from runflow_mock.testing import CallbackReceiver

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_haproxy_leads_to_the_next_worker_when_one_is_killed_or_stopped(tmp_path: Path) -> None:
    with CallbackReceiver() as receiver, cluster("haproxy", tmp_path) as found:
        story = Story(found, receiver)
        assert [story.round(how).wrong for how in (signal.SIGKILL, signal.SIGTERM)] == [[], []]


def test_nginx_spreads_tenants_and_leads_to_the_next_worker_when_one_is_killed(tmp_path: Path) -> None:
    with CallbackReceiver() as receiver, cluster("nginx", tmp_path) as found:
        _each_tenant_is_at_one_worker_by_key_and_by_path(found.url, [each.url for each in found.workers.running])
        assert Story(found, receiver).round().wrong == []


def _each_tenant_is_at_one_worker_by_key_and_by_path(url: str, workers: list[str]) -> None:
    for number in range(12):
        client = Client(url, f"of_{number}")
        run = client.ask("POST", CREATE, {"input": {"image_url": "https://cdn.example.com/a.png"}})
        assert client.ask("GET", f"/_mock/tenants/of_{number}")["tenant"] == f"of_{number}"
        client.ask("POST", "/_mock/wait", {"for": {"run": run["id"]}, "timeout": 20})
        address = client.ask("GET", f"/v1/runs/{run['id']}")["output"]["image_urls"][0]
        assert client.status("GET", address.removeprefix(url)) == 200
        assert client.wrong == []
    with urllib3.PoolManager() as pool:
        held = [pool.request("GET", f"{each}/_mock/health?local=true").json()["tenants"] for each in workers]
    assert sum(held) == 12
    assert all(held)
