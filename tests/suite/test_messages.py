"""What HTTP asks of every answer is asked of it, and of no server more than that."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from msgspec.structs import replace

from runflow_mock.kit.suite.carriers import Answer, HttpCarrier
from runflow_mock.kit.suite.laws_of_messages import LAWS, changed_later
from runflow_mock.kit.suite.memories import Memory

RUN = "/v1/runs/019b76da-a800-7000-8abc-0123456789ab"
JSON = {"content-type": "application/json", "content-length": "2"}
GET = Answer("GET", RUN, 200, JSON, b"{}", moment=3)
HEAD = replace(GET, method="HEAD", body=b"")


class Cut(BaseHTTPRequestHandler):
    """Announces more than it sends, and names two ways to come in, each in a line."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "10")
        self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def cut() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Cut)
    thread = Thread(target=server.handle_request)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    thread.join()
    server.server_close()


def says(law: str, *answers: Answer, memory: Memory | None = None) -> list[str]:
    memory, found = memory or Memory(), list[str]()
    for answer in answers:
        memory.look_at(answer)
        found += LAWS[law](answer, memory)
    return found


def test_body_that_ends_too_soon_over_http_is_told(cut: str) -> None:
    carrier = HttpCarrier(cut)
    answer = carrier.carry("GET", "/v1/health", {}, None)
    carrier.close()
    assert says("content_length", answer) == ["Content-Length is '10', and 2 bytes came"]


def test_lines_of_one_header_are_one_list(cut: str) -> None:
    carrier = HttpCarrier(cut)
    assert carrier.carry("GET", "/v1/health", {}, None).headers["www-authenticate"] == 'Bearer, Basic realm="x"'
    carrier.close()


@pytest.mark.parametrize(
    "answer",
    [
        GET,
        HEAD,
        replace(GET, headers={"content-type": "application/json"}),
        replace(GET, headers={**JSON, "content-length": "9", "content-encoding": "gzip"}),
        replace(GET, status=304, headers={"content-length": "77"}, body=b""),
        replace(GET, status=204, headers={}, body=b""),
    ],
)
def test_length_that_is_right_or_left_out_is_held(answer: Answer) -> None:
    assert says("content_length", answer) == []


@pytest.mark.parametrize(
    ("headers", "body", "is_held"),
    [
        ({"content-type": "application/json"}, b"null", True),
        ({}, b"", True),
        ({"content-type": "application/json"}, b"<p>", False),
        ({}, b"{}", False),
    ],
)
def test_body_is_what_it_is_called(headers: dict[str, str], body: bytes, is_held: bool) -> None:
    assert (says("content_type", replace(GET, headers=headers, body=body)) == []) is is_held


@pytest.mark.parametrize(
    ("allow", "is_held"), [("GET", True), ("HEAD, GET, OPTIONS", True), ("GET, PUT", False), ("", False), ("POST", False)]
)
def test_allow_is_what_the_document_declares(allow: str, is_held: bool) -> None:
    assert (says("allowed_methods", Answer("PUT", RUN, 405, {"allow": allow}, b"")) == []) is is_held


def test_server_that_knows_no_head_is_not_accused() -> None:
    assert says("head_is_get", GET, replace(HEAD, status=405, headers={"allow": "GET"})) == []
    assert says("head_is_get", GET, replace(HEAD, status=405, headers={"allow": "GET, HEAD"})) == [
        "HEAD is not allowed, and Allow lists it"
    ]


@pytest.mark.parametrize(
    ("head", "is_held"),
    [
        (HEAD, True),
        (replace(HEAD, headers={"content-type": "application/json", "x-request-id": "2", "x-ratelimit-remaining": "1"}), True),
        (replace(HEAD, moment=4, status=404), True),
        (replace(HEAD, moment=None, status=404), True),
        (replace(HEAD, target="/v1/runs", status=401), True),
        (replace(HEAD, headers={**JSON, "content-length": "3"}), False),
        (replace(HEAD, headers={**JSON, "etag": '"1"'}), False),
        (replace(HEAD, status=404), False),
        (replace(HEAD, body=b"{}"), False),
    ],
)
def test_head_is_held_against_the_get_before_it(head: Answer, is_held: bool) -> None:
    assert (says("head_is_get", GET, head) == []) is is_held


@pytest.mark.parametrize(("length", "is_held"), [("2", True), ("3", False)])
def test_head_may_tell_the_length_of_a_get_that_came_in_chunks(length: str, is_held: bool) -> None:
    chunked = replace(GET, headers={"content-type": "application/json", "transfer-encoding": "chunked"})
    head = replace(HEAD, headers={"content-type": "application/json", "content-length": length})
    assert (says("head_is_get", chunked, head) == []) is is_held


def test_ids_of_requests_differ_and_are_on_every_success_or_on_none() -> None:
    first, second = (replace(GET, headers={**JSON, "x-request-id": each}) for each in "ab")
    assert says("request_ids", first, second) == []
    assert says("request_ids", GET, GET) == []
    assert says("request_ids", first, first) == ["the X-Request-Id 'a' is that of an earlier request"]
    assert says("request_ids", first, GET) == ["there is no X-Request-Id here, unlike on other answers of this server"]
    assert says("request_ids", GET, first) == ["there is an X-Request-Id here, unlike on other answers of this server"]
    assert says("request_ids", first, replace(GET, status=404), replace(GET, target="/v1/health")) == []


@pytest.mark.parametrize(
    ("dates", "is_held"),
    [
        (("Sun, 01 Mar 2026 10:00:03 GMT", "Sun, 01 Mar 2026 10:00:00 GMT"), True),
        (("Sun, 01 Mar 2026 10:00:06 GMT", "Sun, 01 Mar 2026 10:00:00 GMT"), False),
        (("Mon, 01 Mar 2026 10:00:00 GMT",), False),
        (("2026-03-01T10:00:00Z",), False),
    ],
)
def test_dates_are_those_of_http_and_do_not_go_back(dates: tuple[str, ...], is_held: bool) -> None:
    assert (says("dates", *(replace(GET, headers={"date": date}) for date in dates)) == []) is is_held


@pytest.mark.parametrize(
    ("headers", "is_held"),
    [
        ({"date": "Sun, 01 Mar 2026 10:00:00 GMT", "last-modified": "Sun, 01 Mar 2026 09:00:00 GMT"}, True),
        # What keeps files may have another clock than what sends them.
        ({"date": "Sun, 01 Mar 2026 10:00:00 GMT", "last-modified": "Sun, 01 Mar 2026 10:00:05 GMT"}, True),
        ({"date": "Sun, 01 Mar 2026 10:00:00 GMT", "last-modified": "Sun, 01 Mar 2026 10:00:06 GMT"}, False),
        ({"date": "Sun, 01 Mar 2026 10:00:00 GMT", "last-modified": "Tue, 01 Mar 2026 09:00:00 GMT"}, False),
        # Who tells no date, or none that is one, tells no moment of the answer.
        ({"last-modified": "Sun, 01 Mar 2099 10:00:00 GMT"}, True),
        ({"last-modified": "2026-03-01T10:00:00Z"}, False),
    ],
)
def test_nothing_was_changed_after_it_was_told(headers: dict[str, str], is_held: bool) -> None:
    assert (says("dates", replace(GET, headers=headers)) == []) is is_held


def test_file_was_not_changed_after_it_was_sent() -> None:
    sent = {"date": "Sun, 01 Mar 2026 10:00:00 GMT", "last-modified": "Mon, 02 Mar 2026 10:00:00 GMT"}
    assert list(changed_later(replace(GET, headers=sent))) == [
        "Last-Modified is 'Mon, 02 Mar 2026 10:00:00 GMT', and it was told at 'Sun, 01 Mar 2026 10:00:00 GMT'"
    ]


@pytest.mark.parametrize(
    ("named", "told", "is_held"),
    [
        ('"a"', '"a"', True),
        ('"a"', '"b"', False),
        ('"a", W/"b"', 'W/"b"', True),
        ('"a"', 'W/"a"', True),
        ('W/"a"', '"a"', True),
        ('"a,b"', '"a,b"', True),
        ('"a,b", "c"', '"b"', False),
        ("*", '"a"', True),
        ('"a"', None, True),
        (None, '"a"', True),
    ],
)
def test_only_what_the_request_named_has_not_changed(named: str | None, told: str | None, is_held: bool) -> None:
    sent = {} if named is None else {"if-none-match": named}
    answer = Answer("GET", "/v1/openapi.json", 304, {} if told is None else {"etag": told}, b"", sent_headers=sent)
    assert (says("not_modified", answer) == []) is is_held
