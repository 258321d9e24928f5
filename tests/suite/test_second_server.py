"""A server that shares no line with the fake: the suite accepts it where it is right, and fails exactly where it is wrong.

It has a few operations of the API on nothing but the standard library, and is right but for what is switched on.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play
from runflow_mock.kit.suite.offers import IMAGE, USUAL, Offer, offered
from runflow_mock.kit.suite.suite_tenants import Pace, Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.promises import documented_contract

KEY = "tiny-key"
MODEL_RUNS = re.compile(r"/v1/models/([^/]+/[^/]+)/runs")
START = datetime(2026, 1, 1, tzinfo=UTC)
BALANCE = {
    "updated_at": None,
    "id": "019b76da-a800-7000-8000-000000000001",
    "org_id": "019b76da-a800-7000-8000-000000000002",
    "low_balance_threshold": None,
}
FIELDS = ("org_id", "flow_id", "comfyui_workflow_id", "duration_ms", "callback_url", "failure_code", "failure_message")


class Tiny:
    """Carries requests to itself. A run has ended after it was read twice. `wrong` names what is switched on."""

    url = "http://tiny.test"

    def __init__(self, *wrong: str) -> None:
        self.wrong = frozenset(wrong)
        self._runs: dict[str, dict[str, Any]] = {}
        self._reads: dict[str, int] = {}
        self._balance = 10.0
        self._numbers = count(1)
        self._answered: dict[str, tuple[bytes | None, Answer]] = {}

    def carry(self, method: str, target: str, headers: Any, body: bytes | None) -> Answer:
        """The answer to a request."""
        path, _, query = target.partition("?")
        code, content = self._answer(method, path, parse_qs(query), dict(headers), body)
        raw = b"" if content is None else json.dumps(content).encode()
        return Answer(method, target, code, {"content-type": "application/json"}, raw)

    def close(self) -> None:
        """Does nothing."""

    def _answer(self, method: str, path: str, query: Any, headers: dict[str, str], body: bytes | None) -> tuple[int, Any]:
        if headers.get("Authorization") != f"Bearer {KEY}":
            return 401, _error("UNAUTHORIZED", "Send a key.", wrapped="envelope" in self.wrong)
        if path == "/v1/billing/balance":
            text = f"{self._balance:.6f}"
            return 200, {**BALANCE, "balance": float(text) if "money" in self.wrong else text}
        if method == "POST" and MODEL_RUNS.fullmatch(path):
            return self._create(headers, body)
        if path == "/v1/runs":
            return 200, self._page(query)
        if path.startswith("/v1/runs/") and path[9:] in self._runs:
            return 200, self._read(path[9:])
        return 404, _error("NOT_FOUND", "No such thing.", wrapped="envelope" in self.wrong)

    def _create(self, headers: dict[str, str], body: bytes | None) -> tuple[int, Any]:
        sent = json.loads(body or b"{}")
        key = headers.get("Idempotency-Key")
        if key is not None and key in self._answered and "idempotency" not in self.wrong:
            known, answer = self._answered[key]
            return (201, answer.json) if known == body else (409, _error("CONFLICT", "Another body.", wrapped=False))
        number = next(self._numbers)
        created = START + timedelta(seconds=number)
        run = dict.fromkeys(FIELDS)
        record: dict[str, Any] = {**run, "id": _uuid(created, number), "status_code": "queued", "input": sent["input"], "output": None}
        record |= {"cost": None, "created_at": _text(created), "completed_at": None}
        record |= {"client_ref": sent.get("client_ref"), "metadata": sent.get("metadata")}
        self._runs[record["id"]] = record
        if key is not None:
            self._answered[key] = (body, Answer("POST", "", 201, {}, json.dumps(record).encode()))
        return 201, dict(record)

    def _read(self, run_id: str) -> dict[str, Any]:
        run, reads = self._runs[run_id], self._reads.get(run_id, 0) + 1
        self._reads[run_id] = reads
        if reads == 2:
            run |= {"status_code": "succeeded", "output": {"image_urls": []}, "cost": "0.270000", "completed_at": run["created_at"]}
            self._balance -= 0.54 if "charge" in self.wrong else 0.27
        if reads == 3 and "terminal" in self.wrong:
            return {**run, "status_code": "running", "output": None, "completed_at": None}
        return dict(run)

    def _page(self, query: Any) -> dict[str, Any]:
        runs = sorted(self._runs.values(), key=lambda run: str(run["id"]), reverse="asc" not in query.get("sort_by", [""])[0])
        wanted = re.search(r"client_ref.EQ:'([^']*)'", query.get("q", [""])[0])
        runs = [run for run in runs if wanted is None or run["client_ref"] == wanted[1]]
        limit, start = int(query.get("limit", ["50"])[0]), int(query.get("pq", ["0"])[0])
        end = start + limit
        onward = end + 1 if "pages" in self.wrong else end
        return {"items": runs[start:end], "first": None, "next": str(onward) if end < len(runs) else None, "previous": None}


def _error(code: str, message: str, *, wrapped: bool) -> dict[str, Any]:
    flat = {"code": code, "message": message, "errors": None}
    return {"error": flat} if wrapped else flat


def _uuid(created: datetime, number: int) -> str:
    digits = f"{int(created.timestamp() * 1000):012x}7000{0x8000000000000000 + number:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


# What the tiny server has.
PLAYED = ("run_lives", "success_costs", "repeat_is_replayed", "list_is_complete")


# The suite is gentle to what is no fake; nobody lives at this one.
AT_ONCE = Pace(1e9, 0.0)


def verdict(*wrong: str, server: type[Tiny] = Tiny) -> Tally:
    target, total = Target(server(*wrong), KEY, spend_usd=10, pace=AT_ONCE), Tally()
    for flow in FLOWS:
        if flow.id in PLAYED:
            total.add(play(flow, target, documented_contract()))
    return total


def test_server_that_is_right_is_accepted() -> None:
    tally = verdict()
    assert (tally.breaches, tally.notes) == ([], [])
    assert tally.operations == {"create_run", "get_run", "list_runs", "get_balance"}


@pytest.mark.parametrize(
    ("wrong", "checks"),
    [
        ("money", {"answer_schema", "money_is_text", "success_costs"}),
        ("charge", {"success_costs"}),
        ("terminal", {"run_lives", "state_machines"}),
        ("pages", {"list_is_complete"}),
        ("idempotency", {"repeat_is_replayed"}),
    ],
)
def test_server_fails_exactly_where_it_is_wrong(wrong: str, checks: set[str]) -> None:
    assert {check for check, _ in verdict(wrong).broken} == checks


def test_without_leave_to_spend_nothing_is_created() -> None:
    tally = play(next(flow for flow in FLOWS if flow.id == "run_lives"), Target(Tiny(), KEY), documented_contract())
    assert (tally.cases, tally.exit_code) == (0, 3)
    assert "--allow-spend" in tally.notes[0]


class Elsewhere(Tiny):
    """The same with a catalogue of its own: one model that takes a photo, one that takes too much, and one that is no longer there."""

    def _answer(self, method: str, path: str, query: Any, headers: dict[str, str], body: bytes | None) -> tuple[int, Any]:
        if path == "/v1/model-creators":
            return 200, {"items": [{"id": "c", "slug": "acme"}]}
        if path == "/v1/models":
            return 200, {
                "items": [model("old", "inactive", image()), model("much", "active", number(), image()), model("cut", "active", image())]
            }
        if path.startswith("/v1/models/") and path != "/v1/models/acme/cut/runs":
            return 404, {"code": "NOT_FOUND", "message": "No such model.", "errors": None}
        if path.startswith("/v1/models/") and "photo" not in json.loads(body or b"{}")["input"]:
            return 422, {"code": "VALIDATION_ERROR", "message": "No photo.", "errors": [{"loc": ["body"], "msg": "-", "type": "missing"}]}
        return super()._answer(method, path, query, headers, body)


def model(slug: str, state: str, *inputs: dict[str, Any]) -> dict[str, Any]:
    return {"slug": slug, "status_code": state, "model_creator_id": "c", "inputs": [*inputs]}


def image(name: str = "photo") -> dict[str, Any]:
    return {"name": name, "variable_type_code": "image", "is_required": True}


def number() -> dict[str, Any]:
    return {"name": "scale", "variable_type_code": "number", "is_required": True}


def test_server_that_calls_its_models_otherwise_is_not_accused() -> None:
    tally = verdict(server=Elsewhere)
    assert (tally.breaches, tally.notes) == ([], [])
    assert "create_run" in tally.operations


def answers(*models: dict[str, Any]) -> Iterator[tuple[str, Answer]]:
    for path, items in (("/v1/models?", list(models)), ("/v1/model-creators?", [{"id": "c", "slug": "acme"}])):
        yield path, Answer("GET", path, 200, {}, json.dumps({"items": items}).encode())


def offer_of(*models: dict[str, Any]) -> Offer:
    told = dict(answers(*models))
    return offered(
        lambda path: next((answer for start, answer in told.items() if path.startswith(start)), Answer("GET", path, 404, {}, b"{}"))
    )


def test_model_that_wants_an_image_alone_is_taken_first() -> None:
    text = {"name": "prompt", "variable_type_code": "string", "is_required": True}
    assert offer_of(model("a", "active", text), model("b", "active", image("picture"))) == Offer("acme/b", {"picture": IMAGE})


@pytest.mark.parametrize("left_open", [{"default_value": None}, {}])
def test_model_that_leaves_no_input_open_is_taken_first(left_open: dict[str, Any]) -> None:
    """Of inputs that may be left out one of several may have to be there, and no catalogue says so."""
    prompt = {"name": "prompt", "variable_type_code": "string", "is_required": False}
    others = model("a", "active", image(), prompt | left_open), model("b", "active", image(), prompt | {"default_value": "a shirt"})
    assert offer_of(*others) == Offer("acme/b", {"photo": IMAGE})


def test_server_that_shows_no_models_is_asked_for_the_usual_one() -> None:
    assert offer_of() == USUAL


@given(states=st.lists(st.sampled_from(["active", "inactive"]), max_size=6))
def test_only_what_is_active_is_taken(states: list[str]) -> None:
    chosen = offer_of(*(model(f"m{number}", state, image()) for number, state in enumerate(states)))
    assert chosen == (Offer(f"acme/m{states.index('active')}", {"photo": IMAGE}) if "active" in states else USUAL)
