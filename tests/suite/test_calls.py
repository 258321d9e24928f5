"""Who calls `verify` wrongly is told what is wrong with the call; no server is blamed for it, and a call that is right goes through."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from urllib3.exceptions import ProtocolError

from runflow_mock.kit.suite.calls import check_call
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.flows import Flow, Needs, play
from runflow_mock.kit.suite.suite_tenants import Pace, SuiteTenant, Target, TargetError
from runflow_mock.openapi.contracts import packaged_contract

ENVELOPE = b'{"code":"NOT_FOUND","message":"Not found.","errors":null}'
AT_ONCE = Pace(1e9, 0.0)


class Elsewhere:
    """A carrier to a server that answers as a function of the path says, with status and body; a body of none ends the connection."""

    def __init__(self, told: Callable[[str], tuple[int, bytes | None]], url: str = "https://api.example") -> None:
        self.url = url
        self._told = told

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer to a request."""
        status, content = (404, b"") if target.startswith("/_mock") else self._told(target)
        if content is None:
            raise ProtocolError("the connection was closed")
        return Answer(method, target, status, {"location": "https://www.api.example/"}, content)

    def close(self) -> None:
        """Does nothing."""


def always(status: int, body: bytes | None = b"{}") -> Callable[[str], tuple[int, bytes | None]]:
    return lambda path: (status, body)


def to_whom_has_a_key(status: int) -> Callable[[str], tuple[int, bytes | None]]:
    return lambda path: (200, b'{"status":"ok"}') if path == "/v1/health" else (status, ENVELOPE)


def target(told: Callable[[str], tuple[int, bytes | None]], url: str = "https://api.example", key: str | None = "key") -> Target:
    return Target(Elsewhere(told, url), key, pace=AT_ONCE)


@pytest.mark.parametrize(
    ("told", "url", "says"),
    [
        (always(404, ENVELOPE), "https://api.example/v1", "has no Runflow API: leave /v1 out of --base-url"),
        (always(404, ENVELOPE), "https://api.example/v1/", "leave /v1 out"),
        (always(404, b'{"detail":"Not Found"}'), "https://api.example", "--base-url is what stands before /v1"),
        (always(200, b"<html></html>"), "https://www.example", "GET /v1/health -> 200 <html></html>"),
        (always(200, b"[]"), "https://www.example", "has no Runflow API"),
        (always(301), "http://api.example", "give --base-url as 'https://www.api.example/' has it"),
        (always(502, b"Bad Gateway"), "https://api.example", "answers nothing but 502"),
        (always(200, None), "https://api.example", "does not answer"),
        (to_whom_has_a_key(401), "https://api.example", "the key is not known: give one that the server knows with --api-key"),
        (to_whom_has_a_key(403), "https://api.example", "the key may not read"),
        (to_whom_has_a_key(429), "https://api.example", "the key has no requests left"),
    ],
)
def test_wrong_call_is_told_with_the_way_out(told: Callable[[str], tuple[int, bytes | None]], url: str, says: str) -> None:
    with pytest.raises(TargetError) as error:
        check_call(target(told, url))
    assert says in str(error.value)


@pytest.mark.parametrize("status", [401, 403, 429])
def test_refusal_of_a_key_says_how_it_was_sent_and_that_nothing_was_judged(status: int) -> None:
    with pytest.raises(TargetError) as error:
        check_call(target(to_whom_has_a_key(status)))
    sent = "it was sent as Authorization: Bearer with GET /v1/runs?limit=1 and GET /v1/models?limit=1, and nothing was judged"
    assert sent in str(error.value)
    assert ("a server that knows this one must take it" in str(error.value)) is (status == 401)


def test_call_without_a_key_is_told() -> None:
    with pytest.raises(TargetError, match="--api-key"):
        check_call(target(always(200), key=None))


@pytest.mark.parametrize(
    "told",
    [
        to_whom_has_a_key(200),
        # A server that fails, or refuses one thing of two, is judged and not excused.
        always(500, ENVELOPE),
        lambda path: (200, b"{}") if "models" in path else (401, ENVELOPE),
        lambda path: (404, ENVELOPE) if path == "/v1/health" else (200, b'{"items":[]}'),
    ],
)
def test_call_that_reaches_an_api_goes_through(told: Callable[[str], tuple[int, bytes | None]]) -> None:
    check_call(target(told))


def reads(tenant: SuiteTenant) -> Iterator[str]:
    tenant.get("/v1/runs")
    yield from ()


@pytest.mark.parametrize(("url", "path", "asked"), [("", "/media/a.png", "/media/a.png"), ("/proxy", "/proxy/media/a.png", "/media/a.png")])
def test_address_behind_a_prefix_is_asked_for_without_it(url: str, path: str, asked: str) -> None:
    there = target(always(200), f"https://api.example{url}")
    assert there.target_of(f"https://api.example{path}?signature=1") == f"{asked}?signature=1"
    assert there.target_of("https://files.example/a.png") is None
    assert there.target_of("https://[files.example/a.png") is None


def test_address_outside_of_the_prefix_leads_past_the_server() -> None:
    assert target(always(200), "https://api.example/proxy").target_of("https://api.example/media/a.png") is None


@pytest.mark.parametrize("is_gone", [False, True])
def test_request_that_is_not_answered_is_a_breach_unless_the_server_is_gone(*, is_gone: bool) -> None:
    there = target(lambda path: (200, None if is_gone or path == "/v1/runs" else b"{}"))
    flow = Flow("reads", "runs are read", Needs.READING, reads)
    if is_gone:
        with pytest.raises(TargetError, match="does not answer any more"):
            play(flow, there, packaged_contract())
    else:
        says = [breach.says for breach in play(flow, there, packaged_contract()).breaches]
        assert says == ["it stopped: GET /v1/runs was not answered: the connection was closed"]
