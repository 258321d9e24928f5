"""The plugin by a profile: tenants speak as it says, unless a test says otherwise."""

import textwrap

import pytest

from runflow_mock.wire.profiles import Profile, write_profile

pytest_plugins = ["pytester"]

# Plugins of the project's own tests have no business in these suites.
QUIET = tuple(f"-pno:{name}" for name in ("randomly", "cacheprovider", "xdist", "asyncio", "anyio", "schemathesis", "timeout"))
PROFILE = Profile(date="2026-05-01", dialect="docs", switches={"status_spelling": "us", "error_codes": "seed"})
TESTS = """
import pytest


def spoken(runflow):
    tenant = runflow.control.client.get(f"/_mock/tenants/{runflow.tenant}")
    return tenant["dialect"], tenant["switches"]


def test_by_the_profile(runflow):
    assert spoken(runflow) == ("docs", {"status_spelling": "us", "error_codes": "seed"})


def test_in_process_too(runflow_in_process):
    assert spoken(runflow_in_process) == ("docs", {"status_spelling": "us", "error_codes": "seed"})


@pytest.mark.runflow(switches={"status_spelling": "uk"})
def test_with_a_switch_of_its_own(runflow):
    assert spoken(runflow) == ("docs", {"status_spelling": "uk", "error_codes": "seed"})


@pytest.mark.runflow(dialect="seed")
def test_with_a_dialect_of_its_own(runflow):
    assert spoken(runflow) == ("seed", {})
"""


@pytest.fixture(autouse=True)
def _address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFLOW_MOCK_URL", url)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("way", ["ini", "option"])
def test_tenants_speak_by_the_profile(pytester: pytest.Pytester, way: str) -> None:
    pytester.makefile(".yaml", profile=write_profile(PROFILE, as_json=False).decode())
    if way == "ini":
        pytester.makeini("[pytest]\nrunflow_profile = profile.yaml\n")
    pytester.makepyfile(test_suite=textwrap.dedent(TESTS))
    pytester.runpytest_inprocess(*QUIET, *(("--runflow-profile=profile.yaml",) if way == "option" else ())).assert_outcomes(passed=4)


@pytest.mark.slow(is_covering=True)
def test_profile_that_cannot_be_used_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite=TESTS)
    result = pytester.runpytest_inprocess(*QUIET, "--runflow-profile=none.yaml", "-k", "by_the_profile")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*runflow_profile: profile *none.yaml cannot be read: No such file or directory*"])
