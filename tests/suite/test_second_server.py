"""A server that shares no line with the fake: the suite accepts it where it is right, and fails exactly where it is wrong."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import KEY, Tiny

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play
from runflow_mock.kit.suite.offers import IMAGE, USUAL, Offer, offered
from runflow_mock.kit.suite.suite_tenants import Pace, Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.promises import documented_contract

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


def test_server_that_shows_no_models_is_asked_for_the_usual_one() -> None:
    assert offer_of() == USUAL


@given(states=st.lists(st.sampled_from(["active", "inactive"]), max_size=6))
def test_only_what_is_active_is_taken(states: list[str]) -> None:
    chosen = offer_of(*(model(f"m{number}", state, image()) for number, state in enumerate(states)))
    assert chosen == (Offer(f"acme/m{states.index('active')}", {"photo": IMAGE}) if "active" in states else USUAL)
