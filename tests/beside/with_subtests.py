"""pytest-subtests, or the subtests of pytest itself: they share a tenant, and a test of which one has failed is failed once."""

import unittest

import pytest
from stories import tell

pytest_plugins = ["pytester"]
FAILING = """
def test_parts(runflow, subtests):
    runflow.faults.add(what="fail", where={"client_ref": "never"})
    with subtests.test(number=1):
        assert 1 == 2
"""


def test_parts(runflow, runflow_receiver, subtests):
    with subtests.test(number=1):
        tell(runflow, runflow_receiver)
    with subtests.test(number=2):
        assert len(runflow.runs) == 1


def test_failure_is_one(pytester):
    pytester.makepyfile(FAILING)
    assert pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").parseoutcomes().get("errors", 0) == 0


class TestParts(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _give(self, runflow, runflow_receiver):
        self.runflow, self.receiver = runflow, runflow_receiver

    def test_parts(self):
        with self.subTest(number=1):
            tell(self.runflow, self.receiver)
        with self.subTest(number=2):
            assert len(self.runflow.runs) == 1
