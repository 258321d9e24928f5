"""What the plugin promises, each seen from a test suite of its own."""

import json
import textwrap
from fnmatch import fnmatch

import pytest
from click.testing import CliRunner as Replay
from foreign import OWN

from runflow_mock.cli import group

pytest_plugins = ["pytester"]

# Plugins of the project's own tests have no business in these suites.
QUIET = tuple(f"-pno:{name}" for name in ("randomly", "cacheprovider", "xdist", "asyncio", "anyio", "schemathesis", "timeout"))

CLIENT = """
import requests

MODEL = "runflow/background-removal"


def create(runflow, **body):
    body = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}, **body}
    response = requests.post(f"{runflow.base_url}/v1/models/{MODEL}/runs", json=body, headers=runflow.headers, timeout=5)
    response.raise_for_status()
    return response.json()


def get(runflow, run):
    return requests.get(f"{runflow.base_url}/v1/runs/{run['id']}", headers=runflow.headers, timeout=5).json()


def wait(runflow, run):
    for _ in range(20):
        run = get(runflow, run)
        if run["completed_at"]:
            return run
    raise AssertionError(run)
"""


@pytest.fixture(autouse=True)
def _address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most suites need no server of their own."""
    monkeypatch.setenv("RUNFLOW_MOCK_URL", url)


def run(pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(client=CLIENT, test_suite=textwrap.dedent(tests))
    return pytester.runpytest_inprocess(*QUIET, *options)


def test_client_that_creates_and_polls_just_works(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNFLOW_MOCK_URL")
    run(
        pytester,
        """
        from client import create, wait

        def test_succeeds(runflow):
            done = wait(runflow, create(runflow))
            assert done["status_code"] == "succeeded"
            assert runflow.runs[0]["id"] == done["id"]
            assert runflow.ledger.balance == "9.730000"
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
def test_every_test_has_a_tenant_of_its_own(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest
        from client import create

        @pytest.mark.parametrize("number", range(3))
        def test_starts_empty(runflow, number):
            assert len(runflow.runs) == 0
            create(runflow)
            assert len(runflow.runs) == 1
        """,
    ).assert_outcomes(passed=3)


@pytest.mark.slow(is_covering=True)
def test_marker_makes_the_tenant(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest
        from client import create, get

        @pytest.mark.runflow(clock="manual", balance="1.00", dialect="docs", seed="7")
        def test_it(runflow):
            run = create(runflow)
            assert get(runflow, run)["status_code"] == get(runflow, run)["status_code"] == "queued"
            assert runflow.clock.run_until_idle()
            assert get(runflow, run)["status_code"] == "succeeded"
            assert runflow.ledger.balance == "0.730000"
            assert runflow.seed == "7"
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
def test_same_seed_gives_each_test_the_same_ids(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest
        from client import create
        seen = set()

        @pytest.mark.parametrize("number", range(3))
        def test_id(runflow, number):
            seen.add(create(runflow)["id"])
            assert len(seen) == 1

        def test_other_seed(request, runflow):
            assert create(runflow)["id"] in seen
        """,
        "--runflow-seed=42",
    ).assert_outcomes(passed=4)


@pytest.mark.slow(is_covering=True)
def test_faults_and_stubs_are_one_line(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        from client import MODEL, create, wait

        def test_fails(runflow):
            runflow.faults.add(what={"kind": "fail", "failure_code": "TIMEOUT"}, where={"model": MODEL}, label="provider is slow")
            assert wait(runflow, create(runflow))["failure_code"] == "TIMEOUT"

        def test_gives(runflow):
            runflow.stub(MODEL, input={"image_url": "https://cdn.example.com/shirt.jpg"}).returns({"text": "mine"}, cost="0.50")
            done = wait(runflow, create(runflow))
            assert (done["output"], done["cost"]) == ({"text": "mine"}, "0.500000")
        """,
    ).assert_outcomes(passed=2)


@pytest.mark.slow(is_covering=True)
def test_receiver_gets_the_callback_and_waiting_moves_time(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest
        from client import create
        from runflow_mock.testing.receiver import Reply

        SECRET = "rf_whsec_of_the_test"

        @pytest.mark.runflow(callback_secret=SECRET)
        def test_verified(runflow, runflow_receiver):
            runflow_receiver.reply_with(500, Reply(status=503))
            create(runflow, callback_url=runflow_receiver.url)
            received = runflow_receiver.wait(3)
            assert len({delivery.body for delivery in received}) == 1
            received[-1].verify(SECRET)
            assert [attempt.status_code for attempt in runflow.deliveries[0].attempts] == [500, 503, 200]
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
def test_environment_is_set_for_the_test_alone(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import os
        import subprocess
        import sys

        def test_set(runflow, runflow_env):
            assert os.environ["RUNFLOW_API_KEY"] == runflow_env["RUNFLOW_API_KEY"] == runflow.api_key
            assert os.environ["RUNFLOW_BASE_URL"] == os.environ["RUNFLOW_API_BASE"] == runflow.base_url

        def test_unset():
            assert "RUNFLOW_API_KEY" not in os.environ
        """,
    ).assert_outcomes(passed=2)


@pytest.mark.slow(is_covering=True)
def test_hard_coded_host_reaches_the_fake(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import asyncio
        import aiohttp
        import httpx
        import requests
        import urllib3

        URL = "https://api.runflow.io/v1/auth/me"

        def test_all(runflow_hosts):
            headers = runflow_hosts.headers
            assert requests.get(URL, headers=headers, timeout=5).status_code == 200
            assert httpx.get(URL, headers=headers).status_code == 200
            assert urllib3.request("GET", URL, headers=headers).status == 200
            async def get():
                async with aiohttp.ClientSession() as session, session.get(URL, headers=headers) as response:
                    assert response.status == 200
                async with httpx.AsyncClient() as client:
                    assert (await client.get(URL, headers=headers)).status_code == 200
            asyncio.run(get())
            assert len(runflow_hosts.journal) == 5
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
def test_app_without_a_socket_delivers_into_the_app_under_test(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import asyncio
        import httpx
        from client import MODEL

        received = []

        async def shop(scope, receive, send):
            received.append(await receive())
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        def old_shop(environ, start_response):
            received.append(environ["wsgi.input"].read())
            start_response("200 OK", [])
            return [b""]

        def _create(runflow, url):
            async def work():
                transport = httpx.ASGITransport(app=runflow.app)
                async with httpx.AsyncClient(transport=transport, base_url=runflow.base_url, headers=runflow.headers) as client:
                    body = {"input": {"image_url": "https://a.example/b.png"}, "callback_url": url}
                    return (await client.post(f"/v1/models/{MODEL}/runs", json=body)).raise_for_status().json()
            return asyncio.run(work())

        def test_asgi(runflow_in_process):
            runflow_in_process.deliver_to(shop, "https://shop.example/hooks")
            _create(runflow_in_process, "https://shop.example/hooks/runflow")
            assert runflow_in_process.clock.run_until_idle()[-1].target == "succeeded"
            assert len(received) == 1

        def test_wsgi(runflow_in_process):
            runflow_in_process.deliver_to(old_shop, "http://localhost")
            _create(runflow_in_process, "http://localhost/hooks")
            runflow_in_process.clock.run_until_idle()
            assert len(received) == 2
        """,
    ).assert_outcomes(passed=2)


@pytest.mark.slow(is_covering=True)
def test_coroutines_have_a_handle_of_their_own(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import asyncio
        from client import create

        def test_it(runflow_async, runflow_receiver_async):
            async def story():
                create(runflow_async, callback_url=runflow_receiver_async.url)
                assert await runflow_async.clock.run_until_idle()
                assert len(await runflow_receiver_async.wait()) == 1
                assert (await runflow_async.ledger()).balance == "9.730000"
                assert [run["status_code"] for run in await runflow_async.runs.list()] == ["succeeded"]
            asyncio.run(story())
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
def test_help_tells_of_options_and_marker(pytester: pytest.Pytester) -> None:
    options = pytester.runpytest_inprocess(*QUIET, "--help")
    options.stdout.fnmatch_lines(["*--runflow-url=URL*", "*--runflow-seed=SEED*", "*--runflow-artifacts=*"])
    pytester.runpytest_inprocess(*QUIET, "--markers").stdout.fnmatch_lines(["*pytest.mark.runflow(scenario=None*"])


@pytest.mark.slow(is_covering=True)
def test_fault_that_never_fired_fails_the_test_with_the_nearest_miss(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import create

        def test_it(runflow):
            runflow.faults.add(what="fail", where={"client_ref": "sku-2"}, label="second one fails")
            create(runflow, client_ref="sku-1")
            runflow.clock.run_until_idle()
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["fault 'second one fails' (fail) never fired: *; the nearest miss was *: client_ref was 'sku-1', not 'sku-2'"]
    )


@pytest.mark.slow(is_covering=True)
def test_callback_that_nobody_took_fails_the_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import create

        def test_it(runflow):
            create(runflow, callback_url="https://nobody.example/hooks")
            runflow.clock.run_until_idle()
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["callback * about * never reached https://nobody.example/hooks in 1 attempts: *"])


@pytest.mark.slow(is_covering=True)
def test_callback_that_is_not_due_is_nobodys_fault(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest
        from client import create

        @pytest.mark.runflow(clock="manual")
        def test_it(runflow):
            create(runflow, callback_url="https://nobody.example/hooks")
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
def test_request_that_broke_the_contract_fails_the_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import requests

        def test_it(runflow):
            url = f"{runflow.base_url}/v1/models/runflow/background-removal/runs"
            requests.post(url, json={"input": {}, "client_ref": 7}, headers=runflow.headers, timeout=5)
            requests.get(f"{runflow.base_url}/v1/jobs/1", headers=runflow.headers, timeout=5)
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "request * (create_run) broke the contract: * at body.client_ref: *",
            "request GET /v1/jobs/1 leads to no operation of the API: *; the nearest is *",
        ]
    )


@pytest.mark.slow(is_covering=True)
def test_unknown_input_field_never_fails_a_test(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        from client import create

        def test_it(runflow):
            create(runflow, input={"image_url": "https://cdn.example.com/a.jpg", "sharpness": 3})
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
def test_what_a_test_allows_does_not_fail_it(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest
        import requests

        def bad(runflow):
            url = f"{runflow.base_url}/v1/models/runflow/background-removal/runs"
            requests.post(url, json={"client_ref": 7}, headers=runflow.headers, timeout=5)

        @pytest.mark.runflow(allow_unused=True)
        def test_unused(runflow):
            runflow.faults.add(what="fail")

        @pytest.mark.runflow(allow_violations=True)
        def test_all(runflow):
            bad(runflow)

        @pytest.mark.runflow(allow_violations=["create_run"])
        def test_one(runflow):
            bad(runflow)
        """,
    ).assert_outcomes(passed=3)


@pytest.mark.slow(is_covering=True)
def test_failing_test_is_told_that_its_client_polls_while_the_clock_stands(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest
        from client import create, get

        @pytest.mark.runflow(clock="manual")
        def test_waits(runflow):
            run = create(runflow)
            for _ in range(20):
                run = get(runflow, run)
            assert run["status_code"] == "succeeded"
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*-- runflow hints --*", "/v1/runs/* was read 20 times while the clock stood: advance it *, or *"])


@pytest.mark.slow(is_covering=True)
def test_failing_test_is_told_what_happened_and_how_to_replay_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import create, wait

        def test_pays(runflow):
            runflow.faults.add(what="fail", when={"times": 1})
            assert wait(runflow, create(runflow))["status_code"] == "succeeded"
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*-- runflow timeline --*",
            "00:00:00.000  run         *  queued",
            "00:00:0*  run         *  queued -> dispatching",
            "00:00:0*  run         *  running -> failed",
            "*-- runflow journal --*",
            "00:00:00.000  201  POST /v1/models/runflow/background-removal/runs",
            "*-- runflow replay --*",
            "runflow-mock replay .runflow-mock/*test_pays.yaml",
        ]
    )
    (saved,) = pytester.path.joinpath(".runflow-mock").glob("*.yaml")
    assert Replay().invoke(group, ["replay", str(saved)]).exit_code == 0


@pytest.mark.slow(is_covering=True)
def test_artifact_that_cannot_be_written_changes_nothing_else(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath(".runflow-mock").write_text("a file where the folder should be")
    result = run(
        pytester,
        """
        def test_it(runflow):
            assert "this" == "that"
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 'this' == 'that'*", "nothing to replay: *"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


@pytest.mark.slow(is_covering=True)
def test_failing_test_leaves_a_scenario_behind(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_it(runflow):
            runflow.faults.add(what="fail", label="always")
            assert False
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*-- runflow complaints --*", "fault 'always' (fail) never fired: *"])
    (scenario,) = pytester.path.joinpath(".runflow-mock").glob("*.yaml")
    assert "always" in scenario.read_text(encoding="utf-8")


@pytest.mark.slow(is_covering=True)
def test_marker_with_positions_is_explained(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.runflow("happy-path")
        def test_it(runflow):
            pass
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*@pytest.mark.runflow takes names only, not ('happy-path',)*"])


@pytest.mark.slow(is_covering=True)
def test_run_of_a_scenario_goes_on_with_its_last_poll(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("slow.yaml").write_text("faults: [{what: {kind: after_polls, polls: 3}}]", encoding="utf-8")
    run(
        pytester,
        """
        import pytest
        from client import create, get

        @pytest.mark.runflow(scenario="slow.yaml", clock="manual")
        def test_it(runflow):
            made = create(runflow)
            runflow.clock.run_until_idle()
            assert [get(runflow, made)["status_code"] for _ in range(4)] == [*["running"] * 3, "succeeded"]
            assert runflow.control.scenario()["name"] == "slow"
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "scenario file slow.yaml cannot be read: No such file or directory; looked for in *"),
        (b"a: [", "slow.yaml:2:1: this is not YAML: *"),
        (b"[]", "slow.yaml: a scenario is an object, with keys such as faults"),
        (b"\xff", "scenario file slow.yaml is not UTF-8: *"),
        (b"faults: [{what: {kind: fial}}]", "*fial*"),
    ],
    ids=["absent", "no YAML", "no object", "no text", "no scenario"],
)
def test_scenario_file_that_cannot_be_played_fails_the_test_in_words(pytester: pytest.Pytester, content: bytes | None, says: str) -> None:
    if content is not None:
        pytester.path.joinpath("slow.yaml").write_bytes(content)
    suite = "import pytest\n@pytest.mark.runflow(scenario='slow.yaml')\ndef test_it(runflow):\n    pass\n"
    result = run(pytester, suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"@pytest.mark.runflow: {says}"])
    result.stdout.no_fnmatch_line("*During handling of the above exception*")


@pytest.mark.slow(is_covering=True)
def test_scenario_is_played_and_its_end_is_checked(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.runflow(scenario="partial-batch")
        def test_it(runflow):
            pass
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*scenario 'partial-batch' expects of its *"])


@pytest.mark.slow
def test_server_that_runs_elsewhere_is_used_and_no_part_of_ours_is_loaded(pytester: pytest.Pytester, url: str) -> None:
    pytester.makepyfile(
        client=CLIENT,
        test_suite="""
        import sys
        from client import create

        def test_it(runflow, runflow_server, runflow_receiver, runflow_env):
            create(runflow, callback_url=runflow_receiver.url)
            runflow_receiver.wait()
            assert runflow_server.is_external
            assert not {"starlette", "uvicorn", "jsonschema_rs", "runflow_mock.web"} & set(sys.modules)
        """,
    )
    pytester.runpytest_subprocess(*QUIET, f"--runflow-url={url}").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1:8787", "an address begins with http:// or https://"),
        ("http://127.0.0.1:1", "*Connection refused"),
        ("http://127.0.0.1:0", "url is an address such as *"),
        ("http://127.0.0.1:99999", "url is an address such as *"),
        ("{url}/v1", "40?: *"),
    ],
)
def test_address_at_which_no_fake_is_is_told_in_one_line(pytester: pytest.Pytester, url: str, address: str, why: str) -> None:
    address = address.format(url=url)
    done = run(pytester, "def test_nothing(runflow): pass", f"--runflow-url={address}")
    done.assert_outcomes(errors=1)
    (told,) = [line for line in done.outlines if line.startswith("runflow_server: ")]
    assert fnmatch(told, f"runflow_server: no runflow-mock is at '{address}': {why}; start one with `runflow-mock serve`, or leave *")
    assert "Traceback" not in str(done.stdout)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("plugin", "mark"), [("anyio", "pytest.mark.anyio"), ("asyncio", "pytest.mark.asyncio")])
def test_coroutines_are_run_by_whatever_plugin_does_that(pytester: pytest.Pytester, plugin: str, mark: str) -> None:
    pytester.makepyfile(
        client=CLIENT,
        test_suite=f"""
        import pytest
        from client import create

        @{mark}
        async def test_it(runflow_async, runflow_receiver_async):
            create(runflow_async, callback_url=runflow_receiver_async.url)
            assert len(await runflow_receiver_async.wait()) == 1
            assert (await runflow_async.runs.list())[0]["status_code"] == "succeeded"
            await runflow_async.verify(operation="create_run", count=1)
        """,
    )
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    options = [option for option in QUIET if option != f"-pno:{plugin}"]
    expected = 2 if plugin == "anyio" else 1  # anyio runs it on each of its backends, trio among them
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=expected)


@pytest.mark.slow(is_covering=True)
def test_document_of_the_ini_file_judges(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNFLOW_MOCK_URL")
    pytester.path.joinpath("own.json").write_text(json.dumps(OWN))
    pytester.makeini("[pytest]\nrunflow_openapi = own.json\n")
    done = run(
        pytester,
        """
        import pytest
        from client import MODEL, create, get
        from runflow_mock.testing.client import ClientError

        def test_fits(runflow):
            get(runflow, create(runflow))
            report = runflow.report()
            assert report["judge"]["operations"] == ["startRun", "readRun"]
            assert [found["message"] for found in report["ours"]] == [
                f"the fake's answer does not fit {report['judge']['document']}: the field is required"
            ]

        def test_does_not_fit(runflow_in_process):
            with pytest.raises(ClientError):
                runflow_in_process.control.client.post(f"/v1/models/{MODEL}/runs", {"input": "none"})
            assert len(runflow_in_process.journal.find(operation="startRun")) == 1

        @pytest.mark.runflow(allow_violations="startRun")
        def test_may_not_fit(runflow_in_process):
            test_does_not_fit(runflow_in_process)
        """,
    )
    done.assert_outcomes(passed=3, errors=1)
    done.stdout.fnmatch_lines(["*(startRun) broke */own.json: type at body.input: *"])


@pytest.mark.slow(is_covering=True)
def test_document_that_cannot_judge_ends_the_session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNFLOW_MOCK_URL")
    done = run(pytester, "def test_nothing(runflow): pass", "--runflow-openapi", "nowhere.json")
    assert done.ret == 2
    done.stdout.fnmatch_lines(["*runflow_openapi: nowhere.json cannot be read: No such file or directory; *"])
