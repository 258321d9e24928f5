"""Clients for the bench: one order, made by clients that are built in different right ways, and by others that do one thing wrong.

builds.py NAME runs one of them against the sandbox that the environment names. The bench runs the same code in a world of its own, where
waiting costs no time. Nothing but the standard library is used.
"""

import hashlib
import hmac
import http.client
import json
import math
import os
import random
import re
import sys
import threading
import time
import uuid
from base64 import b32encode, b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

MODEL = "/v1/models/runflow/background-removal"
IMAGE = "https://cdn.example.com/shoe.jpg"
ENDS = ("succeeded", "partial_succeeded", "failed", "cancelled", "canceled")
ENDED = " OR ".join(f"status_code.EQ:'{end}'" for end in ENDS[:-1])
UNFINISHED = ("queued", "dispatching", "running")
TRIES, WINDOW_SECONDS, LONG_SECONDS, HALF_AN_HOUR, NOBODY = 4, 300, 9, 1800, "00000000-0000-7000-8000-000000000000"


class Reply(NamedTuple):
    """Status, headers in lower case, and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Take = Callable[[dict[str, str], bytes], int]
# In which form a client shows its key.
SHOWN: Mapping[str, Callable[[str], str]] = {
    "prints its key when it fails": lambda key: f"Authorization: Bearer {key}",
    "prints its key in base64 when it fails": lambda key: f"Basic {b64encode(f'{key}:'.encode()).decode()}",
    "prints its key in hexadecimal digits when it fails": lambda key: key.encode().hex(),
    "prints its key in base32 when it fails": lambda key: b32encode(key.encode()).decode(),
    "prints its key in capitals when it fails": str.upper,
    "prints its key letter by letter when it fails": " ".join,
    "prints its key turned round when it fails": lambda key: key[::-1],
    "prints the bytes of its key when it fails": lambda key: str([*key.encode()]),
}


class World(Protocol):
    """Where a client lives: what it can send, and how time passes for it."""

    env: Mapping[str, str]

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Reply: ...

    def sleep(self, seconds: float) -> None: ...

    def now(self) -> float: ...

    def ahead(self) -> float: ...

    def listen(self, take: Take) -> str: ...


class Build(NamedTuple):
    """How a client is built: by which way it waits, how it makes sure not to create twice, how it pauses, and what it does wrong.

    `view` is what it asks of a list, `tries` how often it tries at most, `is_called` says that it reads the record when a callback
    comes, and polls it besides, and `is_chained` that each callback is the reason for one more order. It makes so many `orders`, one after
    the other, until one does not go well. With a `deadline` it takes a reading that fails for one of work under way, until that has passed.
    """

    way: str = "record"
    proof: str = "key"
    pauses: str = "exponential"
    poll_seconds: float = 0.7
    is_stubborn: bool = False
    flaw: str = ""
    view: str = "limit=50"
    is_called: bool = False
    tries: int = TRIES
    is_chained: bool = False
    orders: int = 1
    deadline: float | None = None


class Refused(Exception):
    """The API said no, and trying again would not help."""


def pauses_of(kind: str) -> Iterator[float]:
    """Yields the pauses between tries."""
    drawn = random.Random(os.environ.get("RUNFLOW_MOCK_CELL", kind))
    previous = 0.4
    for attempt in range(100):
        previous = min(8.0, drawn.uniform(0.4, previous * 3)) if kind == "decorrelated" else previous
        yield {
            "exponential": 0.4 * 2**attempt,
            "linear": 0.5 * (attempt + 1),
            "doubled seconds": 2.0**attempt,
            "tripled": 1.5 * 3**attempt,
            "capped": min(0.4 * 2**attempt, 1.2),
            "fibonacci": 0.4 * (1, 1, 2, 3, 5, 8)[min(attempt, 5)] if attempt else 0.3,
            "twice the same, then growing": 0.4 * (1, 1, 2, 3, 5, 8)[min(attempt, 5)],
            "at once, then growing": 0.0 if attempt == 0 else 0.2 * 2**attempt,
            "equal jitter": 0.5 * 2**attempt * drawn.uniform(0.5, 1.0),
            "full jitter": 0.8 * 2**attempt * drawn.random(),
            "decorrelated": previous,
            "none": 0.0,
            "constant": 0.4,
            "nearly constant": 0.4 * drawn.uniform(0.97, 1.03),
            "up and down": (0.2, 0.9)[attempt % 2],
            "down and up": (0.9, 0.2)[attempt % 2],
            "shrinking": 1.6 / 2**attempt,
            "unsteady": (0.5, 0.3, 0.4)[attempt % 3],
            "growing gently": 0.1 * 1.4**attempt,
        }[kind]


def _signed(secret: str, stamp: str, body: bytes) -> str:
    """Returns the signature of a callback."""
    return "v1=" + hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def _instant(text: str) -> float:
    """Returns when something was, in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


class Client:
    """Makes one order and sees it through; `flaw` names the one thing that it does wrong."""

    def __init__(self, world: World, build: Build) -> None:
        self.world = world
        self.build = build
        self.flaw = build.flaw
        self.key = world.env["RUNFLOW_API_KEY"]
        self.secret = world.env.get("RUNFLOW_CALLBACK_SECRET", "")
        self.client_ref = f"order-{uuid.uuid4()}"
        self.heard: list[Mapping[str, Any]] = []
        self.seen: set[str] = set()
        self.is_alarmed = False
        self.number = self.number_of_waits = 0

    def main(self) -> int:
        """Returns the exit code."""
        try:
            status = self._orders()
            if status == "failed" and self.flaw == "makes all orders again where one has failed":
                status = self._orders()
        except (Refused, ConnectionError, ValueError, KeyError, TypeError, AttributeError) as error:
            sys.stdout.write(f"failed: {type(error).__name__} {error}\n")
            if (show := SHOWN.get(self.flaw)) is not None:
                sys.stdout.write(f"sent {show(self.key)}\n")
            if self.flaw == "hangs when it fails":
                while True:
                    self.world.sleep(1.0)
            return 0 if self.flaw == "hides failures" else 1
        taken = {"takes failures for success": "failed", "takes cancellations for success": "cancelled"}.get(self.flaw)
        is_good = status in ("succeeded", "partial_succeeded", taken)
        sys.stdout.write(f"{status}\n")
        return 0 if is_good or self.flaw == "hides failures" else 1

    def _orders(self) -> str:
        for left in reversed(range(self.build.orders)):
            self.number = left
            try:
                status = self._order()
            except Refused as refusal:
                if left == 0 or refusal.args != ("402",) or self.flaw != "makes the next order after a 402":
                    raise
                status = "succeeded"
            if left == 0 or status not in ("succeeded", "partial_succeeded"):
                break
            self.client_ref = f"order-{uuid.uuid4()}"
        return status

    def _order(self) -> str:
        url = self.world.listen(self.take) if self.build.way == "callback" or self.build.is_called else None
        if self.flaw == "asks again for what is not there":
            for _ in range(2):
                if self._send("GET", f"/v1/runs/{NOBODY}").status != 404:
                    break
                self.world.sleep(1.0)
        self._make_secrets()
        if self.build.proof == "looks first" and (found := self._look_up()) is not None:
            return self._wait(found)
        record = self._ordered(self._body(url))
        if self.build.way == "creates alone":
            return "succeeded"
        if self.build.way == "callback":
            return self._listen(record["id"])
        for _ in range(2 if self.flaw in ("orders again when it cannot read", "orders again what it no longer finds") else 0):
            try:
                return self._wait(record)
            except Refused as refusal:
                if self.flaw == "orders again what it no longer finds" and refusal.args != ("404",):
                    raise
                record = self._create(self._body(url))
        return self._again(url, self._wait(record))

    def _make_secrets(self) -> None:
        if self.flaw == "prints the secret that it has made":
            sys.stdout.write(f"signs with {self._call('POST', '/v1/callback-secrets', {'label': 'mine'})['secret']}\n")
        if self.flaw == "prints a secret that it has deleted":
            made = self._call("POST", "/v1/callback-secrets", {"label": "mine"})
            self._send("DELETE", f"/v1/callback-secrets/{made['id']}")
            sys.stdout.write(f"signed with {b64encode(made['secret'].encode()).decode()}\n")
        if self.flaw == "prints the secret of its webhook":
            secret = f"whsec_{uuid.uuid4().hex}"
            self._call("POST", "/v1/webhooks", {"url": "https://shop.example.com/hooks", "secret": secret})
            sys.stdout.write(f"webhook with {secret}\n")
        if self.flaw == "prints a secret of its webhook that it has replaced":
            secret = f"whsec_{uuid.uuid4().hex}"
            made = self._call("POST", "/v1/webhooks", {"url": "https://shop.example.com/hooks", "secret": secret})
            self._send("PATCH", f"/v1/webhooks/{made['id']}", {"secret": f"whsec_{uuid.uuid4().hex}"})
            sys.stdout.write(f"no longer with {secret}\n")

    def _again(self, url: str | None, status: str) -> str:
        """What was cancelled, and what has failed of a batch, is ordered again, and it is over then."""
        if status == "cancelled" and self.build.is_stubborn:
            return self._wait(self._create(self._body(url)))
        if status != "partial_succeeded" or not self.build.is_stubborn or self.build.way != "batch":
            return status
        body = self._body(url)
        body["input"] = body["input"] if self.flaw == "orders all again where one has failed" else body["input"][1:]
        return self._wait(self._create(body))

    def _body(self, url: str | None) -> dict[str, Any]:
        image = 17 if self.flaw == "sends a number for an address" else f"{IMAGE}?{self.number}" if self.number else IMAGE
        item: dict[str, Any] = {"image_url": image}
        if self.build.way in ("batch", "items"):
            return {"input": [{**item, "client_ref": self.client_ref}, {"image_url": f"{IMAGE}?2"}]}
        body: dict[str, Any] = {"input": item, "client_ref": self.client_ref}
        if self.flaw == "shows its key in what it creates":
            body["metadata"] = {"authorized_by": self.key}
        if self.flaw == "shows its key in base64 in what it creates":
            body["metadata"] = {"authorized_by": b64encode(f"shop:{self.key}".encode()).decode()}
        if self.flaw == "shows its callback secret" and url is not None:
            url = f"{url}?token={self.secret}"
        if self.flaw == "shows its callback secret turned round" and url is not None:
            url = f"{url}?from={self.secret[::-1]}"
        if self.flaw == "misspells":
            body["inputs"] = body.pop("input")
        return body if url is None else {**body, "callback_url": url}

    # Trying again

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        is_batch = self.build.way in ("batch", "items")
        return self._call("POST", f"{MODEL}/{'batches' if is_batch else 'runs'}", body)

    def _ordered(self, body: dict[str, Any]) -> dict[str, Any]:
        """What is created first, by whoever has an answer of its own to what may go wrong then."""
        try:
            return self._create(body)
        except Refused as refusal:
            if self.flaw != "takes a 409 for done already" or refusal.args != ("409",):
                raise
            return {"id": NOBODY, "status_code": "succeeded"}
        except ValueError:
            if self.flaw != "orders again what it cannot read":
                raise
            return self._create(body)

    def _call(self, method: str, target: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        key = self._key() if body is not None and self.build.proof == "key" else None
        tries = {
            "pauses: up and down": 5,
            "pauses: down and up": 5,
            "never gives up": 12,
            "tries for ever": 100,
            "tries for ever, and ever later": 100,
            "does not try again": 1,
            "reads for ever what fails": 100 if body is None else self.build.tries,
        }.get(self.flaw, self.build.tries)
        if self.flaw == "orders again when it cannot read" and body is None:
            tries = 1
        flawed = {("reads again at once whatever fails", True): "none", ("pauses: constant between readings", True): "constant"}
        flawed["pauses: constant between creations", False] = "constant"
        pauses = flawed.get((self.flaw, body is None), self.build.pauses)
        for attempt, pause in zip(range(1, tries + 1), pauses_of(pauses), strict=False):
            reply = self._try(method, target, body, key)
            if reply is not None and (reply.status < 300 or self.flaw == "trusts that every answer is JSON"):
                return self._read(reply.body)
            if reply is not None and not self._may_help(reply, attempt, body):
                raise Refused(str(reply.status))
            if attempt == tries:
                break
            self.world.sleep(self._pause(reply, pause, is_creation=body is not None))
            if body is not None and self.flaw in ("notes the try under the same key", "notes the try"):
                body = {**body, "metadata": {"try": attempt}}
            if reply is not None and reply.status == 402 and self.flaw != "repeats a 402":
                key, body = str(uuid.uuid4()), {**(body or {}), "client_ref": f"{self.client_ref}-{attempt}"}
            key = str(uuid.uuid4()) if key is not None and self._drops_key(reply) else key
            if body is not None and (reply is None or reply.status >= 500):
                found = self._look_up() if self.build.proof in ("look-up", "looks first") else None
                if found is not None and self.flaw != "looks, and creates all the same":
                    return found
        raise Refused("too many failures")

    def _drops_key(self, reply: Reply | None) -> bool:
        return {
            "another key for every try": reply is None or reply.status >= 500,
            "takes another key after a 409": reply is not None and reply.status == 409,
        }.get(self.flaw, False)

    def _key(self) -> str:
        drawn = str(uuid.uuid4())
        return {"shows its key in its Idempotency-Key": f"{self.key}-{drawn}", "has one key for all": "order"}.get(self.flaw, drawn)

    def _read(self, body: bytes) -> dict[str, Any]:
        is_done = {
            "takes a page for success": body.startswith(b"<"),
            "takes a page for an order": body.startswith(b"<"),
            "takes no content for success": not body,
        }
        if is_done.get(self.flaw, False):
            return {"id": NOBODY, "status_code": "succeeded"}
        if self.flaw == "reads ASCII alone":
            body.decode("ascii")
        read: dict[str, Any] = json.loads(body)
        if self.flaw == "looks for texts instead of reading JSON":
            first = {name: re.search(f'"{name}":"([^"]*)"', body.decode()) for name in ("id", "status_code")}
            read.update({name: found[1] for name, found in first.items() if found is not None})
        return read

    def _try(self, method: str, target: str, body: dict[str, Any] | None, key: str | None) -> Reply | None:
        began = self.world.now()
        if self.flaw == "reads again at once after a 429, past a cache" and body is None:
            target = f"{target}{'&' if '?' in target else '?'}_={uuid.uuid4()}"
        try:
            reply = self._send(method, target, body, key)
        except ConnectionError as error:
            is_cut, is_late = "cut" in str(error), self.world.now() - began > LONG_SECONDS
            gives_up = {"takes a cut answer for a failure": is_cut, "gives up where a reading takes long": is_late}
            if body is None and gives_up.get(self.flaw, False):
                raise Refused("no whole answer in time") from None
            return None
        if body is not None and self.flaw == "waits two and a half seconds for an answer" and self.world.now() - began > 2.5:
            raise Refused("no answer in time")
        if reply.status == 502 and body is not None and self.flaw == "trusts that every error is JSON":
            raise Refused(json.loads(reply.body)["error"])
        return reply

    def _may_help(self, reply: Reply, attempt: int, body: dict[str, Any] | None) -> bool:
        if self.flaw == "repeats refusals" and attempt < 3 and reply.status != 402:
            return True
        if (self.flaw, reply.status) in (("repeats a 403", 403), ("takes another key after a 409", 409)) and attempt < 3:
            return True
        if self.flaw in ("goes on without credit", "repeats a 402") and reply.status == 402 and attempt < 3 and body is not None:
            return True
        ends = {"does not know a 504": reply.status == 504, "gives up at a 500 of a reading": reply.status == 500 and body is None}
        if ends.get(self.flaw, False):
            return False
        if self.flaw == "gives up at 429":
            return reply.status >= 500
        return reply.status >= 500 or reply.status in (408, 429)

    def _pause(self, reply: Reply | None, pause: float, *, is_creation: bool) -> float:
        asked = None if reply is None else reply.headers.get("retry-after")
        if reply is not None and reply.status == 429 and asked is None and self.flaw.endswith("no Retry-After"):
            if self.flaw.startswith("fails"):
                raise ValueError("int() argument must be a string, not None")
            return 0.0
        is_passed_over = self.flaw == "reads again before a 503 says" and not is_creation and reply is not None and reply.status == 503
        if reply is None or asked is None or self.flaw == "ignores Retry-After" or is_passed_over:
            return pause
        is_at_once = self.flaw.startswith("reads again at once after a 429") and not is_creation
        if self.flaw == f"tries a {reply.status} again at once" or is_at_once:
            return 0.0
        if self.flaw == "waits five seconds whatever is asked" or (self.flaw == "cannot read dates" and not asked.isdigit()):
            return 5.0 if self.flaw.endswith("asked") else pause
        now = self._on_the_wall() if self.flaw == "reads dates in its own time" else self.world.now()
        if self.flaw == "waits for less than nothing" and not asked.isdigit() and parsedate_to_datetime(asked).timestamp() < now:
            raise ValueError("sleep length must be non-negative")
        seconds = float(asked) if asked.isdigit() else max(parsedate_to_datetime(asked).timestamp() - now, 0.0)
        self.number_of_waits += 1
        flawed = {
            "takes Retry-After for milliseconds": seconds / 1000,
            "waits half of Retry-After": seconds / 2,
            "obeys Retry-After once": seconds if self.number_of_waits == 1 else pause,
        }
        flawed.update({f"waits {name} at most": min(seconds, most) for name, most in (("one second", 1.0), ("twenty seconds", 20.0))})
        return flawed.get(self.flaw, seconds + (0.3 if self.build.pauses.endswith("jitter") else 0.0))

    def _look_up(self) -> dict[str, Any] | None:
        ref = "order-of-yesterday" if self.flaw == "looks for something else" else self.client_ref
        if self.flaw == "does not look":
            return None
        noun = "batches" if self.build.way in ("batch", "items") else "runs"
        if noun == "batches":
            batches = self._call("GET", "/v1/batches?limit=100")["items"]
            return next((batch for batch in batches if ref in json.dumps(batch)), None)
        is_any = self.flaw == "takes the newest for what it has lost"
        if self.flaw == "looks at ten of a list for what it has lost":
            items = self._call("GET", "/v1/runs?limit=10")["items"]
            return next((run for run in items if run["client_ref"] == ref), None)
        query = "limit=1" if is_any else f"q={quote(f'client_ref.EQ:{ref!r}')}&limit=1"
        items = self._call("GET", f"/v1/runs?{query}")["items"]
        return items[0] if items else None

    # Waiting

    def _wait(self, record: dict[str, Any]) -> str:
        pauses = {"polls a little too often": 0.42, "polls the run and the list in turns": 0.35}
        pause = 0.1 if self.flaw.startswith("polls too often") else pauses.get(self.flaw)
        salt, began = 0, self.world.now()
        while True:
            if self._has_enough(record, self.world.now() - began):
                return "succeeded"
            if self._orders_anew(record, salt):
                return self._wait(self._create({**self._body(None), "metadata": {"again": True}}))
            status = str(record["status_code"])
            self._lose_patience(record, self.world.now() - began)
            if status == "cancelled" and self.flaw == "knows canceled alone":
                self.world.sleep(1.0)
                record = self._look(record, 0)
                continue
            if status in ENDS and not (self.flaw == "partial is no end" and status == "partial_succeeded"):
                return self._end(record, status)
            if status not in UNFINISHED and status not in ENDS and self.flaw == "takes what it does not know for the end":
                return self._end(record, status)
            is_unknown = record["status_code"] is not None and status not in UNFINISHED and status not in ENDS
            if is_unknown and self.flaw == "takes what it does not know for success":
                return "succeeded"
            self._pass(self.build.poll_seconds if pause is None else pause)
            salt += 1
            if salt > {"takes ten readings for enough": 10}.get(self.flaw, salt):
                return "succeeded"
            record = self._look(record, salt) if self.build.deadline is None else self._look_once(record)
            if self.flaw == "knows all fields" and "x_unknown" in record:
                raise Refused("unknown field")

    def _has_enough(self, record: Any, seconds: float) -> bool:
        return {
            "takes twenty seconds for enough": seconds > 20,
            "takes thirty seconds for enough": seconds > 30,
            "takes what is no object for the end": not isinstance(record, dict),
            "takes what has no state for the end": isinstance(record, dict) and record.get("status_code") is None,
        }.get(self.flaw, False)

    def _orders_anew(self, record: dict[str, Any], salt: int) -> bool:
        return {
            "orders again when it has waited long": salt == 14,
            "orders again what tells no state": record["status_code"] is None,
        }.get(self.flaw, False)

    def _lose_patience(self, record: dict[str, Any], seconds: float) -> None:
        if self.build.deadline is not None and seconds > self.build.deadline and record["status_code"] in UNFINISHED:
            raise Refused("it takes too long")
        if self.flaw == "takes UTC for its own time" and self._on_the_wall() - _instant(record["created_at"]) > HALF_AN_HOUR:
            raise Refused("it takes too long")

    def _pass(self, seconds: float) -> None:
        """Lets time pass, until somebody calls."""
        heard = len(self.heard)
        while seconds > 0 and len(self.heard) == heard:
            step = min(seconds, 0.1) if self.build.is_called else seconds
            self.world.sleep(step)
            seconds -= step

    def _look(self, record: dict[str, Any], salt: int) -> dict[str, Any]:
        identifier = record["id"]
        if self.flaw == "polls too often, by its log":
            self._call("GET", f"/v1/runs/{identifier}/logs")
            if salt % 10:
                return record
        if self.build.way == "list" or (self.flaw == "polls the run and the list in turns" and salt % 2):
            query = {
                "polls too often, pages of any length": f"limit={50 + salt % 40}",
                "polls too often, what is new": f"q={quote(f'created_at.LT:{self._moment()!r}')}&limit=50",
                "reads ten of a list alone": "limit=10",
                "takes the newest for its own": "limit=1&sort_by=created_at%3Adesc",
                "takes the oldest for its own": "limit=1&sort_by=created_at%3Aasc",
            }.get(self.flaw, self.build.view)
            items = self._call("GET", f"/v1/runs?{query}")["items"]
            is_any = self.flaw.endswith("for its own")
            # Two fields are enough, and the id is none of them.
            name, own = ("client_ref", self.client_ref) if self.build.view.startswith("fields=") else ("id", identifier)
            return next(({**record, **item} for item in items if is_any or item[name] == own), record)
        if self.build.way == "items":
            items = self._call("GET", f"/v1/batches/{identifier}/items")["items"]
            if all(item["status_code"] in ENDS for item in items):
                return self._call("GET", f"/v1/batches/{identifier}")
            is_enough = self.flaw == "waits for the first of several" and items[0]["status_code"] in ENDS
            return {**record, "status_code": items[0]["status_code"]} if is_enough else record
        noun = "batches" if self.build.way == "batch" else "runs"
        query = f"?_={salt}" if self.flaw.endswith("past a cache") else f"?api_key={self.key}" if self.flaw == "shows its key" else ""
        try:
            return self._call("GET", f"/v1/{noun}/{identifier}{query}")
        except Refused as refusal:
            is_taken = {
                "takes a 404 of a reading for work under way": refusal.args == ("404",),
                "takes a 404 of a reading for success": refusal.args == ("404",),
                "takes every refusal of a reading for work under way": True,
                "takes a 403 of a reading for work under way": refusal.args == ("403",),
            }
            if not is_taken.get(self.flaw, False):
                raise
            return {**record, "status_code": "succeeded"} if self.flaw.endswith("404 of a reading for success") else record

    def _look_once(self, record: dict[str, Any]) -> dict[str, Any]:
        """One reading; what fails for a while leaves the record as it was."""
        reply = self._try("GET", f"/v1/runs/{record['id']}", None, None)
        if reply is not None and reply.status < 300:
            return self._read(reply.body)
        if reply is not None and not self._may_help(reply, 1, None):
            raise Refused(str(reply.status))
        self.world.sleep(self._pause(reply, 0.0, is_creation=False))
        return record

    def _on_the_wall(self) -> float:
        """What the clock on the wall says, as if it were UTC."""
        return self.world.now() + self.world.ahead()

    def _moment(self) -> str:
        """The present, as it is written in a query."""
        return datetime.fromtimestamp(self.world.now(), UTC).isoformat().replace("+00:00", "Z")

    def _end(self, record: dict[str, Any], status: str) -> str:
        for salt in range(0 if not self.flaw.startswith("polls after the end") else 4 if self.build.way == "record" else 8):
            self.world.sleep(0.7)
            if self.build.way == "items":
                self._call("GET", f"/v1/batches/{record['id']}/items")
            elif self.flaw == "polls after the end, its log":
                self._call("GET", f"/v1/runs/{record['id']}/logs")
            else:
                self._look(record, 1000 + salt)
        if self.flaw == "counts how long runs took" and status == "succeeded" and record["duration_ms"] is None:
            raise ValueError("it took None seconds")
        if self.flaw == "counts how long runs waited" and status == "succeeded":
            sys.stdout.write(f"it waited {_instant(record['started_at']) - _instant(record['created_at'])} s\n")
        if self.flaw == "counts what runs cost" and status == "succeeded":
            sys.stdout.write(f"it cost {float(record['cost'])}\n")
        for piece in json.dumps(record.get("output")).split('"'):
            if "/media/" in piece and piece.startswith("http"):
                self._fetch(piece)
        return status

    def _fetch(self, address: str) -> None:
        """One file; an error page is none, nor is half of one."""
        parts = urlsplit(address)
        headers = {
            "sends the key to files": {"Authorization": f"Bearer {self.key}"},
            "sends the key to files in a cookie": {"Cookie": f"lang=de; session={self.key}"},
        }.get(self.flaw, {})
        try:
            reply = self.world.send("GET", f"{parts.path}?{parts.query}", headers, None)
        except ConnectionError:
            if self.flaw != "takes half of a file for the whole":
                raise
            return
        is_saved = self.flaw == "saves whatever a download answers" or (self.flaw == "saves a refusal for a file" and reply.status < 500)
        if reply.status >= 400 and not is_saved:
            raise ValueError(f"{reply.status} instead of a file")

    # Callbacks

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Returns the status of the answer to a callback."""
        stamp, signature = headers.get("runflow-timestamp", ""), headers.get("runflow-signature", "")
        expected = _signed(self.secret, stamp, body)
        is_signed = {
            "trusts every callback": True,
            "trusts who does not sign": signature == "" or hmac.compare_digest(expected.encode(), signature.encode()),
            "looks at the form of the signature": signature.startswith("v1=") and len(signature) == 67,
            "compares the beginning of the signature": expected[:19] == signature[:19],
            "verifies the first attempt alone": not headers["runflow-request-id"].endswith("-1") or self._signs(stamp, body, signature),
            "compares both ends of the signature": (expected[:11], expected[-8:]) == (signature[:11], signature[-8:]),
            "compares the end of the signature": expected[-16:] == signature[-16:],
            "compares the middle of the signature": expected[30:40] == signature[30:40],
            "sorts the digits of the signature": sorted(expected) == sorted(signature),
            "signs with nothing as well": signature in (expected, _signed("", stamp, body)),
            "signs with the prefix of secrets as well": signature in (expected, _signed("rf_whsec_", stamp, body)),
            "passes over what follows the signature": signature.startswith(expected),
            "compares as many digits as it is given": len(signature) > len("v1=") and expected.startswith(signature),
            "trims the body before it verifies": self._signs(stamp, body.strip(), signature),
            "signs what it has parsed and written again": self._signs_anew(stamp, body, signature),
        }.get(self.flaw, hmac.compare_digest(expected.encode(), signature.encode()))
        is_first = headers["runflow-request-id"].endswith("-1")
        window = {
            "takes old callbacks": 1e9,
            "has a nine-minute window": 540,
            "looks at the time of the first attempt alone": WINDOW_SECONDS if is_first else 1e9,
        }.get(self.flaw, WINDOW_SECONDS)
        if self.flaw == "acts, then verifies" and not self.heard:
            self.heard.append(json.loads(body))
        now = self._on_the_wall() if self.flaw == "dates callbacks by its own time" else self.world.now()
        if not is_signed or abs(now - float(stamp or 0)) > window:
            flaw = "fails at a forged callback" if not is_signed else "fails at an old callback"
            self.is_alarmed = self.flaw == flaw
            return 401
        message = json.loads(body)
        self.is_alarmed = self.flaw == "fails at a field of callbacks that it does not know" and "x_unknown" in message
        missed = {"knows all fields of callbacks": "x_unknown" in message, "counts how long it took": message["duration_ms"] is None}
        if missed.get(self.flaw, self.flaw == "reads when a callback's run has ended" and message["completed_at"] is None):
            return 500
        delivery = headers["runflow-request-id"].rpartition("-")[0]
        if delivery in self.seen:
            self.is_alarmed = self.flaw == "fails at a repeat"
            if self.flaw == "orders more at each repeat":
                self.heard.append(message)
            return 409 if self.flaw == "refuses repeats" else 200
        self.seen.add(delivery)
        self.heard.append(message)
        return 500 if self.flaw == "answers 500" else 204

    def _signs_anew(self, stamp: str, body: bytes, signature: str) -> bool:
        again = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
        return self._signs(stamp, again, signature)

    def _signs(self, stamp: str, body: bytes, signature: str) -> bool:
        return signature == _signed(self.secret, stamp, body)

    def _listen(self, own: str) -> str:
        if self.flaw == "stops at a callback before the answer" and self.heard:
            raise Refused("told of a run that was not created yet")
        began = self.world.now()
        while (told := next((message for message in self.heard if message.get("run_id") == own), None)) is None:
            self.world.sleep(0.1)
            if self.flaw == "listens for ten seconds" and self.world.now() - began > 10:
                return "succeeded"
            if self.is_alarmed:
                raise Refused("a callback that is not signed")
        # Repeats and late answers are still taken for a moment.
        self.world.sleep(0.5)
        if self.is_alarmed:
            raise Refused("a callback that came before")
        # What is made of the first is ordered then.
        ends = [self._wait(self._create({"input": {"image_url": f"{IMAGE}?2"}})) for _ in self.heard if self.build.is_chained]
        return (
            "succeeded"
            if self.flaw == "takes any callback for success"
            else next((end for end in ends if end != "succeeded"), str(told["status"]))
        )

    def _send(self, method: str, target: str, body: dict[str, Any] | None = None, key: str | None = None) -> Reply:
        headers = {"Authorization": f"Bearer {self.key}"}
        if self.flaw == "sends its key twice":
            headers["X-Api-Key"] = self.key
        if key is not None:
            headers["Idempotency-Key"] = "undefined" if self.flaw == "has a key that is none" else key
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.world.send(method, target, headers, None if body is None else json.dumps(body).encode())


class Machine:
    """The real world: HTTP, a real clock, and a port to listen on."""

    env: Mapping[str, str] = os.environ

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Reply:
        """One request; an answer that is cut off is a `ConnectionError`."""
        base = urlsplit(self.env["RUNFLOW_BASE_URL"])
        connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=20)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        except http.client.HTTPException as error:
            cut = "the answer is cut off" if isinstance(error, http.client.IncompleteRead) else str(error)
            raise ConnectionError(cut) from None
        finally:
            connection.close()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)

    def now(self) -> float:
        """The time."""
        return time.time()

    def ahead(self) -> float:
        """How many seconds the clock on the wall is ahead of UTC."""
        return -float(time.altzone if time.localtime().tm_isdst else time.timezone)

    def listen(self, take: Take) -> str:
        """Takes callbacks from now on, at the address that is returned."""

        class Handler(BaseHTTPRequestHandler):
            """Answers callbacks."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(take({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Says nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/callbacks"


RIGHT: Mapping[str, Build] = {
    "Idempotency-Key, polls the run, exponential pauses": Build(),
    "Idempotency-Key, polls the run slowly, full jitter": Build(pauses="full jitter", poll_seconds=2.0),
    "Idempotency-Key, tries again at once and then ever later": Build(pauses="at once, then growing"),
    "looks its client_ref up, polls the run, linear pauses": Build(proof="look-up", pauses="linear"),
    "looks its client_ref up, polls the list, capped pauses": Build(way="list", proof="look-up", pauses="capped"),
    "looks its client_ref up, polls the run, Fibonacci pauses": Build(proof="look-up", pauses="twice the same, then growing"),
    "looks before it creates at all, equal jitter": Build(proof="looks first", pauses="equal jitter"),
    "Idempotency-Key, polls the list": Build(way="list", pauses="fibonacci"),
    "Idempotency-Key, polls the list for two fields": Build(way="list", view="fields=client_ref%2Cstatus_code&limit=50"),
    "Idempotency-Key, polls the list of what has ended": Build(way="list", view=f"q={quote(ENDED)}&limit=50"),
    "Idempotency-Key, polls the run, and reads it when a callback comes": Build(is_called=True),
    "Idempotency-Key, callbacks only": Build(way="callback"),
    "Idempotency-Key, callbacks, each the reason for one more order": Build(way="callback", is_chained=True),
    "Idempotency-Key, creates and ends": Build(way="creates alone"),
    "looks its client_ref up, callbacks only, equal jitter": Build(way="callback", proof="look-up", pauses="equal jitter"),
    "batch, Idempotency-Key, polls the batch, decorrelated jitter": Build(way="batch", pauses="decorrelated"),
    "batch, orders again what has failed of it": Build(way="batch", is_stubborn=True),
    "Idempotency-Key, polls the run, orders again what was cancelled": Build(is_stubborn=True),
    "batch, looks it up, polls the items": Build(way="items", proof="look-up", poll_seconds=1.5),
    "batch, Idempotency-Key, polls the items, linear pauses": Build(way="items", pauses="linear"),
    "Idempotency-Key, polls the run, eight tries with doubled pauses": Build(pauses="doubled seconds", tries=8),
    "Idempotency-Key, three orders one after the other": Build(orders=3),
    "Idempotency-Key, polls the run until a deadline, whatever fails": Build(poll_seconds=2.0, deadline=45.0),
    "looks its client_ref up, polls the run, six tries with tripled pauses": Build(proof="look-up", pauses="tripled", tries=6),
}

LISTS, HEARS = Build(way="list"), Build(way="callback")
# What a client does wrong, how it is built otherwise, and the rules that it breaks by it, and no other.
WRONG: Mapping[str, tuple[Build, tuple[str, ...]]] = {
    "tries a 429 again at once": (Build(), ("retry-after",)),
    "tries a 503 again at once": (Build(), ("retry-after",)),
    "ignores Retry-After": (Build(), ("retry-after",)),
    "takes Retry-After for milliseconds": (Build(), ("retry-after",)),
    "waits half of Retry-After": (Build(), ("retry-after",)),
    "obeys Retry-After once": (Build(), ("retry-after",)),
    "reads again at once after a 429": (Build(), ("retry-after",)),
    "reads again at once after a 429, past a cache": (Build(), ("retry-after",)),
    "waits one second at most": (LISTS, ("retry-after",)),
    "waits five seconds whatever is asked": (Build(), ("retry-after",)),
    "waits twenty seconds at most": (Build(), ("retry-after",)),
    "reads dates in its own time": (Build(), ("retry-after",)),
    "cannot read dates": (Build(), ("retry-after",)),
    "pauses: none": (Build(pauses="none"), ("retry-backoff",)),
    "pauses: constant": (Build(pauses="constant"), ("retry-backoff",)),
    "pauses: constant between readings": (Build(), ("retry-backoff",)),
    "pauses: constant between creations": (Build(), ("retry-backoff",)),
    "pauses: nearly constant": (LISTS._replace(pauses="nearly constant"), ("retry-backoff",)),
    "reads again at once whatever fails": (Build(), ("retry-backoff",)),
    "pauses: up and down": (Build(pauses="up and down"), ("retry-backoff",)),
    "pauses: down and up": (Build(pauses="down and up"), ("retry-backoff",)),
    "pauses: shrinking": (Build(pauses="shrinking"), ("retry-backoff",)),
    "never gives up": (Build(pauses="growing gently"), ("retry-gives-up",)),
    "tries for ever": (Build(), ("retry-gives-up",)),
    "tries for ever, and ever later": (Build(pauses="doubled seconds"), ("retry-gives-up",)),
    "reads for ever what fails": (Build(), ("retry-gives-up",)),
    "reads for ever, as if nothing had failed": (Build(poll_seconds=5.0, deadline=math.inf), ("retry-gives-up",)),
    "takes no pause where there is no Retry-After": (Build(), ("retry-backoff",)),
    "fails where there is no Retry-After": (Build(), ("recovers",)),
    "does not try again": (Build(), ("recovers",)),
    "gives up at 429": (Build(), ("recovers",)),
    "trusts that every answer is JSON": (Build(), ("recovers",)),
    "trusts that every error is JSON": (Build(), ("recovers",)),
    "takes a cut answer for a failure": (Build(), ("recovers",)),
    "gives up where a reading takes long": (Build(), ("recovers",)),
    "repeats refusals": (Build(), ("poll-absent", "retry-refused")),
    "repeats a 403": (Build(), ("retry-refused",)),
    "goes on without credit": (Build(), ("retry-stops-on-402",)),
    "repeats a 402": (Build(), ("retry-stops-on-402",)),
    "makes the next order after a 402": (Build(orders=3), ("retry-stops-on-402",)),
    "takes every refusal of a reading for work under way": (Build(), ("poll-absent", "retry-gives-up", "retry-refused")),
    "takes a 403 of a reading for work under way": (Build(), ("retry-refused",)),
    "takes a 404 of a reading for work under way": (Build(), ("poll-absent",)),
    "takes a 404 of a reading for success": (Build(), ("reports-failure",)),
    "takes a 409 for done already": (Build(), ("reports-failure",)),
    "does not know a 504": (Build(), ("recovers",)),
    "gives up at a 500 of a reading": (Build(), ("recovers",)),
    "reads again before a 503 says": (Build(), ("retry-after",)),
    "orders again what it cannot read": (Build(), ("creates-once",)),
    "counts how long runs took": (Build(), ("tolerates-nulls",)),
    "counts how long runs waited": (Build(), ("tolerates-nulls",)),
    "counts what runs cost": (Build(), ("tolerates-nulls",)),
    "waits two and a half seconds for an answer": (Build(), ("recovers",)),
    "waits for less than nothing": (Build(), ("recovers",)),
    "reads ASCII alone": (Build(), ("tolerates-unknown-fields",)),
    "no key": (Build(proof="none"), ("creates-once", "retry-idempotency-key")),
    "another key for every try": (Build(), ("creates-once", "retry-idempotency-key")),
    "notes the try": (Build(proof="none"), ("creates-once", "retry-idempotency-key")),
    "takes another key after a 409": (Build(), ("creates-once", "retry-idempotency-key")),
    "has a key that is none": (Build(), ("retry-idempotency-key",)),
    "has one key for all": (Build(way="batch", is_stubborn=True), ("retry-idempotency-key",)),
    "notes the try under the same key": (Build(), ("retry-idempotency-key",)),
    "looks, and creates all the same": (Build(proof="look-up"), ("creates-once", "retry-idempotency-key")),
    "orders again what tells no state": (Build(), ("creates-once",)),
    "looks at ten of a list for what it has lost": (Build(proof="look-up"), ("creates-once",)),
    "looks for something else": (Build(proof="look-up"), ("creates-once", "retry-idempotency-key")),
    "orders again when it cannot read": (Build(), ("creates-once",)),
    "orders again when it has waited long": (Build(), ("creates-once",)),
    "orders again what it no longer finds": (Build(), ("creates-once",)),
    "orders more at each repeat": (HEARS._replace(is_chained=True), ("creates-once",)),
    "does not look": (Build(proof="look-up", way="batch"), ("creates-once", "retry-idempotency-key")),
    "polls too often": (Build(), ("poll-interval",)),
    "polls a little too often": (Build(), ("poll-interval",)),
    "polls too often, the list": (LISTS, ("poll-interval",)),
    "polls too often, the items of a batch": (Build(way="items"), ("poll-interval",)),
    "polls the run and the list in turns": (Build(), ("poll-interval",)),
    "polls too often, past a cache": (Build(), ("poll-interval",)),
    "polls too often, by its log": (Build(), ("poll-interval",)),
    "polls too often, pages of any length": (LISTS, ("poll-interval",)),
    "polls too often, what is new": (LISTS, ("poll-interval",)),
    "polls after the end": (Build(), ("poll-stops",)),
    "polls after the end, past a cache": (Build(), ("poll-stops",)),
    "polls after the end, its log": (Build(), ("poll-stops",)),
    "polls after the end, the list": (LISTS, ("poll-stops",)),
    "polls after the end, the items of a batch": (Build(way="items"), ("poll-stops",)),
    "asks again for what is not there": (Build(), ("poll-absent",)),
    "partial is no end": (Build(), ("handles-partial", "poll-stops")),
    "knows all fields": (Build(), ("tolerates-unknown-fields",)),
    "looks for texts instead of reading JSON": (Build(), ("tolerates-unknown-fields",)),
    "reads ten of a list alone": (LISTS, ("finds-its-own",)),
    "takes a page for success": (Build(), ("takes-no-page",)),
    "takes a page for an order": (Build(way="creates alone"), ("takes-no-page",)),
    "takes no content for success": (Build(), ("takes-no-page",)),
    "takes what is no object for the end": (Build(), ("takes-no-page",)),
    "takes what has no state for the end": (Build(), ("takes-no-page",)),
    "waits for the first of several": (Build(way="items"), ("waits-for-ends",)),
    "takes ten readings for enough": (Build(), ("waits-for-ends",)),
    "listens for ten seconds": (HEARS, ("waits-for-ends",)),
    "takes twenty seconds for enough": (Build(), ("waits-for-ends",)),
    "takes thirty seconds for enough": (Build(), ("waits-for-ends",)),
    "takes the newest for what it has lost": (Build(proof="look-up"), ("finds-its-own",)),
    "takes the newest for its own": (LISTS, ("finds-its-own",)),
    "takes the oldest for its own": (LISTS, ("finds-its-own",)),
    "saves whatever a download answers": (Build(), ("checks-files",)),
    "saves a refusal for a file": (Build(), ("checks-files",)),
    "takes half of a file for the whole": (LISTS, ("checks-files",)),
    "takes what it does not know for the end": (Build(), ("tolerates-unknown-states",)),
    "takes what it does not know for success": (LISTS, ("tolerates-unknown-states",)),
    "hides failures": (Build(), ("checks-files", "reports-failure")),
    "takes any callback for success": (HEARS, ("reports-failure",)),
    "takes failures for success": (LISTS, ("reports-failure",)),
    "takes cancellations for success": (Build(), ("reports-failure",)),
    "knows canceled alone": (Build(), ("poll-stops", "reports-failure")),
    "hangs when it fails": (Build(), ("ends", "reports-failure")),
    "orders all again where one has failed": (Build(way="batch", is_stubborn=True), ("keeps-successes",)),
    "makes all orders again where one has failed": (Build(orders=3), ("keeps-successes",)),
    "misspells": (Build(), ("completes", "contract")),
    "sends a number for an address": (Build(), ("completes", "contract")),
    "sends the key to files": (Build(), ("key-not-to-files",)),
    "sends the key to files in a cookie": (Build(), ("key-not-to-files",)),
    "shows its callback secret": (HEARS, ("key-not-in-address",)),
    "shows its callback secret turned round": (HEARS, ("key-not-in-address",)),
    "prints its key when it fails": (Build(), ("key-not-in-output",)),
    "prints the secret that it has made": (Build(), ("key-not-in-output",)),
    "prints a secret that it has deleted": (Build(), ("key-not-in-output",)),
    "prints the secret of its webhook": (Build(), ("key-not-in-output",)),
    "prints its key in base64 when it fails": (Build(), ("key-not-in-output",)),
    "prints its key in hexadecimal digits when it fails": (Build(), ("key-not-in-output",)),
    "prints its key in base32 when it fails": (Build(), ("key-not-in-output",)),
    "prints its key in capitals when it fails": (Build(), ("key-not-in-output",)),
    "prints its key letter by letter when it fails": (Build(), ("key-not-in-output",)),
    "prints its key turned round when it fails": (Build(), ("key-not-in-output",)),
    "prints the bytes of its key when it fails": (Build(), ("key-not-in-output",)),
    "prints a secret of its webhook that it has replaced": (Build(), ("key-not-in-output",)),
    "sends its key twice": (Build(), ("key-not-in-address",)),
    "shows its key": (Build(), ("key-not-in-address",)),
    "shows its key in its Idempotency-Key": (Build(), ("key-not-in-address",)),
    "shows its key in what it creates": (Build(), ("key-not-in-address",)),
    "shows its key in base64 in what it creates": (Build(), ("key-not-in-address",)),
    "trusts every callback": (HEARS, ("refuses-forged",)),
    "trusts who does not sign": (HEARS, ("refuses-forged",)),
    "looks at the form of the signature": (HEARS, ("refuses-forged",)),
    "compares the beginning of the signature": (HEARS, ("refuses-forged",)),
    "verifies the first attempt alone": (HEARS, ("refuses-forged",)),
    "signs what it has parsed and written again": (HEARS, ("refuses-forged",)),
    "compares both ends of the signature": (HEARS, ("refuses-forged",)),
    "compares the end of the signature": (HEARS, ("refuses-forged",)),
    "passes over what follows the signature": (HEARS, ("refuses-forged",)),
    "compares as many digits as it is given": (HEARS, ("refuses-forged",)),
    "compares the middle of the signature": (HEARS, ("refuses-forged",)),
    "sorts the digits of the signature": (HEARS, ("refuses-forged",)),
    "signs with nothing as well": (HEARS, ("refuses-forged",)),
    "signs with the prefix of secrets as well": (HEARS, ("refuses-forged",)),
    "trims the body before it verifies": (HEARS, ("takes-callbacks",)),
    "acts, then verifies": (HEARS, ("acts-after-verifying",)),
    "takes old callbacks": (HEARS, ("refuses-stale",)),
    "has a nine-minute window": (HEARS, ("refuses-stale",)),
    "looks at the time of the first attempt alone": (HEARS, ("refuses-stale",)),
    "refuses repeats": (HEARS, ("takes-repeats",)),
    "takes UTC for its own time": (Build(), ("any-zone",)),
    "dates callbacks by its own time": (HEARS, ("any-zone", "takes-callbacks")),
    "answers 500": (HEARS, ("takes-callbacks",)),
    "knows all fields of callbacks": (HEARS, ("takes-callbacks",)),
    "fails at a field of callbacks that it does not know": (HEARS, ("tolerates-unknown-fields",)),
    "counts how long it took": (HEARS, ("tolerates-nulls",)),
    "reads when a callback's run has ended": (HEARS, ("tolerates-nulls",)),
    "stops at a callback before the answer": (HEARS, ("survives-callbacks",)),
    "fails at an old callback": (HEARS, ("survives-callbacks",)),
    "fails at a repeat": (HEARS, ("survives-callbacks",)),
    "fails at a forged callback": (HEARS, ("acts-after-verifying", "survives-callbacks")),
}


def build_of(name: str) -> Build:
    """Returns the build of a client of the bench by its name."""
    return RIGHT[name] if name in RIGHT else WRONG[name][0]._replace(flaw=name)


if __name__ == "__main__":
    sys.exit(Client(Machine(), build_of(sys.argv[1])).main())
