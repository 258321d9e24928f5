"""Strict means strict: a walk through everything that a strict tenant serves, accepts and emits. Nothing of it is a guess.

A guess is what the contract marks as inferred. Where a documented operation must answer something although its fields are not published,
the schema is one of `UNPUBLISHED`, with the reason; whoever adds another guess meets this test.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from contract import operations
from doors import Door
from steps import INPUT, MODEL, RUNS, Body, get_run, ok, places, problem
from uploads import upload
from walks import GOOD, Tour
from worlds import CALLBACK_URL, catalog

from runflow_mock.domain.model_parts import sample_input
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import parse_money
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.public_bundle import METHODS
from runflow_mock.packaged import endpoints, openapi_document
from runflow_mock.runtime.sender import RecordingSender

RICH = parse_money("100000")
# Schemas that are inferred as a whole, and why a strict tenant has them all the same.
UNPUBLISHED = {
    "CodeEntry": "the tables are documented, and rows need columns",
    "SparseCodeEntry": "the same in lists, which may show some columns only",
    "JobClass": "that job classes have prices is documented, and rows need columns",
    "EventType": "the codes are documented, and rows need columns",
    "SparseEventType": "the same in lists, which may show some columns only",
    "Readiness": "what is checked is documented, and the checks need names",
    "Delivery.status_code": "the field is documented, and a delivery is in some state",
}
# A value that a documented field cannot do without.
UNPUBLISHED_VALUES = {"BatchStatus.running": "a batch is in some state between its first item and its last"}
# Of requests: what a documented or named operation cannot do without.
UNDESCRIBED_BODIES = {
    "BatchCreate": "the path is named, and has to be told the model",
    "WebhookCreate": "two of three fields are documented",
}
# Fields of bodies that are a guess, and that a strict tenant does not read.
REFUSED_FIELDS = {"BatchCreate.model_id"}
DOCUMENTED_HEADERS = {"content-type", "user-agent", "runflow-signature", "runflow-timestamp", "runflow-request-id"}
GUESSED = [model for model in catalog().models if model.evidence == "inferred"]
OFFERED = [model for model in catalog().models if model.evidence != "inferred" and model.is_offered]


@pytest.fixture(scope="module", params=["seed", "docs"])
def tour(request: pytest.FixtureRequest) -> Iterator[Tour]:
    with Door(strict=True, dialect=request.param, balance=RICH, callback_secret="rf_whsec_0123456789") as door:
        yield Tour(door, scheme="https")


def guesses(contract: Contract, schema: Pointer, value: Any, name: str = "") -> Iterator[str]:
    """The places of a value that the contract only infers, each by its schema or the field of one."""
    pointer, part = contract.follow(schema)
    name = pointer[-1] if len(pointer) == 3 and pointer[1] == "schemas" else name
    if part.get("x-evidence") == "inferred" and value is not None:
        yield name
    for combined in ("allOf", "anyOf", "oneOf"):
        options = part.get(combined)
        for index in range(len(options) if isinstance(options, list) else 0):
            yield from guesses(contract, (*pointer, combined, str(index)), value, name)
    if isinstance(value, list) and "items" in part:
        for inner in value:
            yield from guesses(contract, (*pointer, "items"), inner, name)
    properties = part.get("properties")
    stated: dict[str, Any] = properties if isinstance(properties, dict) else {}
    for field, inner in value.items() if isinstance(value, dict) else ():
        if field in stated:
            if "x-strict" in stated[field] and (inner is not None or stated[field]["x-strict"] == "absent"):
                yield f"{name}.{field}"
            yield from guesses(contract, (*pointer, "properties", field), inner, f"{name}.{field}")


@pytest.mark.parametrize("name", [each.id for each in operations().values()])
def test_operation_is_there_exactly_if_there_is_evidence_and_answers_without_guesses(tour: Tour, name: str) -> None:
    declared = packaged_contract()
    operation = next(each for each in declared.operations if each.id == name)
    response = GOOD[name](tour).send(tour.door)
    if operation.evidence == "inferred":
        problem(response, 404, "NOT_FOUND")
        return
    assert response.is_success, response.text
    assert not {"x-request-id", "etag"} & response.headers.keys()
    schemas = operation.responses[str(response.status_code)]
    pointer = schemas.get("application/json")
    found = set(guesses(declared, pointer, response.json())) if pointer else set()
    assert found <= UNPUBLISHED.keys()


_NAMED_PARTS = ("properties", "parameters", "headers", "responses", "callbacks")


def marks(part: Any, name: str = "", place: Pointer = ()) -> Iterator[tuple[str, Any]]:
    """Everything that a document only infers, at any depth: each by its component and field, with what marks it."""
    if isinstance(part, list):
        for index, inner in enumerate(part):
            yield from marks(inner, name, (*place, str(index)))
        return
    if not isinstance(part, dict):
        return
    name = _name_of(part, name, place)
    if part.get("x-evidence") == "inferred" or "x-strict" in part:
        yield name, part
    for value, note in part.get("x-enum-notes", {}).items():
        if "inferred" in note:
            yield f"{name}.{value}", note
    for key, inner in part.items():
        yield from marks(inner, name, (*place, key))


def _name_of(part: Body, within: str, place: Pointer) -> str:
    if "operationId" in part:
        return str(part["operationId"])
    if len(place) == 3 and place[0] == "components":
        return place[2]
    return f"{within}.{place[-1]}" if place[-2:-1] and place[-2] in _NAMED_PARTS else within


@pytest.mark.parametrize("path", ["/v1/openapi.json", "/api/openapi.public.json"])
@pytest.mark.parametrize("dialect", ["seed", "docs"])
def test_document_of_a_strict_server_marks_nothing_as_inferred_at_any_depth(dialect: str, path: str) -> None:
    with Door(strict=True, dialect=dialect) as door:
        left = {name for name, part in marks(ok(door.get(path, key=None))) if isinstance(part, str) or part.get("x-strict", "") is not None}
    assert left <= UNPUBLISHED.keys() | UNPUBLISHED_VALUES.keys() | UNDESCRIBED_BODIES.keys()


def test_guess_is_left_out_or_is_an_exception_with_a_reason() -> None:
    found = dict(marks(json.loads(openapi_document().body)))
    gone = {name for name, part in found.items() if isinstance(part, dict) and ("x-strict" in part or "operationId" in part)}
    assert found.keys() - gone == UNPUBLISHED.keys() | UNPUBLISHED_VALUES.keys() | UNDESCRIBED_BODIES.keys()
    assert {"BatchCreate.model_id", "Model.model_creator", "OutputFile.duration", "EntityTag", "NotModified", "list_batches"} <= gone


def test_every_exception_of_this_walk_is_needed() -> None:
    declared = packaged_contract()
    for name in UNPUBLISHED | UNDESCRIBED_BODIES:
        schema, _, field = name.partition(".")
        pointer: Pointer = ("components", "schemas", schema, *(("properties", field) if field else ()))
        assert declared.follow(pointer)[1].get("x-evidence") == "inferred", name


def test_bodies_that_are_taken_are_not_guessed_but_for_those_that_have_to_be() -> None:
    declared = packaged_contract()
    bodies = [pointer for each in declared.operations for pointer in each.body.values()]
    assert {names for pointer in bodies for names in _inferred_in(declared, pointer)} <= UNDESCRIBED_BODIES.keys() | REFUSED_FIELDS


def _inferred_in(contract: Contract, schema: Pointer, name: str = "") -> Iterator[str]:
    """What a body only infers: itself, the fields of it at any depth, and what it is combined of."""
    pointer, followed = contract.follow(schema)
    part: Body = dict(followed)
    name = pointer[-1] if len(pointer) == 3 else name
    if part.get("x-evidence") == "inferred":
        yield name
    for field in part.get("properties", {}):
        yield from _inferred_in(contract, (*pointer, "properties", field), f"{name}.{field}")
    for combined in ("allOf", "anyOf", "oneOf"):
        for index in range(len(part.get(combined, ()))):
            yield from _inferred_in(contract, (*pointer, combined, str(index)), name)
    if "items" in part:
        yield from _inferred_in(contract, (*pointer, "items"), name)


def test_name_of_a_model_in_a_batch_that_is_a_guess_is_not_read(tour: Tour) -> None:
    body = {"input": [INPUT]}
    assert places(tour.door.post("/v1/batches", {**body, "model_id": MODEL})) == [(["body", "model"], "missing")]
    ok(tour.door.post("/v1/batches", {**body, "model": MODEL, "model_id": 7}), 201)


def test_model_is_read_by_its_path_alone(tour: Tour) -> None:
    model = OFFERED[0]
    refusal = tour.door.get(f"/v1/models/{model.uuid}")
    problem(refusal, 404, "NOT_FOUND")
    assert "by their paths" in refusal.text
    assert "--unknown-models" not in refusal.text
    assert ok(tour.door.get(f"/v1/models/{model.id}"))["id"] == model.uuid
    ok(tour.door.get(f"/v1/models/{model.uuid}/pricing"))


@pytest.mark.parametrize("model", GUESSED, ids=lambda model: model.id)
def test_model_whose_id_is_a_guess_is_nowhere(tour: Tour, pages: str, model: Model) -> None:
    door = tour.door
    problem(door.post(f"/v1/models/{model.id}/runs", {"input": sample_input(model)}), 404, "NOT_FOUND")
    problem(door.post(f"/v1/models/{model.id}/batches", {"input": [sample_input(model)]}), 404, "NOT_FOUND")
    problem(door.get(f"/v1/models/{model.id}"), 404, "NOT_FOUND")
    for path in ("/v1/models?limit=500", "/v1/solutions/any/models?limit=500&embed=model"):
        assert model.uuid not in door.get(path).text
    assert not any(f"{model.id}{end}" in pages for end in ('"', "/llms.txt", "<"))
    assert model.uuid not in pages


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["/v1/openapi.json", "/api/openapi.public.json"])
def test_document_of_a_strict_server_has_no_operation_that_is_not_there(path: str) -> None:
    with Door(strict=True) as strict, Door() as door:
        proven, whole = (ok(each.get(path, key=None)) for each in (strict, door))
    guessed = {
        (route, method)
        for route, item in whole["paths"].items()
        for method, part in item.items()
        if isinstance(part, dict) and part.get("x-evidence") == "inferred"
    }
    shown = [{(route, method) for route, item in each["paths"].items() for method in item if method in METHODS} for each in (proven, whole)]
    assert (len(guessed) >= 3, shown[1] - shown[0]) == (True, guessed)
    assert Contract(proven).operations
    assert "list_batches" not in json.dumps(proven)


def test_overview_of_a_strict_server_names_no_address_that_is_not_there(pages: str) -> None:
    lines = pages.splitlines()
    guessed = {f"- `{each.method} {each.path}`" for each in endpoints() if each.evidence == "inferred"}
    assert [line for line in lines if line.partition(":")[0] in guessed] == []
    assert any(line.startswith("- `GET /v1/batches/{id}`") for line in lines)


def test_skill_names_no_address_that_is_not_there_and_both_spellings() -> None:
    with Door(strict=True) as door:
        text = door.get("/.well-known/agent-skills/runflow/SKILL.md", key=None).text
    named = set(re.findall(r"(GET|POST|PUT|PATCH|DELETE)\s+(/v1/[\w{}/.-]+)", text))
    known = {(each.method, re.sub(r"\{\w+\}", "{}", each.path)): each.evidence for each in endpoints()}
    found = {
        (method, path): known.get((method, re.sub(r"\{\w+\}", "{}", path.replace("models/{owner}/", "models/")))) for method, path in named
    }
    assert len(found) >= 8
    assert {call for call, evidence in found.items() if evidence in (None, "inferred")} == set()
    assert {"`cancelled`", "`canceled`"} <= set(text.replace(",", " ").split())


@pytest.fixture(scope="module")
def pages() -> str:
    """What a strict server tells those who come without a key."""
    with Door(strict=True) as door:
        paths = ("/models-catalog.json", "/llms.txt", "/models", "/api", "/v1/public/models?limit=500")
        return "\n".join(door.get(path, key=None).text for path in paths)


@pytest.mark.parametrize("model", OFFERED, ids=lambda model: model.id)
def test_output_of_a_model_has_no_field_that_nobody_has_seen(tour: Tour, model: Model) -> None:
    door = tour.door
    run = ok(door.post(f"/v1/models/{model.id}/runs", {"input": sample_input(model)}), 201)
    door.settle()
    output = get_run(door, run)["output"]
    forms = {"image_urls"} <= output.keys(), {"outputs", "seed", "timing", "nsfw_detected"} <= output.keys()
    is_both = model.output.form_docs == "both" and tour.door.runtime.config.dialect == "docs"
    assert forms == ((True, True) if is_both else (model.output.form == "image_urls", model.output.form != "image_urls"))
    pixels = {"width", "height"} if model.output.pixels else set()
    assert {frozenset(entry) for entry in output.get("outputs", [])} <= {frozenset({"url", "type"} | pixels)}
    assert (output.get("nsfw_detected"), output.get("timing")) == (None, None)


def test_comfort_of_both_forms_is_not_to_be_had() -> None:
    with Door(strict=True, switches={"output_form": "both"}) as door:
        run = ok(door.post("/v1/models/runflow/dyver-removal/runs", {"input": _staged()}), 201)
        door.settle()
        assert list(get_run(door, run)["output"]) == ["image_urls"]


def _staged() -> Body:
    return {**INPUT, "config": {"elements": ["tag_removal"]}}


@pytest.mark.parametrize("dialect", ["seed", "docs"])
def test_what_is_sent_has_the_documented_keys_and_headers_and_no_others(dialect: str) -> None:
    sender = RecordingSender()
    secure = "https://127.0.0.1:9000/hook"
    with Door(strict=True, dialect=dialect, sender=sender, callback_secret="rf_whsec_0123456789") as door:
        ok(door.post(RUNS, {"input": INPUT, "callback_url": secure}), 201)
        ok(door.post("/v1/models/runflow/background-removal/batches", {"input": [INPUT], "callback_url": secure}), 201)
        door.settle()
    contract = packaged_contract()
    sent = [json.loads(each.body) for each in sender.sent]
    stated: Any = [contract.follow(("components", "schemas", name))[1] for name in ("RunCallbackPayload", "BatchCallbackPayload")]
    assert sorted(map(list, sent)) == sorted(part["x-key-order"] for part in stated)
    assert {name.lower() for each in sender.sent for name in each.headers} <= DOCUMENTED_HEADERS


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"input": INPUT, "callback_url": CALLBACK_URL}, (["body", "callback_url"], "url_scheme")),
        ({"input": {}}, (["body", "input", "image_url"], "missing")),
    ],
)
def test_local_allowance_is_no_part_of_it(tour: Tour, body: Body, place: tuple[list[str], str]) -> None:
    assert places(tour.door.post(RUNS, body)) == [place]


def test_magic_has_no_effect_and_unknown_models_are_unknown() -> None:
    with Door(strict=True, unknown_models="accept") as door:
        run = ok(door.post(RUNS, {"input": INPUT, "client_ref": "mock:fail"}), 201)
        door.settle()
        assert get_run(door, run)["status_code"] == "succeeded"
        problem(door.post("/v1/models/no/such-model/runs", {"input": {}}), 404, "NOT_FOUND")


def test_relation_that_is_a_guess_cannot_be_embedded(tour: Tour) -> None:
    assert places(tour.door.get("/v1/models?embed=model_creator")) == [(["query", "embed"], "value_error")]
    ok(tour.door.get("/v1/models?embed=inputs,outputs&limit=1"))


def test_what_clients_were_seen_to_send_is_evidence_too(tour: Tour) -> None:
    asset = upload(tour.door, b"x", mime_type="application/octet-stream")
    ok(tour.door.post(RUNS, {"input": {"image_url": asset["id"], "client_ref": "sku-1"}}), 201)


def test_model_that_a_user_brings_is_no_guess(door: Door) -> None:
    own = {
        "id": "acme/own",
        "name": "Own",
        "input": {"type": "object"},
        "price": {"unit": "request", "amount": "0.01"},
        "run_seconds": [1, 2],
    }
    models = [{**own, "output": {"media_type": "image/png", "file": "own"}}]
    scenario = {"name": "own", "strict": True, "models": models}
    key = ok(door.post("/_mock/tenants", {"scenario": scenario}), 201)["key"]
    ok(door.post("/v1/models/acme/own/runs", {"input": {}}, key=key), 201)
