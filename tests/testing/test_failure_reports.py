"""What a failing test prints teaches somebody who has never seen the fake: what went wrong, and what to do."""

import textwrap

import pytest

from runflow_mock.testing.records import Exchange, Message, Step, Violation
from runflow_mock.testing.telling import tell_journal, tell_timeline, tell_verdicts

pytest_plugins = ["pytester"]

QUIET = tuple(f"-pno:{name}" for name in ("randomly", "cacheprovider", "xdist", "asyncio", "anyio", "schemathesis", "timeout"))
CLIENT = """
import os
import requests

PATH = "/v1/models/runflow/background-removal/runs"
BODY = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}}

def create(runflow, headers=None, **body):
    url = os.environ.get("RUNFLOW_BASE_URL", runflow.base_url) + PATH
    response = requests.post(url, json={**BODY, **body}, headers=headers or runflow.headers, timeout=20)
    response.raise_for_status()
    return response.json()

def get(runflow, run):
    return requests.get(f"{runflow.base_url}/v1/runs/{run['id']}", headers=runflow.headers, timeout=20).json()
"""


def printed(pytester: pytest.Pytester, test: str) -> pytest.LineMatcher:
    """What a failing suite of one file prints."""
    pytester.makepyfile(client=CLIENT, test_suite=textwrap.dedent(test))
    result = pytester.runpytest_inprocess(*QUIET)
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) > 0
    return result.stdout


def refused(status: int, body: object, *violations: Violation) -> Exchange:
    request = Message(method="GET", target="/v1/runs/1")
    return Exchange("1", "2026-01-01T00:00:00.000Z", request, Message(status=status, body=body), violations=violations)


def test_line_of_a_refusal_has_code_and_message() -> None:
    body = {"code": "NOT_FOUND", "message": "There is no run 1.", "errors": None}
    assert tell_journal([refused(404, body)]).splitlines()[1:] == ["    NOT_FOUND: There is no run 1."]


def test_line_of_a_refusal_names_the_fields_that_the_contract_does_not() -> None:
    fields = [{"loc": ["body", "count"], "msg": "at most 4", "type": "range"}]
    body = {"code": "VALIDATION_ERROR", "message": "Request validation failed", "errors": fields}
    missing = Violation(loc=["body", "input"], rule="missing", message="field required")
    assert tell_journal([refused(422, body)]).splitlines()[1:] == ["    VALIDATION_ERROR: Request validation failed: body.count: at most 4"]
    assert tell_journal([refused(422, body, missing)]).splitlines()[1:] == [
        "    VALIDATION_ERROR: Request validation failed",
        "    missing at body.input: field required",
    ]


@pytest.mark.parametrize("body", [None, "<html>", [], {}, {"detail": 1}, {"code": 1, "message": None}, {"errors": "none"}])
def test_answer_of_another_shape_has_no_line_of_its_own(body: object) -> None:
    assert len(tell_journal([refused(502, body)]).splitlines()) == 1


def test_what_an_answer_says_takes_one_line() -> None:
    body = {"code": "A\nB", "message": "x\r\n" + "y" * 5_000, "errors": [{"loc": "here", "msg": "\x1b[31m"}, 7]}
    (_, line) = tell_journal([refused(400, body)]).splitlines()
    assert "\x1b" not in line
    assert len(line) < 2_000


def test_answer_that_succeeds_says_nothing() -> None:
    assert len(tell_journal([refused(200, {"code": "X", "message": "y"})]).splitlines()) == 1


def test_exchange_without_an_answer_has_no_status() -> None:
    assert tell_journal([refused(0, None)]) == "00:00:00.000  ---  GET /v1/runs/1"


@pytest.mark.parametrize(("fired", "lines"), [(True, 1), (False, 0)])
def test_rule_that_was_met_and_did_not_act_is_no_fault_of_the_timeline(fired: bool, lines: int) -> None:
    step = Step(at="2026-01-01T00:00:00.000Z", kind="fault", id="1", details={"fired": fired, "what": "reset"})
    assert len(tell_timeline([step]).splitlines()) == lines


@pytest.mark.parametrize(
    ("broken", "evidence", "told"),
    [
        (0, [], ""),
        (1, ["sent twice"], "retry-idempotency-key: sent twice"),
        (3, ["sent\ntwice", "sent again"], "retry-idempotency-key: sent\\ntwice (3 times in all)"),
        (1, [], "retry-idempotency-key: Send a key."),
    ],
)
def test_verdict_against_a_client_is_told_with_its_first_evidence(broken: int, evidence: list[str], told: str) -> None:
    verdict = {"rule": "retry-idempotency-key", "verdict": "broken" if broken else "held", "broken": broken, "asks": "Send a key."}
    assert tell_verdicts([{**verdict, "evidence": [{"message": message} for message in evidence]}]) == told


@pytest.mark.slow(is_covering=True)
def test_second_creation_after_a_lost_answer_is_told(pytester: pytest.Pytester) -> None:
    test = """
    import pytest
    import requests
    from client import create

    def test(runflow):
        runflow.faults.add(what="reset", where="after_create_before_response", when={"times": 1})
        with pytest.raises(requests.ConnectionError):
            create(runflow)
        create(runflow)
        assert len(runflow.runs) == 1
    """
    shown = printed(pytester, test)
    shown.fnmatch_lines(
        ["*  ---  POST *[[]fault reset]", "*-- runflow verdicts --*", "retry-idempotency-key: *was tried again without an *"]
    )
    assert [line for line in shown.lines if "  fault  " in line and "what=reset" in line][1:] == []


@pytest.mark.slow(is_covering=True)
def test_rule_whose_place_was_not_reached_names_what_is_on_its_way(pytester: pytest.Pytester) -> None:
    test = """
    import pytest
    from client import create

    @pytest.mark.runflow(clock="manual")
    def test(runflow):
        runflow.faults.add(what="fail", where={"edge": "run.running->succeeded"})
        create(runflow)
    """
    printed(pytester, test).fnmatch_lines(["*never fired: its place was met 0 times; * fits, and has not come to that place so far"])


def test_empty_journal_says_so() -> None:
    assert tell_journal([]) == "(no request has come with a key of this tenant)"


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("balance", "told"), [("0.30", "402  POST */runs"), ("5", "404  GET /v1/runs/019b76da*")])
def test_refusal_is_told_in_the_words_of_the_api(pytester: pytest.Pytester, balance: str, told: str) -> None:
    test = f"""
        import pytest
        from client import create, get

        @pytest.mark.runflow(balance="{balance}")
        def test_it(runflow):
            create(runflow)
            get(runflow, {{"id": "019b76da-a800-7000-8002-e1c4d4ca0a8b"}})
            create(runflow)
            assert False
        """
    printed(pytester, test).fnmatch_lines([f"*{told}", "    [A-Z]*_*: *"])


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("headers", ["{'Authorization': 'Bearer rf_live_mine'}", "{'X-Other': '1'}"])
@pytest.mark.parametrize("fixture", ["runflow", "runflow_hosts"])
def test_client_with_another_key_is_seen(pytester: pytest.Pytester, headers: str, fixture: str) -> None:
    test = f"""
        from client import create

        def test_it({fixture}):
            create({fixture}, headers={headers})
        """
    shown = printed(pytester, test)
    shown.no_fnmatch_line("*none has come here*")
    shown.fnmatch_lines(
        [
            "(no request has come with a key of this tenant)",
            "*-- runflow hints --*",
            "no request has come with a key of this tenant, but 1 without a key that this server knows, the latest to create_run: *",
            "if that was the client of this test, give it runflow.api_key; the fixture runflow_env puts it into the environment",
        ]
    )


@pytest.mark.slow(is_covering=True)
def test_client_that_was_never_aimed_here_is_told_how_to(pytester: pytest.Pytester) -> None:
    shown = printed(pytester, "import os\n\ndef test_it(runflow):\n    os.environ['RUNFLOW_BASE_URL_OF_NOBODY']\n")
    shown.fnmatch_lines(["*-- runflow hints --*", "*runflow.base_url and runflow.api_key*runflow_env*runflow_hosts*"])
    shown.no_fnmatch_line("*but * without a key*")


@pytest.mark.slow(is_covering=True)
def test_client_in_process_is_told_of_the_transport(pytester: pytest.Pytester) -> None:
    test = "def test_it(runflow_in_process):\n    assert False\n"
    printed(pytester, test).fnmatch_lines(["*-- runflow hints --*", "*runflow_in_process.transport*proxy=*mounts={'all://': *.transport}*"])


@pytest.mark.slow(is_covering=True)
def test_client_that_came_is_told_nothing_of_the_way(pytester: pytest.Pytester) -> None:
    test = """
        import pytest
        from client import create

        def test_it(runflow):
            with pytest.raises(Exception):
                create(runflow, headers={"Authorization": "Bearer rf_live_mine"})
            create(runflow)
            assert False
        """
    printed(pytester, test).no_fnmatch_line("*runflow hints*")


@pytest.mark.slow(is_covering=True)
def test_polls_of_a_standing_clock_are_explained(pytester: pytest.Pytester) -> None:
    test = """
        import pytest
        from client import create, get

        @pytest.mark.runflow(clock="manual")
        def test_it(runflow):
            run = create(runflow)
            assert any(get(runflow, run)["status_code"] == "succeeded" for _ in range(5))
        """
    printed(pytester, test).fnmatch_lines(
        [
            "*-- runflow hints --*",
            "/v1/runs/* was read 5 times while the clock stood: *runflow.clock.advance(*fixtures have the clock auto*",
        ]
    )


@pytest.mark.slow(is_covering=True)
def test_wait_for_more_callbacks_than_are_sent_says_which_came(pytester: pytest.Pytester) -> None:
    test = """
        from client import create

        def test_it(runflow, runflow_receiver):
            create(runflow, callback_url=runflow_receiver.url)
            create(runflow)
            runflow_receiver.wait(2, seconds=1_000)
        """
    told = (
        "*1 of 2 callbacks arrived, and no more can come: all that were due have been delivered: of run * (answered 200)."
        " A run or a batch is told once*reply_with(500)*1 record was created without callback_url: *"
    )
    printed(pytester, test).fnmatch_lines([told])


@pytest.mark.slow(is_covering=True)
def test_wait_under_a_standing_clock_names_the_verb_of_the_test(pytester: pytest.Pytester) -> None:
    test = """
        import pytest
        from client import create

        @pytest.mark.runflow(clock="manual")
        def test_it(runflow, runflow_receiver):
            create(runflow, callback_url=runflow_receiver.url)
            runflow_receiver.wait(seconds=1_000)
        """
    printed(pytester, test).fnmatch_lines(["*the clock stands at *runflow.clock.run_until_idle()*"])


ENDS = {
    "a time-out": "pytest.fail('Timeout (>1.0s) from pytest-timeout.')",
    "an exception": "raise TimeoutError",
    "an exit": "raise SystemExit(3)",
}
WAITS = """
import pytest
from client import create

{marker}
def test(runflow, runflow_receiver):
    create(runflow, callback_url=runflow_receiver.url)
    {end}
"""
STANDS = "run *: it has not ended: it is queued, and the clock stands at 2026-01-01T00:00:00.000Z; "


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize(
    ("marker", "way_out"),
    [
        ("", "poll the record, or wait at the receiver of the test kit; or move time: runflow.clock.run_until_idle()"),
        (
            "@pytest.mark.runflow(clock='manual')",
            "move time: runflow.clock.run_until_idle(), or let it pass: runflow.clock.resume()",
        ),
    ],
    ids=["auto", "manual"],
)
def test_callback_that_did_not_come_is_explained_whatever_ended_the_test(
    pytester: pytest.Pytester, end: str, marker: str, way_out: str
) -> None:
    lines = printed(pytester, WAITS.format(marker=marker, end=end))
    lines.fnmatch_lines(["*- runflow callbacks -*", STANDS + way_out])


@pytest.mark.slow(is_covering=True)
def test_failure_without_callbacks_has_nothing_to_say_of_them(pytester: pytest.Pytester) -> None:
    printed(pytester, "from client import create\n\ndef test(runflow):\n    create(runflow)\n    assert False").no_fnmatch_line(
        "*runflow callbacks*"
    )


@pytest.mark.slow(is_covering=True)
def test_many_missing_callbacks_are_told_in_a_few_lines(pytester: pytest.Pytester) -> None:
    test = """
    from client import create

    def test(runflow, runflow_receiver):
        for _ in range(8):
            create(runflow, callback_url=runflow_receiver.url)
        assert False
    """
    printed(pytester, test).fnmatch_lines(["*- runflow callbacks -*", *["run *: it has not ended: *"] * 5, "and 3 more"], consecutive=True)


@pytest.mark.slow
def test_interrupted_test_tells_what_has_not_come(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(client=CLIENT, test_suite=WAITS.format(marker="", end="raise KeyboardInterrupt"))
    result = pytester.runpytest_subprocess(*QUIET)
    result.stdout.fnmatch_lines(["*- runflow callbacks -*", STANDS + "poll the record*", "*- runflow timeline -*", "*KeyboardInterrupt*"])
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.slow
@pytest.mark.parametrize("how", ["-q", "-v", "--color=yes"])
def test_what_an_interrupted_test_tells_begins_on_a_line_of_its_own(pytester: pytest.Pytester, how: str) -> None:
    pytester.makepyfile("def test_before(): pass\ndef test(runflow): raise KeyboardInterrupt")
    result = pytester.runpytest_subprocess(*QUIET, how)
    result.stdout.re_match_lines([r"-+ runflow timeline -+$"])


@pytest.mark.slow
def test_interrupt_of_another_test_or_without_a_terminal_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test(): raise KeyboardInterrupt")
    result = pytester.runpytest_subprocess(*QUIET)
    result.stdout.no_fnmatch_line("*- runflow *")
    pytester.makepyfile("def test(runflow): raise KeyboardInterrupt")
    assert pytester.runpytest_subprocess(*QUIET, "-pno:terminal").ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.slow(is_covering=True)
def test_request_that_leads_nowhere_is_complained_of_once(pytester: pytest.Pytester) -> None:
    test = """
        import requests

        def test_it(runflow):
            requests.get(f"{runflow.base_url}/v1/v1/runs", headers=runflow.headers, timeout=20)
        """
    shown = printed(pytester, test)
    complaints = [line for line in shown.lines if line.startswith("request ")]
    assert len(complaints) == 1
    assert "None" not in complaints[0]
    shown.fnmatch_lines(["request GET /v1/v1/runs *leads to no operation of the API: *; the nearest is *"])


@pytest.mark.slow(is_covering=True)
def test_secret_that_does_not_fit_says_where_the_right_one_is(pytester: pytest.Pytester) -> None:
    test = """
        import pytest
        from client import create

        @pytest.mark.runflow(callback_secret="rf_whsec_a")
        def test_it(runflow, runflow_receiver):
            create(runflow, callback_url=runflow_receiver.url)
            runflow_receiver.wait()[0].verify("rf_whsec_b")
        """
    printed(pytester, test).fnmatch_lines(["*SignatureMismatch: the signature does not fit *runflow.callback_secret*"])


@pytest.mark.slow(is_covering=True)
def test_verified_count_is_told_without_the_words_of_http(pytester: pytest.Pytester) -> None:
    test = """
        from client import create

        def test_it(runflow):
            create(runflow)
            runflow.verify(operation="create_run", count=2)
        """
    printed(pytester, test).fnmatch_lines(["E * AssertionError: 1 exchange fitted, at least 2 must*"])


@pytest.mark.slow
def test_each_tenant_of_a_failing_test_has_a_replay_of_its_own(pytester: pytest.Pytester) -> None:
    printed(
        pytester,
        """
        import pytest
        from client import create

        def test_body(runflow, runflow_in_process):
            create(runflow)
            assert False

        def test_end(runflow, runflow_in_process):
            runflow.faults.add(what="fail")
            runflow_in_process.faults.add(what="fail")
        """,
    )
    left = sorted(path.name.partition("_own")[0] for path in (pytester.path / ".runflow-mock").glob("*.yaml"))
    assert left == ["test_suite_py_test_body", "test_suite_py_test_body.yaml", "test_suite_py_test_end", "test_suite_py_test_end.yaml"]


@pytest.mark.slow
def test_folder_without_a_name_is_the_usual_one(pytester: pytest.Pytester) -> None:
    """In the folder of the tests themselves nothing would keep version control from what failing tests leave behind."""
    pytester.makeini("[pytest]\nrunflow_artifacts =")
    told = printed(pytester, "def test_body(runflow): assert False")
    told.fnmatch_lines(["runflow-mock replay .runflow-mock/test_suite_py_test_body.yaml"])
