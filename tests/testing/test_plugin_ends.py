"""How a test with the plugin ends: one report, that explains; and what a user asks of it besides."""

import shlex
import textwrap
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

QUIET = tuple(f"-pno:{name}" for name in ("randomly", "cacheprovider", "xdist", "asyncio", "anyio", "schemathesis", "timeout"))
CREATE = """
import requests

def create(runflow, **body):
    url = f"{runflow.base_url}/v1/models/runflow/background-removal/runs"
    body = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}, **body}
    response = requests.post(url, json=body, headers=runflow.headers, timeout=20)
    response.raise_for_status()
    return response.json()
"""
UNUSED = 'runflow.faults.add(what="fail", where={"client_ref": "never"})'


@pytest.fixture(autouse=True)
def _address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFLOW_MOCK_URL", url)


def run(pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(client=CREATE, test_suite=textwrap.dedent(tests))
    return pytester.runpytest_inprocess(*QUIET, *options)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("mark", "end", "outcome"),
    [
        ("", "assert False", {"failed": 1}),
        ("", "pytest.skip('not today')", {"skipped": 1}),
        ("@pytest.mark.xfail", "assert False", {"xfailed": 1}),
        ("@pytest.mark.xfail", "", {"xfailed": 1}),
        ("@pytest.mark.xfail(strict=True)", "", {"xfailed": 1}),
        ("", "", {"passed": 1, "errors": 1}),
    ],
)
def test_only_a_test_that_passed_is_failed_by_its_end(pytester: pytest.Pytester, mark: str, end: str, outcome: dict[str, int]) -> None:
    result = run(pytester, f"import pytest\n\n{mark}\ndef test_it(runflow):\n    {UNUSED}\n    {end}\n")
    result.assert_outcomes(**outcome)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("base", ["unittest.TestCase", "unittest.IsolatedAsyncioTestCase"])
@pytest.mark.parametrize(
    ("at_class", "at_method", "body", "outcome"),
    [
        ("", "@unittest.expectedFailure", UNUSED, {"xfailed": 1}),
        ("@unittest.expectedFailure", "", UNUSED, {"xfailed": 1}),
        ("", "@unittest.expectedFailure", "assert False", {"xfailed": 1}),
        ("", "@unittest.expectedFailure", "pass", {"failed": 1}),
        ("", "", UNUSED, {"passed": 1, "errors": 1}),
    ],
)
def test_failure_that_unittest_expects_may_be_that_of_the_end(
    pytester: pytest.Pytester, base: str, at_class: str, at_method: str, body: str, outcome: dict[str, int]
) -> None:
    kind = "async def" if "Asyncio" in base else "def"
    tests = f"""
        import pytest, unittest

        {at_class}
        class TestShop({base}):
            @pytest.fixture(autouse=True)
            def _give(self, runflow):
                self.runflow = runflow

            {at_method}
            {kind} test_it(self):
                runflow = self.runflow
                {body}
    """
    run(pytester, tests).assert_outcomes(**outcome)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("mark", ["@pytest.mark.xfail(False, reason='here it works')", "@pytest.mark.xfail(raises=ValueError)"])
def test_end_that_fails_against_expectation_is_told_once(pytester: pytest.Pytester, mark: str) -> None:
    result = run(pytester, f"import pytest\n\n{mark}\ndef test_it(runflow):\n    {UNUSED}\n")
    result.assert_outcomes(failed=1)
    assert str(result.stdout).count("runflow-mock replay ") == 1


@pytest.mark.slow(is_covering=True)
def test_each_test_leaves_a_file_of_its_own(pytester: pytest.Pytester) -> None:
    parameters = ["..", " ", "'", "a-b", "a_b", "A_b", "x" * 200 + "y", "z" + "x" * 200 + "y", "ü", "$(true)"]
    result = run(
        pytester, f"import pytest\n\n@pytest.mark.parametrize('odd', {parameters!r})\ndef test_it(runflow, odd):\n    assert False\n"
    )
    told = [shlex.split(line)[-1] for line in result.outlines if line.startswith("runflow-mock replay ")]
    assert len({name.lower() for name in told}) == len(parameters)
    assert all((pytester.path / name).exists() for name in told)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("fixture", ["runflow", "runflow_in_process"])
def test_client_with_the_key_of_another_test_or_of_nobody_is_refused(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, fixture: str
) -> None:
    """Such a key would make a tenant of its own, whose client nobody judges: the test would be green whatever the client does."""
    monkeypatch.delenv("RUNFLOW_MOCK_URL")
    tests = """
        import httpx

        kept = [{"Authorization": "Bearer rf_live_mock_invented"}]

        def test_first(FIXTURE):
            kept.append(FIXTURE.headers)

        def test_second(FIXTURE):
            with httpx.Client(transport=FIXTURE.transport, base_url=FIXTURE.base_url) as client:
                told = [client.get("/v1/billing/balance", headers=headers) for headers in (*kept, FIXTURE.headers)]
            assert [(one.status_code, "runflow.api_key" in one.text) for one in told] == [(401, True), (401, True), (200, False)]
        """
    run(pytester, tests.replace("FIXTURE", fixture)).assert_outcomes(passed=2)


@pytest.mark.slow(is_covering=True)
def test_failure_is_shown_where_nothing_can_be_saved(pytester: pytest.Pytester) -> None:
    Path(pytester.path / ".runflow-mock").write_text("no folder", encoding="utf-8")
    result = run(pytester, "def test_it(runflow):\n    assert 1 == 2\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*", "nothing to replay: *"])


@pytest.mark.slow(is_covering=True)
def test_failure_is_shown_where_the_tenant_is_gone(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(runflow):\n    runflow.control.delete_tenant(runflow.tenant)\n    assert 1 == 2\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*"])


@pytest.mark.slow(is_covering=True)
def test_folder_of_artifacts_ignores_itself(pytester: pytest.Pytester) -> None:
    run(pytester, "def test_it(runflow):\n    assert False\n")
    assert "*" in (pytester.path / ".runflow-mock" / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.slow(is_covering=True)
def test_exception_of_the_application_fails_the_test_with_its_own_traceback(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import httpx
        import pytest

        async def shop(scope, receive, send):
            if scope["type"] == "http":
                raise KeyError("order 17")

        def story(runflow):
            runflow.deliver_to(shop)
            with httpx.Client(transport=runflow.transport, base_url=runflow.base_url, headers=runflow.headers) as client:
                body = {"input": {"image_url": "https://a.example/b.png"}, "callback_url": "http://localhost/hooks"}
                client.post("/v1/models/runflow/background-removal/runs", json=body)
            runflow.clock.run_until_idle()

        def test_told(runflow_in_process):
            story(runflow_in_process)

        @pytest.mark.runflow(allow_exceptions=KeyError, allow_unused=True)
        def test_allowed(runflow_in_process):
            story(runflow_in_process)
        """,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(['*raise KeyError("order 17")*', "*KeyError: 'order 17'*"])


@pytest.mark.slow(is_covering=True)
def test_ids_differ_between_tests_and_stay_with_each_node_id(pytester: pytest.Pytester) -> None:
    suite = """
        import pathlib
        import pytest
        from client import create

        @pytest.mark.parametrize("number", range(3))
        def test_it(runflow, number):
            with pathlib.Path("ids").open("a") as file:
                file.write(create(runflow)["id"] + "\\n")
    """
    run(pytester, suite).assert_outcomes(passed=3)
    first = (pytester.path / "ids").read_text(encoding="utf-8").split()
    (pytester.path / "ids").unlink()
    run(pytester, suite).assert_outcomes(passed=3)
    assert (pytester.path / "ids").read_text(encoding="utf-8").split() == first
    assert len(set(first)) == 3


@pytest.mark.slow(is_covering=True)
def test_wait_for_what_cannot_come_ends_at_once_and_says_why(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest
        from client import create

        def test_nothing(runflow, runflow_receiver):
            runflow_receiver.wait(1, seconds=1_000)

        def test_forgotten(runflow, runflow_receiver):
            create(runflow)
            runflow_receiver.wait(1, seconds=1_000)
        """,
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*0 of 1 callbacks arrived, and no more can come: *none of * has a callback_url; send callback_url*"])


@pytest.mark.slow(is_covering=True)
def test_callback_secret_is_there_for_who_reads_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import create

        def test_signed(runflow, runflow_receiver):
            secret = runflow.callback_secret
            create(runflow, callback_url=runflow_receiver.url)
            runflow_receiver.wait(1)[0].verify(secret)

        def test_unsigned(runflow, runflow_receiver):
            create(runflow, callback_url=runflow_receiver.url)
            runflow_receiver.wait(1)[0].verify("rf_whsec_12345678")
        """,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*SignatureMissing: *callback_secret*"])


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ("balnce='1'", "*no 'balnce'; did you mean balance? It takes *allow_unused*"),
        ("models=[]", "*no 'models'; it is a part of a scenario: scenario={'models': ...}. It takes *allow_unused*"),
        ("output_lifetime=float('nan')", "*output_lifetime cannot be nan: nan is no number that JSON has*"),
        ("clock='sometimes'", "*clock 'sometimes' does not exist*"),
        ("balance=object()", "*balance cannot be <object object*"),
        ("callback_secret=b'rf_whsec_of_the_test'", "*callback_secret cannot be b'rf_whsec_of_the_test'*decode it*"),
        ("allow_unused='yes'", "*allow_unused is True or False, not 'yes'*"),
        ("allow_violations=7", "*allow_violations is True, or ids of operations such as*not 7*"),
        ("allow_violations={'create_run': False}", "*allow_violations is True, or ids of operations such as*not {'create_run': False}*"),
        ("allow_violations='crate_run'", "*allow_violations: 'crate_run' is no operation of the contract; did you mean create_run?*"),
        ("allow_violations=['create_run', 'opertaion']", "*allow_violations: 'opertaion' is no operation of the contract*get_run*"),
        ("allow_exceptions='KeyError'", "*allow_exceptions is True, or kinds of exceptions such as KeyError, not 'KeyError'*"),
    ],
)
def test_marker_that_cannot_be_meant_is_told_in_words(pytester: pytest.Pytester, marker: str, told: str) -> None:
    result = run(pytester, f"import pytest\n\n@pytest.mark.runflow({marker})\ndef test_it(runflow):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("allowed", "outcome"),
    [("'create_run'", {}), ("['create_run']", {}), ("'get_run'", {"errors": 1}), ("True", {}), ("False", {"errors": 1})],
)
def test_violations_of_one_operation_may_be_allowed_by_its_name(pytester: pytest.Pytester, allowed: str, outcome: dict[str, int]) -> None:
    suite = f"""
        import pytest
        import urllib3

        @pytest.mark.runflow(allow_violations={allowed})
        def test_it(runflow):
            url = runflow.base_url + "/v1/models/runflow/background-removal/runs"
            urllib3.request("POST", url, headers=runflow.headers, json={{"client_ref": 7}})
        """
    run(pytester, suite).assert_outcomes(passed=1, **outcome)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("balance", "kept"), [("1", "1.000000"), ("2.5", "2.500000"), ("Decimal('0.1')", "0.100000"), ("'3'", "3.000000")])
def test_balance_may_be_a_number(pytester: pytest.Pytester, balance: str, kept: str) -> None:
    run(
        pytester,
        f"""
        import pytest
        from decimal import Decimal

        @pytest.mark.runflow(balance={balance})
        def test_it(runflow):
            assert runflow.ledger.balance == "{kept}"
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
def test_tenant_for_a_wider_scope_is_opened_by_a_factory(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest
        from client import create

        @pytest.fixture(scope="module")
        def shop(runflow_tenants):
            with runflow_tenants(balance=5) as runflow, runflow.receiver() as receiver:
                yield runflow, receiver

        def test_first(shop):
            runflow, receiver = shop
            create(runflow, callback_url=receiver.url)
            assert len(receiver.wait(1)) == 1

        def test_second(shop):
            assert len(shop[0].runs) == 1
        """,
    ).assert_outcomes(passed=2)


@pytest.mark.slow(is_covering=True)
def test_timeline_of_a_failure_is_as_rich_as_the_demos(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import create

        def test_it(runflow, runflow_receiver):
            runflow.faults.add(what={"kind": "fail", "failure_code": "TIMEOUT"}, label="provider is slow")
            runflow_receiver.reply_with(500)
            create(runflow, callback_url=runflow_receiver.url)
            runflow_receiver.wait(2)
            assert False
        """,
    )
    result.stdout.fnmatch_lines(
        [
            "*run *model=runflow/background-removal*queued",
            "*fault *what=fail*label=provider is slow*",
            "*failure_code=TIMEOUT*running -> failed",
            "*delivery *response=500*",
        ]
    )


@pytest.mark.slow(is_covering=True)
def test_environment_lets_loopback_pass_every_proxy(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "corp.example")
    run(
        pytester,
        """
        import os

        def test_set(runflow_env):
            assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == runflow_env["NO_PROXY"]
            assert {"corp.example", "127.0.0.1", "localhost"} <= set(os.environ["NO_PROXY"].split(","))

        def test_put_back():
            assert os.environ["NO_PROXY"] == "corp.example"
        """,
    ).assert_outcomes(passed=2)


@pytest.mark.slow(is_covering=True)
def test_other_patches_may_end_before_or_after(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import socket
        import httpx

        def test_1(monkeypatch, runflow_hosts):
            monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda *given: None)
            monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **options: [])

        def test_2(runflow):
            assert httpx.get(runflow.base_url + "/v1/auth/me", headers=runflow.headers).status_code == 200
            try:
                # The system refuses a name at once, in place of asking the network for it.
                socket.getaddrinfo("api.runflow.io", 443, flags=socket.AI_NUMERICHOST)
            except OSError:
                return
            raise AssertionError("the name still leads to the fake")
        """,
    ).assert_outcomes(passed=2)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("options", [(), ("--runflow-artifacts", "what is left")])
def test_command_that_replays_works_where_the_tests_were_started(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    pytester.makeini("[pytest]")
    below = pytester.mkdir("below")
    below.joinpath("test_below.py").write_text("def test_fails(runflow):\n    assert 1 == 2\n", encoding="utf-8")
    monkeypatch.chdir(below)
    result = pytester.runpytest_inprocess(*QUIET, *options)
    command = next(line for line in result.outlines if line.startswith("runflow-mock replay "))
    _, verb, saved = shlex.split(command)
    assert (verb, below.joinpath(saved).is_file()) == ("replay", True)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("end", ["with subtests.test(number=1):\n        assert 1 == 2", "with subtests.test(number=1):\n        pass"])
def test_test_of_which_a_part_has_failed_is_failed_once(pytester: pytest.Pytester, end: str) -> None:
    tests = f"def test_parts(runflow, subtests):\n    {UNUSED}\n    {end}\n"
    result = run(pytester, tests)
    assert result.parseoutcomes().get("errors", 0) == int("pass" in end)
