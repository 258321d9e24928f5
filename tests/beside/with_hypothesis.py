"""hypothesis: the examples of a test share its tenant, or each opens one of its own."""

from pathlib import Path

import stories
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stories import BODY, PATH, by_hand

pytest_plugins = ["pytester"]
FAILING = """
from hypothesis import HealthCheck, given, settings, strategies as st
from stories import BODY, PATH, by_hand

@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100))
def test_shrinks(runflow, number):
    by_hand(runflow.base_url + PATH, runflow.headers, {**BODY, "metadata": {"number": number}})
    assert number < 3
"""


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="abc", max_size=20))
def test_shared_tenant(runflow, text):
    run = by_hand(runflow.base_url + PATH, runflow.headers, {**BODY, "metadata": {"text": text}})
    assert runflow.runs[len(runflow.runs) - 1]["id"] == run["id"]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 3))
def test_tenant_of_each_example(runflow_tenants, number):
    with runflow_tenants() as runflow:
        for _ in range(number):
            by_hand(runflow.base_url + PATH, runflow.headers, BODY)
        assert len(runflow.runs) == number


def test_failure_is_shrunk_and_told_once(pytester):
    pytester.makepyfile(stories=Path(stories.__file__).read_text(), test_suite=FAILING)
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines(["*number=3*", "*-- runflow journal --*", "runflow-mock replay *"])
