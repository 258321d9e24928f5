"""pytest-cov: what runs in threads of the fake is measured as what runs in the test."""

from stories import tell, tell_in_process

pytest_plugins = ["pytester"]
SHOP = """
async def shop(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
"""
SUITE = """
import json
from shop import shop

def test_shop(runflow_in_process):
    runflow_in_process.deliver_to(shop, "https://shop.example/")
    body = {"input": {"image_url": "https://cdn.example.com/a.png"}, "callback_url": "https://shop.example/hooks"}
    headers = {**runflow_in_process.headers, "Content-Type": "application/json"}
    path = "/v1/models/runflow/background-removal/runs"
    assert runflow_in_process.app.exchange("POST", path, headers, json.dumps(body).encode())[0] == 201
    runflow_in_process.clock.run_until_idle()
"""


def test_over_loopback(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


def test_in_process(runflow_in_process):
    tell_in_process(runflow_in_process)


def test_handler_is_measured(pytester):
    pytester.makepyfile(shop=SHOP, test_suite=SUITE)
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "--cov=shop")
    result.stdout.fnmatch_lines(["shop.py*100%", "*1 passed*"])
