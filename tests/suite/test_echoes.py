"""What was sent comes back as it was sent, and of what the contract has no name for nothing is expected."""

import json

import pytest

from runflow_mock.kit.suite.agreements import echoes
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.memories import Memory

RUNS = "/v1/models/runflow/background-removal/runs"
MADE = {"id": "019b76da-a800-7000-8abc-0123456789ab", "flow_id": None, "client_ref": "a", "input": {"flow_id": 1}}


def says(sent: object, told: object, noun: str = "runs") -> list[str]:
    return answered(RUNS.replace("runs", noun), sent, told)


def answered(path: str, sent: object, told: object) -> list[str]:
    memory = Memory()
    answer = Answer("POST", path, 201, {}, json.dumps(told).encode(), sent_body=json.dumps(sent).encode())
    memory.look_at(answer)
    return list(echoes(answer, memory))


@pytest.mark.parametrize(
    "sent",
    [
        {"client_ref": "a", "input": {"flow_id": 1}},
        {"client_ref": "a", "input": {"flow_id": 1}, "flow_id": {"any": "thing"}, "source_code": 7},
        ["a"],
    ],
)
def test_what_the_contract_does_not_know_need_not_come_back(sent: object) -> None:
    assert says(sent, MADE) == []


def test_free_parts_are_compared_whole() -> None:
    made = {"id": MADE["id"], "input": [{"image_url": "a"}], "metadata": {"b": 1}}
    assert says({"input": [{"image_url": "a"}], "metadata": {"b": 1}}, made, "batches") == []
    assert len(says({"input": [{"image_url": "b"}], "metadata": {"b": 2}}, made, "batches")) == 2


@pytest.mark.parametrize(("sent", "name"), [({"client_ref": "b", "input": {}}, "client_ref"), ({"input": {"flow_id": 2}}, "input")])
def test_what_came_back_otherwise_is_told(sent: dict[str, object], name: str) -> None:
    found = says(sent, MADE)
    assert [line.partition(" was sent")[0] for line in found if line.startswith(name)] == [name]


@pytest.mark.parametrize(
    "sent",
    ["run.completed", 7, {"event_type_code": "run.completed"}, ["run.failed"], [["run.completed"]], [{"event_type_code": ["a"]}], [{}]],
)
def test_events_of_a_wrong_form_that_were_taken_are_held_against_what_came_back(sent: object) -> None:
    made = {"id": MADE["id"], "event_subscriptions": [{"event_type_code": "run.completed"}]}
    told = answered("/v1/webhooks", {"event_subscriptions": sent}, made)
    assert [line.partition(" was sent")[0] for line in told] == ["event_subscriptions"]


def test_events_come_back_in_any_order() -> None:
    events = [{"event_type_code": "run.completed"}, {"event_type_code": "run.failed"}]
    assert answered("/v1/webhooks", {"event_subscriptions": events}, {"id": MADE["id"], "event_subscriptions": events[::-1]}) == []


ASSET = "019b76da-a800-7000-8000-000000000007"


@pytest.mark.parametrize(
    ("told", "breaches"),
    [
        (ASSET, 0),
        (f"runflow://assets/{ASSET}", 0),
        (f"https://files.example/v1/assets/{ASSET}.png?expires=1", 0),
        (f"https://files.example/{ASSET}/a.png", 0),
        (f"https://files.example/original-{ASSET}_1.png", 0),
        (f"garbage {ASSET} and more", 1),
        (f"https://files.example/a.png?of={ASSET}", 1),
        (f"https://files.example/x{ASSET}", 1),
        (f"see https://files.example/{ASSET}", 1),
    ],
)
def test_id_of_an_asset_comes_back_as_it_is_or_as_a_part_of_where_it_leads(told: str, breaches: int) -> None:
    assert len(says({"input": {"image_url": ASSET}}, {"id": MADE["id"], "input": {"image_url": told}})) == breaches
