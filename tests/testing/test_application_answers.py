"""An answer that a server would refuse does not pass in a test either: neither of an ASGI application nor of a WSGI one."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from orders_in_process import create_and_wait

from runflow_mock.testing.application_answers import BODY_BYTES_MAX, AsgiAnswer
from runflow_mock.testing.runflow import Runflow

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
    "a length that is none": [start(200, (b"content-length", b"two"))],
    "two lengths": [start(200, (b"content-length", b"1"), (b"content-length", b"2"))],
    "a status before the answer": [start(103)],
    "a status beyond all": [start(700)],
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


def deliver(runflow: Runflow, receiver: Any) -> tuple[set[int | None], set[str]]:
    """The statuses of all attempts, and what the application has raised."""
    runflow.deliver_to(receiver)
    statuses = set(create_and_wait(runflow))
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


def answers(status: str, headers: Any = (), pieces: Any = (b"",)) -> Any:
    """An application of WSGI that answers so."""

    def application(environ: dict[str, Any], start_response: Start) -> Any:
        start_response(status, headers)
        return pieces

    return application


def before_its_head(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    yield b"early"
    start_response("200 OK", [])


def late(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    yield b""
    start_response("202 Accepted", [])
    yield b"taken"


def after_a_piece(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [])
    yield b"taken"
    try:
        raise KeyError("order 17")
    except KeyError:
        start_response("500 Error", [], sys.exc_info())


def with_an_error_page(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    try:
        raise KeyError("order 17")
    except KeyError:
        start_response("500 Error", [], sys.exc_info())
    return [b"an error page"]


def after_an_error(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [])
    start_response("503 Later", [], (None, None, None))
    return []


def by_write(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("400 Bad", [("Content-Type", "text/plain")])(b"no ")
    return [b"order"]


NONE: set[str] = set()
HELD: Mapping[str, tuple[Any, int, set[str]]] = {
    "two heads": (twice, 500, {"the application called start_response a second time without exc_info"}),
    "a value of no text": (
        with_numbers,
        500,
        {"the application answered '200 OK' with [('Content-Length', 0)], and status, names and values of headers are texts"},
    ),
    "too short": (
        answers("200 OK", [("Content-Length", "2")], [b"a"]),
        500,
        {"the application sent 1 bytes of a body, and its Content-Length is 2"},
    ),
    "too long": (
        answers("200 OK", [("Content-Length", "1")], [b"a", b"b"]),
        500,
        {"the application sent 2 bytes of a body, and its Content-Length is 1"},
    ),
    "a body that 204 has not": (
        answers("204 No Content", [], [b"null"]),
        500,
        {"the application sent 4 bytes of a body, and an answer 204 has none"},
    ),
    "a value of two lines": (answers("200 OK", [("X", "a\r\nY")]), 500, {"the application sent the header b'X'"}),
    "a value beyond latin-1": (
        answers("200 OK", [("X", "5 €")]),
        500,
        {"the application sent '5 €' in a header, and no server writes more than latin-1 there"},
    ),
    "a status without a number": (answers("OK"), 500, {"the application sent the status 'OK', and one is written as '200 OK'"}),
    "a status beyond latin-1": (answers("200 你"), 500, {"the application sent the status '200 你', and one is written as '200 OK'"}),
    "a length that nothing has": (
        answers("200 OK", [("Content-Length", "1" * 5_000)]),
        500,
        {"the application sent the header Content-Length"},
    ),
    "a status before the answer": (
        answers("100 Continue"),
        500,
        {"the application sent the status 100, and one of an answer is from 200 to 599"},
    ),
    "no list": (answers("200 OK", [], b"ab"), 500, {"the application returned b'ab' in place of the pieces of its answer"}),
    "a piece of text": (answers("200 OK", [], ["ab"]), 500, {"the application gave 'ab' as a piece of its answer, and a piece is bytes"}),
    "a piece before the head": (before_its_head, 500, {"the application did not call start_response before it gave a piece of its answer"}),
    "an error behind a piece": (after_a_piece, 500, {"'order 17'"}),
    "an error instead": (after_an_error, 503, NONE),
    "an error page": (with_an_error_page, 500, {"'order 17'"}),
    "a body that is written": (by_write, 400, NONE),
    "a head from the pieces": (late, 202, NONE),
    "an empty 204": (answers("204 No Content"), 204, NONE),
    "a status without a reason": (answers("200"), 200, NONE),
}


@pytest.mark.parametrize("name", HELD)
def test_wsgi_application_is_held_to_its_rules(runflow: Runflow, name: str) -> None:
    application, status, says = HELD[name]
    assert deliver(runflow, application) == ({status}, says)


def test_what_a_wsgi_application_writes_is_part_of_its_answer(runflow: Runflow) -> None:
    deliver(runflow, by_write)
    told = runflow.control.client.get("/_mock/deliveries")["items"][0]["attempts"]
    assert told[0]["response_body"] == "no order"


async def endless_asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await receive()
    gone = asyncio.ensure_future(receive())
    await send(OK)
    while not gone.done():
        await send(body(b"x" * 10_000, more=True))
        await asyncio.sleep(0)


def endless_wsgi(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return iter(lambda: b"x" * 10_000, b"")


@pytest.mark.parametrize("receiver", [endless_asgi, endless_wsgi])
def test_answer_without_an_end_is_one_once_it_is_long_enough(runflow: Runflow, receiver: Any) -> None:
    assert deliver(runflow, receiver) == ({200}, set())


def test_long_answer_is_kept_in_part_and_held_to_its_whole_length() -> None:
    answer = AsgiAnswer()
    answer.take(start(200, (b"content-length", b"200000")))
    answer.take(body(b"x" * 100_000, more=True))
    with pytest.raises(RuntimeError, match="sent 100001 bytes of a body, and its Content-Length is 200000"):
        answer.take(body(b"x"))
    assert len(answer.body) == BODY_BYTES_MAX
