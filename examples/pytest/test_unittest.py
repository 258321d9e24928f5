"""The same server without pytest's fixtures."""

import unittest

import requests

from runflow_mock.runtime.config import Config
from runflow_mock.testing import open_tenant
from runflow_mock.testing.server import serve


class BalanceTest(unittest.TestCase):
    """Each test has a tenant of its own; the server is shared."""

    url: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.url = cls.enterClassContext(serve(Config(port=0))).url

    def setUp(self) -> None:
        self.runflow = self.enterContext(open_tenant(self.url, balance="3.00"))

    def test_balance(self) -> None:
        answer = requests.get(f"{self.url}/v1/billing/balance", headers=self.runflow.headers, timeout=5)
        self.assertEqual(answer.json()["balance"], "3.000000")
