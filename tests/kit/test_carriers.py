"""The carrier of samples: what comes after a connection that was to be closed, and what is carried at all."""

import threading
from contextlib import closing
from socketserver import StreamRequestHandler, ThreadingTCPServer

from runflow_mock.kit.probes.carriers import Carrier
from runflow_mock.testing.samples import SampleCallback


class OneAnswer(StreamRequestHandler):
    """Answers one request, and goes once it hears of another one on the same connection."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            continue
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.rfile.readline()


class NoAnswer(StreamRequestHandler):
    """Reads one request, and goes."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            continue


class OneLost(StreamRequestHandler):
    """Notes each request, and answers it but for the first: it falls over what it does then."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            continue
        self.server.requests.append(self.client_address)  # type: ignore[attr-defined]
        if len(self.server.requests) > 1:  # type: ignore[attr-defined]
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def _carry_twice(handler: type[StreamRequestHandler], headers: dict[str, str]) -> list[str]:
    with ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.requests = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with closing(Carrier(f"http://127.0.0.1:{server.server_address[1]}/", seconds_max=5.0)) as carrier:
            answers = [carrier.carry(SampleCallback(headers, b""), "GET") for _ in range(2)]
        server.shutdown()
    return [answer.told.partition(" after")[0] for answer in answers]


def test_connection_that_was_to_be_closed_serves_no_further_sample() -> None:
    assert _carry_twice(OneAnswer, {"Connection": "close"}) == ["answered 200 OK"] * 2


def test_receiver_that_closes_each_connection_without_a_word_is_called_anew() -> None:
    assert _carry_twice(OneAnswer, {}) == ["answered 200 OK"] * 2


def test_receiver_that_gives_no_answer_on_a_new_connection_either_has_given_none() -> None:
    assert all(told.startswith("not answered: ") for told in _carry_twice(NoAnswer, {}))


def test_sample_that_a_receiver_may_have_acted_on_is_not_sent_again_from_its_first_connection() -> None:
    """What falls over a callback tells so by giving no answer; only a connection that carried one can be over when it is used."""
    lost, answered = _carry_twice(OneLost, {})
    assert (lost.partition(": ")[0], answered) == ("not answered", "answered 200 OK")
