"""Arguments that cannot be meant are told by their name and value, and nothing happens before."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from costs import lines_run
from urllib3.exceptions import HTTPError

from runflow_mock.testing import CallbackReceiver, Control, Received, Reply, Runflow, open_tenant, sample_callback
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.in_process import InProcess, open_tenant_in

NAN = float("nan")
ENDLESS = float("inf")
HOSTLESS = (
    "http://:80",
    "http://a b",
    "http://@",
    "http://user@:80",
    "http:///x",
    "http://?x",
    "http://a:b",
    "http://x/a b",
    "http://x\n",
    "http://[::1",
)
Verb = Callable[[Runflow, Any], object]


def waiting(**named: Any) -> object:
    with CallbackReceiver() as receiver:
        return receiver.wait(**named)


def received() -> Received:
    return Received("/callbacks", {"runflow-signature": "0" * 64}, b"{}")


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers nothing."""


VERBS: dict[str, tuple[Verb, str, tuple[Any, ...]]] = {
    "wait count": (lambda runflow, value: waiting(count=value), "count", (None, "1", b"1", 1.5, True, -1, NAN, Path("1"), [])),
    "wait seconds": (lambda runflow, value: waiting(seconds=value), "seconds", (None, "1", b"1", True, -1, NAN, ENDLESS, Path("1"))),
    "reply": (lambda runflow, value: CallbackReceiver(value), "status", (None, "500", b"500", True, -1, 0, 1_000, 500.0, NAN, Path("5"))),
    "reply body": (lambda runflow, value: Reply(body=value), "body", (None, "{}", 1, {}, Path("x"))),
    "reply headers": (
        lambda runflow, value: Reply(headers=value),
        "headers",
        (
            None,
            {"A": "1"},
            "A: 1",
            (("A",),),
            (("A", 1),),
            (("A", "1\r\nB: 2"),),
            (("A", "☃"),),
            (b"ab",),
            (("", "1"),),
            (("A b", "1"),),
            (("A:", "1"),),
        ),
    ),
    "reply seconds": (lambda runflow, value: Reply(seconds=value), "seconds", (None, "1", -1, NAN, ENDLESS)),
    "verify secret": (lambda runflow, value: received().verify(value), "secret", (None, "", b"secret", 1, Path("x"))),
    "verify now": (lambda runflow, value: received().verify("secret", value), "now", ("", "2026-01-01", 0, NAN)),
    "advance": (lambda runflow, value: runflow.clock.advance(value), "by", (None, "", "x", b"1", -1, NAN, True, Path("1"), [], "\ud800")),
    "advance to": (lambda runflow, value: runflow.clock.advance_to(value), "to", (None, "", b"1", -1, NAN, Path("1"), "\ud800")),
    "idle limit": (lambda runflow, value: runflow.clock.run_until_idle(value), "limit", ("", b"1", -1, NAN, True, Path("1"))),
    "fault": (lambda runflow, value: runflow.faults.add(what=value), "what", (None, "", b"x", -1, NAN, True, Path("x"), [], "\ud800")),
    "fault where": (lambda runflow, value: runflow.faults.add(what="fail", where=value), "where", ("", b"x", NAN, Path("x"), [], "\ud800")),
    "fault when": (lambda runflow, value: runflow.faults.add(what="fail", when=value), "when", ("", b"x", NAN, -1, Path("x"))),
    "fault times": (lambda runflow, value: runflow.faults.add(what="fail", when={"times": value}), "times", (-1, 0, NAN, "x", b"x")),
    "fault label": (lambda runflow, value: runflow.faults.add(what="fail", label=value), "label", (b"x", NAN, 1, Path("x"), [])),
    "fault gone": (lambda runflow, value: runflow.faults.remove(value), "rule_id", (None, "", b"x", 1, NAN, Path("x"), "\ud800")),
    "run cancelled": (
        lambda runflow, value: runflow.runs.cancel(value),
        "run_id",
        (None, "", b"x", 1, NAN, Path("x"), "\ud800", {"id": "1"}),
    ),
    "batch cancelled": (lambda runflow, value: runflow.batches.cancel(value), "batch_id", (None, "", b"x", 1, "\ud800", {"id": "1"})),
    "journal": (lambda runflow, value: runflow.journal.find(operation=value), "operation", ("", b"create_run", "\ud800")),
    "journal limit": (lambda runflow, value: runflow.journal.find(limit=value), "limit", ("", b"1", "x", -1, 0, NAN, ENDLESS, True)),
    "export": (lambda runflow, value: runflow.control.export_scenario(history=value), "history", (None, "no", b"x", 0, 1, NAN)),
    "stub model": (lambda runflow, value: runflow.stub(value).returns({}), "model", (b"x", NAN, 1, Path("x"), [])),
    "stub input": (lambda runflow, value: runflow.stub(input=value).returns({}), "input", (b"x", NAN, 1, Path("x"), "x", {"a": NAN})),
    "stub output": (lambda runflow, value: runflow.stub().returns(value), "output", (b"x", NAN, 1, Path("x"), "x", {"a": [NAN]})),
    "stub files": (lambda runflow, value: runflow.stub().returns(files=value), "files", (None, 1, "a.png", b"a.png", Path("a.png"), {})),
    "stub cost": (lambda runflow, value: runflow.stub().returns({}, cost=value), "cost", ("", "x", b"1", NAN, ENDLESS, Path("1"), [])),
    "stub duration": (lambda runflow, value: runflow.stub().returns({}, duration=value), "duration", ("", b"1", -1, NAN, Path("1"))),
    "stub times": (lambda runflow, value: runflow.stub().returns({}, times=value), "times", ("", b"1", -1, NAN, 1.5, Path("1"))),
    "credit": (lambda runflow, value: runflow.control.add_credit(value), "amount", (None, "", "x", b"1", NAN, ENDLESS, True, Path("1"))),
    "reset": (lambda runflow, value: runflow.control.reset(value), "what", (None, "", b"all", 1, Path("all"), "\ud800")),
    "sample": (lambda runflow, value: sample_callback(value), "event", (None, "", b"run.completed", 1, NAN, Path("x"), "x" * 10_000)),
    "sample secret": (
        lambda runflow, value: sample_callback("run.failed", secret=value),
        "secret",
        ("", b"x", 1, NAN, Path("x"), "\ud800"),
    ),
    "sample dialect": (lambda runflow, value: sample_callback("run.failed", dialect=value), "dialect", ("", "x", b"docs", 1, Path("x"))),
    "sample switches": (lambda runflow, value: sample_callback("run.failed", switches=value), "switches", ("x", b"x", 1, NAN, [])),
    "sample metadata": (lambda runflow, value: sample_callback("run.failed", metadata=value), "metadata", ("x", b"x", 1, NAN, [])),
    "sample seed": (lambda runflow, value: sample_callback("run.failed", seed=value), "seed", ("", b"x", NAN, Path("x"), "\ud800")),
    "sample at": (lambda runflow, value: sample_callback("run.failed", at=value), "at", ("", "2026-01-01", 0, NAN, Path("x"))),
    "sample header": (lambda runflow, value: sample_callback("run.failed").with_headers(x_a=value), "x-a", (1, b"1", NAN, Path("x"))),
    "lifespan": (lambda runflow, value: runflow.deliver_to(application, lifespan=value), "lifespan", (None, "off", "", 0, 1, NAN)),
    "prefix": (lambda runflow, value: runflow.deliver_to(application, value), "URL", (None, "", b"http://x", 1, Path("x"), "x y")),
    "tenant": (
        lambda runflow, value: open_tenant(value),
        "url",
        (None, "", b"http://x", 1, Path("x"), "x", "http://", "ftp://x", "\ud800", *HOSTLESS),
    ),
    "control": (lambda runflow, value: Control(value), "url", (None, "", b"http://x", 1, Path("x"), "localhost:80", "://x", *HOSTLESS)),
}
ROWS = [pytest.param(verb, value, id=f"{verb} {value!r:.20}") for verb, (_, _, values) in VERBS.items() for value in values]


@pytest.mark.parametrize(("verb", "value"), ROWS)
def test_argument_that_cannot_be_meant_is_told_by_its_name(runflow: Runflow, verb: str, value: Any) -> None:
    call, name, _ = VERBS[verb]
    with pytest.raises((TypeError, ValueError, ClientError)) as caught:
        call(runflow, value)
    told = str(caught.value)
    assert name in told
    assert len(told) < 1_500
    assert not isinstance(caught.value, UnicodeError)


def test_amounts_may_be_numbers(runflow: Runflow) -> None:
    assert runflow.control.add_credit(0.1).balance == "10.100000"
    assert runflow.control.add_credit(Decimal("-0.000001")).balance == "10.099999"
    assert runflow.stub().returns({}, cost=0.00001)["cost"] == "0.000010"


def test_what_has_arrived_already_needs_no_time() -> None:
    with CallbackReceiver() as receiver:
        assert receiver.wait(0, seconds=0) == ()
        requests.post(receiver.url, data=b"{}", timeout=5)
        assert len(receiver.wait(1, seconds=0)) == 1


def test_answer_that_was_refused_is_still_to_be_given(app: InProcess) -> None:
    with open_tenant_in(app, clock="manual", deliveries="pull") as runflow:
        body = {"input": {"image_url": "https://cdn.example.com/shoe.jpg"}, "callback_url": "http://localhost/callbacks"}
        with httpx.Client(transport=runflow.transport, base_url=runflow.base_url, headers=runflow.headers) as client:
            client.post("/v1/models/runflow/background-removal/runs", json=body)
        runflow.clock.run_until_idle()
        (delivery,) = runflow.deliveries.pull()
        with pytest.raises(ClientError, match="status"):
            delivery.answer("200")  # type: ignore[arg-type]  # which is what is refused
        runflow.deliveries.settle()
        assert [delivery.state for delivery in runflow.deliveries] == ["succeeded"]


def test_password_in_an_address_without_a_host_is_not_told() -> None:
    with pytest.raises(ValueError, match=r"url is an address such as .*, not '': it must name a host$"):
        Control("https://user:hunter2@")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8787/", "HTTPS://[::1]:1", "http://user:word@mock", "http://mock_1:80/under?a=b"])
def test_address_with_a_host_is_taken(url: str) -> None:
    assert Control(url).client.url == url.rstrip("/")


def test_server_that_is_gone_is_told_by_its_address() -> None:
    with pytest.raises(HTTPError, match=r"\A127\.0\.0\.1:9: Failed to establish a new connection"):
        open_tenant("http://127.0.0.1:9")


def test_address_is_read_once_however_many_tenants_are_asked_there() -> None:
    Control("http://read-once.example:8787")
    assert lines_run(partial(Control, "http://read-once.example:8787")) < 150
