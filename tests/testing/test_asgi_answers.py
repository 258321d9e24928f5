"""An answer that a server would refuse does not pass in a test either: neither of an ASGI application nor of a WSGI one."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from steps import MODEL

from runflow_mock.testing.asgi_answers import AsgiAnswer
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.runflow import Runflow

RUN = f"http://localhost/v1/models/{MODEL}/runs"
BODY = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}, "callback_url": "http://localhost/hooks"}
OK: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
END: dict[str, Any] = {"type": "http.response.body"}


def start(status: int = 200, *headers: tuple[Any, Any]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


REFUSED = {
    "a body first": [END],
    "two starts": [OK, OK],
    "more after the end": [OK, END, END],
    "a start after the end": [OK, END, OK],
    "trailers that nobody offered": [OK, body(b"a", more=True), {"type": "http.response.trailers", "headers": []}],
    "a body too long": [start(200, (b"Content-Length", b"1")), body(b"ab")],
    "a body too long in pieces": [start(200, (b"content-length", b"1")), body(b"a", more=True), body(b"b", more=True)],
    "a body too short": [start(200, (b"content-length", b"2")), body(b"a")],
    "a body that 204 has not": [start(204), body(b"null")],
    "a body that 304 has not": [start(304, (b"content-length", b"4")), body(b"null")],
    "a name with a blank": [start(200, (b"a b", b"c"))],
    "a name of nothing": [start(200, (b"", b"c"))],
    "a value of two lines": [start(200, (b"a", b"b\r\nc: d"))],
    "a name of text": [start(200, ("a", b"b"))],
    "a value of text": [start(200, (b"a", "b"))],
}
TAKEN = {
    "nothing more than needed": [{"type": "http.response.start", "status": 200}, END],
    "pieces": [OK, body(b"a", more=True), body(b"", more=True), body(b"b")],
    "the length that is said": [start(200, (b"content-length", b"2")), body(b"a", more=True), body(b"b")],
    "chunks, whatever length is said": [start(200, (b"content-length", b"9"), (b"transfer-encoding", b"chunked")), body(b"ab")],
    "an empty 204": [start(204), END],
    "a 204 that says 0": [start(204, (b"content-length", b"0")), END],
    "odd and legal headers": [start(200, (b"X_Odd!", b"\xff\ttab"), (b"a", b"")), END],
}


@pytest.mark.parametrize("messages", REFUSED.values(), ids=REFUSED)
def test_what_a_server_refuses_is_refused(messages: list[dict[str, Any]]) -> None:
    answer = AsgiAnswer()
    for message in messages[:-1]:
        answer.take(message)
    with pytest.raises((RuntimeError, TypeError), match="the application sent"):
        answer.take(messages[-1])


@pytest.mark.parametrize("messages", TAKEN.values(), ids=TAKEN)
def test_what_a_server_takes_is_taken(messages: list[dict[str, Any]]) -> None:
    answer = AsgiAnswer()
    for message in messages:
        answer.take(message)
    assert (answer.is_complete, answer.status) == (True, messages[0]["status"])


@pytest.fixture
def runflow(app: InProcess) -> Iterator[Runflow]:
    with open_tenant_in(app, clock="manual") as opened:
        yield opened
        opened.control.delete_tenant(opened.tenant)


def deliver(runflow: Runflow, receiver: Any) -> tuple[set[int | None], set[str]]:
    """The statuses of all attempts, and what the application has raised."""
    runflow.deliver_to(receiver)
    with httpx.Client(transport=runflow.transport, headers=runflow.headers) as client:
        client.post(RUN, json=BODY).raise_for_status()
    runflow.clock.run_until_idle()
    statuses = {attempt.status_code for delivery in runflow.deliveries for attempt in delivery.attempts}
    return statuses, {str(raised.error).partition(":")[0] for raised in runflow.exceptions}


def shop(answer: Callable[[], Any]) -> FastAPI:
    made = FastAPI()
    made.add_api_route("/hooks", answer, methods=["POST"])
    return made


def test_body_of_a_204_is_told_as_a_server_would(runflow: Runflow) -> None:
    statuses, raised = deliver(runflow, shop(lambda: JSONResponse(None, 204)))
    assert statuses == {500}
    assert raised == {"the application sent 4 bytes of a body, and an answer 204 has none"}


def test_stream_is_taken(runflow: Runflow) -> None:
    async def pieces() -> Any:
        yield b"a"
        yield b"b"

    assert deliver(runflow, shop(lambda: StreamingResponse(pieces(), 202))) == ({202}, set())


Start = Callable[..., Callable[[bytes], object]]


def twice(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [])
    start_response("204 No Content", [])
    return []


def with_numbers(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", 0)])
    return []


def after_an_error(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [])
    start_response("503 Later", [], (None, None, None))
    return []


def by_write(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("400 Bad", [("Content-Type", "text/plain")])(b"no ")
    return [b"order"]


@pytest.mark.parametrize(
    ("app_under_test", "statuses", "says"),
    [
        (twice, {500}, {"the application called start_response a second time without exc_info"}),
        (
            with_numbers,
            {500},
            {"the application answered '200 OK' with [('Content-Length', 0)], and status, names and values of headers are texts"},
        ),
        (after_an_error, {503}, set()),
        (by_write, {400}, set()),
    ],
)
def test_wsgi_application_is_held_to_its_rules(runflow: Runflow, app_under_test: Any, statuses: set[int], says: set[str]) -> None:
    assert deliver(runflow, app_under_test) == (statuses, says)


def test_what_a_wsgi_application_writes_is_part_of_its_answer(runflow: Runflow) -> None:
    deliver(runflow, by_write)
    told = runflow.control.client.get("/_mock/deliveries")["items"][0]["attempts"]
    assert told[0]["response_body"] == "no order"
