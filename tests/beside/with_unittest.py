"""unittest: plain cases, and cases of coroutines, whose application runs on their own event loop."""

import json
import unittest

import pytest
from stories import BODY, PATH, client_of, tell

pytest_plugins = ["pytester"]
FAILING = """
import unittest
import pytest

class TestUnused(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _give(self, runflow):
        self.runflow = runflow

    def test_end(self):
        self.runflow.faults.add(what="fail", where={"client_ref": "never"})

    @unittest.expectedFailure
    def test_expected_end(self):
        self.test_end()
"""


class TestPlain(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _give(self, runflow, runflow_receiver):
        self.runflow, self.receiver = runflow, runflow_receiver

    def test_story(self):
        tell(self.runflow, self.receiver)


class TestCoroutines(unittest.IsolatedAsyncioTestCase):
    @pytest.fixture(autouse=True)
    def _give(self, runflow_in_process_async):
        self.runflow = runflow_in_process_async

    async def asyncSetUp(self):
        self.arrived = []

        async def shop(scope, receive, send):
            if scope["type"] == "http":
                self.arrived.append(json.loads((await receive())["body"]))
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body", "body": b""})

        await self.runflow.deliver_to(shop, "https://shop.example/")

    async def test_story(self):
        async with client_of(self.runflow) as client:
            answer = await client.post(PATH, json={**BODY, "callback_url": "https://shop.example/hooks"})
        await self.runflow.clock.run_until_idle()
        self.assertEqual([body["run_id"] for body in self.arrived], [answer.json()["id"]])


def test_end_of_a_case_is_judged(pytester):
    pytester.makepyfile(FAILING)
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1, errors=1, xfailed=1)
