"""`runflow-mock verify-client`: the whole matrix with clients that are written well, and badly on purpose."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bench import OPEN
from commands import Told, call

from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.wire.profiles import Profile, write_profile

ORDERS = str(Path(__file__).parent.parent / "clients" / "orders.py")
# Written for the service alone: no address, no option, only the variables that every HTTP client heeds.
HARD_CODED = """
import json, os, urllib.request
headers = {"Authorization": "Bearer " + os.environ["RUNFLOW_API_KEY"], "Content-Type": "application/json"}
body = json.dumps({"input": {"image_url": "https://cdn.example.com/a.jpg"}, "callback_url": "https://shop.example/hooks"}).encode()
url = "https://api.runflow.io/v1/models/runflow/background-removal/runs"
urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()
"""

POLLING = (
    ("no idempotency key", {"retry-idempotency-key", "creates-once"}),
    ("never gives up", {"retry-gives-up"}),
    ("no retry", {"recovers"}),
    ("repeats refusals", {"poll-absent", "retry-refused"}),
    ("goes on without credit", {"retry-stops-on-402"}),
    ("ignores retry-after", {"retry-after"}),
    ("polls too often", {"poll-interval"}),
    ("polls after the end", {"poll-stops"}),
    ("knows all fields", {"tolerates-unknown-fields"}),
    ("knows all states", {"tolerates-unknown-states"}),
    ("takes any state for the end", {"tolerates-unknown-states", "reports-failure"}),
    ("partial is no end", {"handles-partial", "poll-stops"}),
    ("sends the key to files", {"key-not-to-files"}),
    ("hides failures", {"checks-files", "reports-failure"}),
    ("misspells", {"completes", "contract"}),
)
LISTENING = (
    ("trusts every callback", {"refuses-forged"}),
    ("takes old callbacks", {"refuses-stale"}),
    ("refuses repeats", {"takes-repeats"}),
    ("answers 500", {"takes-callbacks"}),
)


def _verify(*client: str, options: Sequence[str] = ()) -> tuple[Told, dict[str, Any]]:
    # As long as may be without the cells of which an answer takes twelve: whoever does not end in its time is told of for that as well.
    told = call("verify-client", "--timeout", "23", "--json", *options, "--", sys.executable, ORDERS, *client)
    return told, json.loads(told.out)


def _broken(sheet: dict[str, Any]) -> set[str]:
    return {row["rule"] for row in sheet["rows"] if row["verdict"] == "broken"}


@pytest.mark.slow
@pytest.mark.parametrize("way", [(), ("--callback",)], ids=["polling", "callback"])
def test_good_client_keeps_every_rule_of_the_full_matrix(way: tuple[str, ...]) -> None:
    told, sheet = _verify(*way, options=["--full"])
    assert (_broken(sheet), sheet["errors"], told.code, sheet["grade"]) == (set(), [], 0, "A")
    unsaid = {row["rule"] for row in sheet["rows"] if row["verdict"] == "not exercised"} - {
        row["rule"] for row in sheet["rows"] if row["verdict"] == "held"
    }
    polling = {"poll-interval", "poll-stops", "key-not-to-files", "address-in-time", "checks-files", "tolerates-unknown-states"}
    # Beside what only a client that polls meets, some rules of which one situation comes up before any poll: that one says enough.
    polling |= {"poll-absent"}
    callbacks = {"takes-callbacks", "refuses-forged", "refuses-stale", "takes-repeats", "survives-callbacks", "acts-after-verifying"}
    # Where a machine is too busy to tell the pauses of a client, that is said.
    unclear = {row["rule"] for row in sheet["rows"] if (row["reason"] or "").startswith(OPEN)}
    unasked = {"bounds-waiting", "waits-for-ends", "checks-certificates"}
    assert unsaid - (unclear & {"retry-backoff"}) == (polling if way else callbacks) | unasked


@pytest.mark.slow
@pytest.mark.parametrize(("flaw", "rules"), POLLING, ids=[flaw for flaw, _ in POLLING])
def test_bad_client_that_polls_breaks_exactly_its_rule(flaw: str, rules: set[str]) -> None:
    told, sheet = _verify(flaw)
    assert (_broken(sheet), sheet["errors"], told.code) == (rules, [], 1)


@pytest.mark.slow
def test_client_whose_pauses_are_all_the_same_breaks_its_rule_or_is_told_why_they_cannot_be_compared() -> None:
    told, sheet = _verify("no backoff")
    assert (_broken(sheet) - {"retry-backoff"}, sheet["errors"]) == (set(), [])
    (row,) = (row for row in sheet["rows"] if row["rule"] == "retry-backoff")
    # Pauses are compared only while nobody is woken late, and other tests run beside this one; tests/kit judges them by a clock of its own.
    # Whatever the machine does, the rule is never held.
    why = "" if row["reason"] is None else next((words for words in OPEN if row["reason"].startswith(words)), row["reason"])
    assert (row["verdict"], told.code, why) in {("broken", 1, ""), *(("not exercised", 0, words) for words in OPEN)}


@pytest.mark.slow
@pytest.mark.parametrize(("flaw", "rules"), LISTENING, ids=[flaw for flaw, _ in LISTENING])
def test_bad_client_that_listens_breaks_exactly_its_rule(flaw: str, rules: set[str]) -> None:
    told, sheet = _verify("--callback", flaw)
    assert (_broken(sheet), sheet["errors"], told.code) == (rules, [], 1)


@pytest.mark.slow
def test_known_failures_and_expectations_make_a_bad_client_pass_until_it_is_good(tmp_path: Path) -> None:
    expect, known = tmp_path / "expect.yaml", tmp_path / "known.txt"
    expect.write_text("failed: {exit: 0, output: failed}\n")
    known.write_text("402 at creation:reports-failure\n")
    options = ["--only", "failed", "--only", "402 at creation", "--expect", str(expect), "--expected-failures", str(known)]
    assert _verify("hides failures", options=options)[0].code == 0
    told, sheet = _verify(options=options)
    assert (told.code, sheet["stale"], _broken(sheet)) == (1, ["402 at creation:reports-failure"], {"reports-failure"})


@pytest.mark.slow
def test_client_with_the_host_written_into_it_is_reached_and_reports_are_written(tmp_path: Path) -> None:
    files = ("--junit", str(tmp_path / "junit.xml"), "--markdown", str(tmp_path / "client.md"))
    told = call("verify-client", "--only", "422 at creation", *files, "--", sys.executable, "-c", HARD_CODED)
    assert told.code == 0
    assert "held     422 at creation: reports-failure (exit code 1 after" in told.out
    assert "422 at creation: exit code 1 after" in told.err
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().get("failures") == "0"
    assert "| held | plain | completes |" in (tmp_path / "client.md").read_text()


FETCH = """
const headers = { Authorization: "Bearer " + process.env.RUNFLOW_API_KEY, "Content-Type": "application/json" };
const body = JSON.stringify({ input: { image_url: "https://cdn.example.com/a.jpg" } });
fetch("https://api.runflow.io/v1/models/runflow/background-removal/runs", { method: "POST", headers, body })
  .then((answer) => process.exit(answer.ok ? 0 : 1));
"""


@pytest.mark.slow
def test_fetch_of_node_with_the_host_written_into_it_is_reached() -> None:
    told = call("verify-client", "--only", "422 at creation", "--json", "--", "node", "-e", FETCH)
    rows = {row["subject"]: row["verdict"] for row in json.loads(told.out)["rows"]}
    assert (rows["plain"], rows["422 at creation"], told.code) == ("held", "held", 0)


# The same, and whoever answers is believed.
BELIEVES = HARD_CODED.replace("urllib.request.urlopen(", "urllib.request.urlopen(context=ssl._create_unverified_context(), url=").replace(
    "import json", "import ssl, json"
)
# The catalogue by its full name, which it can do without; all else by RUNFLOW_BASE_URL, without TLS.
LOOKS_FIRST = f"""
import contextlib, os, runpy, urllib.request
headers = {{"Authorization": "Bearer " + os.environ["RUNFLOW_API_KEY"]}}
with contextlib.suppress(OSError):
    urllib.request.urlopen(urllib.request.Request("https://api.runflow.io/v1/models", headers=headers)).read()
runpy.run_path({ORDERS!r}, run_name="__main__")
"""
LOOKS_AND_BELIEVES = LOOKS_FIRST.replace(
    "import contextlib,", "import ssl; ssl._create_default_https_context = ssl._create_unverified_context\nimport contextlib,"
)
# The service's name in what goes to RUNFLOW_BASE_URL, without TLS, as whoever tests through a tunnel writes it.
NAMES_THE_SERVICE = f"""
import http.client, runpy
put = http.client.HTTPConnection.putheader
http.client.HTTPConnection.putheader = lambda self, name, *values: put(self, name, *(["api.runflow.io"] if name == "Host" else values))
runpy.run_path({ORDERS!r}, run_name="__main__")
"""
NODE_BELIEVES = f'process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";{FETCH}'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "verdict"),
    [
        ((sys.executable, "-c", HARD_CODED), "held"),
        ((sys.executable, "-c", BELIEVES), "broken"),
        (("node", "-e", FETCH), "held"),
        (("node", "-e", NODE_BELIEVES), "broken"),
        ((sys.executable, "-c", LOOKS_FIRST), "held"),
        ((sys.executable, "-c", LOOKS_AND_BELIEVES), "broken"),
        ((sys.executable, ORDERS), "not exercised"),
        ((sys.executable, "-c", NAMES_THE_SERVICE), "not exercised"),
    ],
    ids=[
        "checks",
        "believes",
        "node checks",
        "node believes",
        "checks for a part",
        "believes for a part",
        "no TLS",
        "names it without TLS",
    ],
)
def test_who_trusts_any_certificate_is_caught(command: tuple[str, ...], verdict: str) -> None:
    told = call("verify-client", "--only", "untrusted certificate", "--json", "--", *command)
    rows = {row["subject"]: row["verdict"] for row in json.loads(told.out)["rows"]}
    assert (rows["plain"], rows["untrusted certificate"], told.code) == ("held", verdict, int(verdict == "broken"))


@pytest.mark.slow
def test_callbacks_for_another_origin_reach_the_receiver_on_this_machine() -> None:
    with CallbackReceiver() as receiver:
        origin = receiver.url.removesuffix("/callbacks")
        options = (
            "--receiver",
            f"https://shop.example={origin}",
            "--callback-secret",
            "rf_whsec_of_the_shop",
            "--only",
            "unsigned",
            "--json",
        )
        told = call("verify-client", *options, "--", sys.executable, "-c", HARD_CODED)
        received = receiver.deliveries
    rows = {(row["subject"], row["rule"]): row["verdict"] for row in json.loads(told.out)["rows"]}
    assert (rows["callback", "takes-callbacks"], rows["unsigned", "refuses-forged"], told.code) == ("held", "broken", 1)
    assert {message.path for message in received} == {"/hooks"}
    for message in received:
        if message.signature is not None:
            message.verify("rf_whsec_of_the_shop")


@pytest.mark.slow
def test_users_document_judges_answers_too(tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    answer = {"type": "object", "required": ["order_number"]}
    created = {"description": "made", "content": {"application/json": {"schema": answer}}}
    paths = {"/v1/models/{owner}/{slug}/runs": {"post": {"operationId": "submit", "responses": {"201": created}}}}
    document.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "theirs", "version": "1"}, "paths": paths}))
    told, sheet = _verify(options=["--only", "plain", "--openapi", str(document)])
    assert (told.code, _broken(sheet)) == (2, set())
    assert any("order_number" in error for error in sheet["errors"])


@pytest.mark.slow
def test_users_document_is_the_judge(tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    operation = {"operationId": "submit", "responses": {"201": {"description": "made"}}}
    operation["requestBody"] = {"content": {"application/json": {"schema": {"type": "object", "required": ["order_number"]}}}}
    paths = {"/v1/models/{owner}/{slug}/runs": {"post": operation}, "/v1/runs/{id}": {"get": {"responses": {"200": {"description": "it"}}}}}
    document.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "theirs", "version": "1"}, "paths": paths}))
    told, sheet = _verify(options=["--only", "plain", "--openapi", str(document)])
    assert (told.code, _broken(sheet)) == (1, {"contract"})


# Its exit code says how a cancelled run was spelled.
SPELLS = """
import json, os, time, urllib.error, urllib.request
headers = {"Authorization": "Bearer " + os.environ["RUNFLOW_API_KEY"], "Content-Type": "application/json"}
url = os.environ["RUNFLOW_BASE_URL"] + "/v1"
def send(path, body=None):
    return json.load(urllib.request.urlopen(urllib.request.Request(url + path, body and json.dumps(body).encode(), headers)))
run = send("/models/runflow/background-removal/runs", {"input": {"image_url": "https://cdn.example.com/a.jpg"}})
while run["status_code"] in ("queued", "dispatching", "running"):
    time.sleep(0.6)
    run = send("/runs/" + run["id"])
raise SystemExit({"succeeded": 0, "canceled": 3}.get(run["status_code"], 4))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (("--dialect", "docs"), {}),
        (("--switches", "status_spelling=us"), {}),
        (("--profile", "profile.yaml"), {}),
        ((), {"RUNFLOW_MOCK_DIALECT": "docs"}),
        ((), {"RUNFLOW_MOCK_SWITCHES": "status_spelling=us"}),
        ((), {"RUNFLOW_MOCK_PROFILE": "profile.yaml"}),
    ],
    ids=str,
)
def test_dialect_profile_and_switches_count_as_they_do_for_serve(
    options: tuple[str, ...], variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    Path("profile.yaml").write_bytes(write_profile(Profile(date="2026-05-01", dialect="docs", switches={}), as_json=False))
    Path("expect.yaml").write_text("cancelled: {exit: 3}\n")
    command = ("--only", "cancelled", "--expect", "expect.yaml", "--json", "--", sys.executable, "-c", SPELLS)
    rows = {row["subject"]: row["verdict"] for row in json.loads(call("verify-client", *options, *command).out)["rows"]}
    assert (rows["plain"], rows["cancelled"]) == ("held", "held")


def test_list_with_a_name_that_fits_no_row_is_refused_before_the_client_is_started(tmp_path: Path) -> None:
    known, started = tmp_path / "known.txt", tmp_path / "started"
    known.write_text("plain:complete\n")
    client = (sys.executable, "-c", f"open({str(started)!r}, 'w')")
    told = call("verify-client", "--only", "plain", "--expected-failures", str(known), "--", *client)
    assert (told.code, f"{known}: expected failure 'plain:complete' names no rule" in told.err) == (2, True)
    assert not started.exists()


def test_switch_that_does_not_exist_is_wrong_usage() -> None:
    told = call("verify-client", "--switches", "spelling=us", "--", "true")
    assert (told.code, "switch 'spelling' does not exist" in told.err) == (2, True)


@pytest.mark.slow(is_covering=True)
def test_client_that_sends_nothing_is_exit_code_3() -> None:
    told = call("verify-client", "--", sys.executable, "-c", "")
    assert told.code == 3
    assert "the client sent nothing to the sandbox" in told.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "forged", "--", "true"), "there is no cell 'forged'"),
        (("--", "no-such-command"), "'no-such-command' cannot be started"),
        (("--receiver", "elsewhere", "--", "true"), "'elsewhere' is not https://host=http://host:port"),
        ((), "Missing argument"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    told = call("verify-client", *arguments)
    assert told.code == 2
    assert words in told.err
