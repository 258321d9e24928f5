"""Receivers that believe the API more than a callback: each reads the record, in a way of its own, and acts on what agrees with it."""

import hashlib
import hmac
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.error import HTTPError

from handlers import Running, running
from slips import SECRET, WINDOW_SECONDS

from runflow_mock.testing.control import Control
from runflow_mock.testing.samples import EVENTS

Body = dict[str, Any]
NOUNS: Mapping[str, str] = {"run": "runs", "batch": "batches", "evaluation": "evaluations"}
VERDICT = ("overall_passed", "weighted_pass_rate", "top_issues", "top_strengths")
SPELLINGS: Mapping[str, str] = {"canceled": "cancelled", "completed": "succeeded"}


class Api(NamedTuple):
    """Where the application's records are, and with which key they are read."""

    url: str
    key: str

    def get(self, path: str) -> Any:
        """Returns what the API answers."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def fill(control: Control, runs: int, *, ends: bool = True) -> None:
    """Lets an application create runs, and what every event can be about, one after the other; nothing is told of any."""
    for event, sample in [*[("run.completed", EVENTS["run.completed"])] * runs, *EVENTS.items(), *EVENTS.items()]:
        if sample.rule is not None and ends:
            control.add_fault(**sample.rule)
        named = {} if event.startswith("evaluation.") else {"metadata": {"order": time.monotonic_ns()}}
        created = control.client.post(sample.path, {**sample.body, **named})
        if sample.cancels is not None and ends:
            control.client.post(f"/_mock/{sample.cancels}/{created['id']}/cancel")
        if ends:
            control.run_until_idle()
            control.clear_faults()
            control.advance(1)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _state(name: str) -> str:
    return SPELLINGS.get(name, name)


def _agrees(message: Body, record: Body) -> bool:
    """Whether a message says what the record says, in every field that both have."""
    if message["event"].startswith("evaluation."):
        verdict = {name: record[name] for name in VERDICT}
        return (
            message["event"].partition(".")[2] == message["status"] == record["status_code"]
            and message["duration_ms"] == record["eval_duration_ms"]
            and all(_instant(message[name]) == _instant(record[name]) for name in ("created_at", "completed_at"))
            and message["output"] == (None if record["overall_passed"] is None else verdict)
        )
    output = message["output"]
    is_failure = isinstance(output, dict) and output.keys() == {"code", "message", "stage"}
    failure = {"code": record["failure_code"], "message": record["failure_message"], "stage": record["failure_stage_code"]}
    return (
        _state(message["event"].partition(".")[2]) == _state(message["status"]) == _state(record["status_code"])
        and (message["duration_ms"], message["metadata"]) == (record["duration_ms"], record["metadata"])
        and all(_instant(message[name]) == _instant(record[name]) for name in ("created_at", "completed_at"))
        and output == (failure if is_failure else record["output"])
    )


def _by_id(api: Api, noun: str, message: Body) -> bool:
    return _agrees(message, api.get(f"/v1/{NOUNS[noun]}/{message[f'{noun}_id']}"))


def _by_list(api: Api, noun: str, message: Body) -> bool:
    if noun == "evaluation":
        return _by_id(api, noun, message)
    listed = api.get(f"/v1/{NOUNS[noun]}?limit=100")["items"]
    return any(_agrees(message, record) for record in listed if record["id"] == message[f"{noun}_id"])


def _by_items(api: Api, noun: str, message: Body) -> bool:
    """Compares each item of a batch with its own record, and anything else as usual."""
    if noun != "batch" or not _by_id(api, noun, message):
        return _by_id(api, noun, message)
    told = message["output"]["items"]
    for item in api.get(f"/v1/batches/{message['batch_id']}/items?limit=100")["items"]:
        said = told[item["sequence_index"]]
        names = ("status_code", "client_ref", "input")
        if [said[name] for name in names] != [item[name] for name in names] or said.get("output") != item["output"]:
            return False
    return bool(len(told) == message["output"]["total"])


def _by_cost(api: Api, noun: str, message: Body) -> bool:
    """Believes what has cost something that it succeeded, and what has cost nothing that it did not."""
    record = api.get(f"/v1/{NOUNS[noun]}/{message[f'{noun}_id']}")
    api.get("/v1/billing/balance")
    is_paid = record["cost"] is not None and float(record["cost"]) > 0
    return _agrees(message, record) and (is_paid or _state(message["status"]) in ("failed", "cancelled"))


WAYS: Mapping[str, Callable[[Api, str, Body], bool]] = {
    "by its id": _by_id,
    "by the list": _by_list,
    "item by item": _by_items,
    "by what it has cost": _by_cost,
    "after it has answered": _by_id,
    "and asks to be told again": _by_id,
    "and does nothing where they differ": _by_id,
    "and takes it back where they differ": _by_id,
}
"""How the receivers compare; all of them are right."""
REFUSALS: Mapping[str, int] = {"and asks to be told again": 503, "and does nothing where they differ": 204, "after it has answered": 202}


class Checker:
    """What a receiver does with a message; it acts once for each record that has ended."""

    def __init__(self, way: str, api: Api, dialect: str) -> None:
        self.effects = 0
        self._way, self._api, self._is_dated = way, api, dialect == "seed"
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Returns the status of the answer."""
        if not self._is_signed(headers, body):
            return 401
        try:
            message = json.loads(body)
            noun = message["event"].partition(".")[0]
        except (ValueError, KeyError, TypeError, AttributeError):
            return 400
        if noun not in NOUNS or message["event"] not in EVENTS:
            return 204
        if self._way == "after it has answered":
            threading.Thread(target=self._act, args=(noun, message)).start()
            return 202
        return 200 if self._act(noun, message) else REFUSALS.get(self._way, 409)

    def _act(self, noun: str, message: Body) -> bool:
        if self._way == "and takes it back where they differ":
            is_new = self._note(message[f"{noun}_id"])
            if not (is_right := self._agrees(noun, message)) and is_new:
                with self._lock:
                    self._seen.discard(message[f"{noun}_id"])
                    self.effects -= 1
            return is_right
        return self._agrees(noun, message) and (self._note(message[f"{noun}_id"]) or True)

    def _agrees(self, noun: str, message: Body) -> bool:
        """Whether there is a record that says the same."""
        try:
            return WAYS[self._way](self._api, noun, message)
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return False

    def _note(self, mark: str) -> bool:
        with self._lock:
            is_new = mark not in self._seen
            self._seen.add(mark)
            self.effects += is_new
        return is_new

    def _is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        stamp, given = headers.get("runflow-timestamp", ""), headers.get("runflow-signature", "")
        if self._is_dated and not (
            stamp.isascii() and stamp.isdigit() and len(stamp) < 12 and abs(time.time() - int(stamp)) <= WINDOW_SECONDS
        ):
            return False
        content = stamp.encode() + b"." + body if self._is_dated else body
        mine = ("v1=" if self._is_dated else "") + hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
        return hmac.compare_digest(mine.encode(), given.encode())


@contextmanager
def checker(way: str, api: Api, dialect: str = "seed") -> Iterator[Running]:
    """Runs a receiver while the context lasts."""
    shop = Checker(way, api, dialect)

    class Handler(BaseHTTPRequestHandler):
        """HTTP for the receiver."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            self._answer(shop.take({name.lower(): value for name, value in self.headers.items()}, body))

        def do_GET(self) -> None:
            told = self.path == "/effects"
            self._answer(200 if told else 405, str(shop.effects).encode() if told else b"")

        do_HEAD = do_GET  # noqa: N815 - the name is the base class's

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            self._answer(405)

        do_PATCH = do_DELETE = do_PUT  # noqa: N815 - the name is the base class's

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Says nothing."""

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as receiver:
        yield receiver
