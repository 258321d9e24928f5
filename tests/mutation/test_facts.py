"""What a mutant denies is a fact where the contract, the request or another answer says it, and open elsewhere."""

from collections.abc import Iterator

import msgspec
import pytest
from mutation.facts import ANSWER, CONTRACT, Facts, facts_of
from mutation.mutants import Kind, Mutant
from mutation.places import EACH, Place, Subject
from mutation.replaying import Exchange, Recording
from mutation.trials import BY_ID, observe

from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.testing.in_process import InProcess

ITEMS = ("items", EACH)
WITNESSES = {
    "GET /v1/models/runflow/background-removal/examples": {"items": [{"id": "one"}]},
    "GET /v1/models/runflow/background-removal/examples/one": {"id": "one"},
    "GET /v1/models": {"items": [{"id": "made", "outputs": [{"id": "inner"}]}]},
    "GET /v1/public/models": {"items": [{"id": "made", "outputs": [{"id": "inner"}]}]},
}


@pytest.fixture(scope="module")
def facts() -> Iterator[Facts]:
    app = InProcess(callbacks_open=False)
    yield facts_of(observe(AppCarrier(app), "seed", [BY_ID["list_is_complete"], BY_ID["callback_is_signed"]]).recordings.values())
    app.stop()


def mutant(kind: Kind, name: str, status: int, *way: str) -> Mutant:
    return Mutant(kind, Place(Subject(name, status), way))


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (mutant(Kind.STATUS, "get_run", 200), CONTRACT),
        (mutant(Kind.ABSENT, "get_run", 200, "status_code"), CONTRACT),
        (mutant(Kind.NULL, "get_run", 200, "created_at"), CONTRACT),
        (mutant(Kind.OTHER, "get_run", 404, "code"), CONTRACT),
        (mutant(Kind.NULL, "create_run", 422, "errors"), CONTRACT),
        (mutant(Kind.OTHER, "create_run", 422, "errors", EACH, "loc"), CONTRACT),
        (mutant(Kind.DOUBLED, "list_runs", 200, "items"), CONTRACT),
        (mutant(Kind.NULL, "callback RunCallbackPayload", 0, "event"), CONTRACT),
        (mutant(Kind.OTHER, "create_run", 201, "input"), ANSWER),
        (mutant(Kind.OTHER, "create_run", 201, "input", "image_url"), ANSWER),
        (mutant(Kind.OTHER, "get_run", 200, "request_id"), ANSWER),
        (mutant(Kind.REORDERED, "list_runs", 200, "items"), ANSWER),
        (mutant(Kind.OTHER, "callback RunCallbackPayload", 0, "metadata"), ANSWER),
        (mutant(Kind.OTHER, "get_run", 404, "message"), ""),
        (mutant(Kind.OTHER, "create_run", 422, "errors", EACH, "msg"), ""),
        (mutant(Kind.REORDERED, "create_run", 422, "errors"), ""),
        (mutant(Kind.OTHER, "list_runs", 200, "next"), ""),
        (mutant(Kind.ABSENT, "list_runs", 200, *ITEMS, "links"), ""),
        (mutant(Kind.OTHER, "get_current_user", 200, "first_name"), ""),
    ],
    ids=str,
)
def test_what_determines_a_fact_is_named(facts: Facts, lie: Mutant, says: str) -> None:
    assert facts.what_determines(lie) == says


def test_record_that_is_read_by_its_id_is_no_second_witness_for_the_list_that_gave_it_away() -> None:
    told = Recording("http://fake", 0.0)
    for asked, content in WITNESSES.items():
        method, _, path = asked.partition(" ")
        answer = Answer(method, path, 200, {"content-type": "application/json"}, msgspec.json.encode(content))
        told.exchanges.append(Exchange(method, path, {}, None, answer))
    facts = facts_of([told])
    assert facts.what_determines(mutant(Kind.OTHER, "list_public_models", 200, "items")) == ANSWER
    assert facts.what_determines(mutant(Kind.OTHER, "list_model_examples", 200, "items")) == ""


def test_nothing_that_was_seen_at_one_place_only_is_a_fact() -> None:
    assert facts_of([]).what_determines(mutant(Kind.OTHER, "get_run", 200, *ITEMS, "id")) == ""
