"""What the document promises of records beyond its sources is true, and all that is: held against every answer of the contract suite."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play_all
from runflow_mock.kit.suite.schema_walks import SPARSE
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.promises import MARK, as_documented, documented_contract
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess

SCHEMAS = ("components", "schemas")
# A property with none of these may be anything, so that nothing can be said of it.
TYPED = frozenset(("type", "enum", "anyOf", "allOf", "$ref"))
# What stands in lists alone, and is read by itself nowhere.
LISTED_ONLY = frozenset(("CodeEntry",))
# What no answer of the suite lacks, and others may: why it is not promised all the same.
OPEN: Mapping[tuple[str, str], str] = {
    ("CreditBalance", "updated_at"): "a ledger that nothing was booked in has none",
    ("Model", "category_code"): "a model of one's own catalog may have none",
    ("ModelCreator", "website_url"): "a creator of one's own catalog may have none",
    ("ModelCreator", "models"): "only where they are embedded",
    ("RunLog", "run"): "only where it is embedded",
    ("Solution", "solution_flows"): "only where they are embedded",
    ("Solution", "solution_models"): "only where they are embedded",
    ("WebhookAttempt", "status_code"): "a receiver may not answer at all",
    ("WebhookAttempt", "response_body"): "a receiver may not answer at all",
}


class Seen:
    """What answers had of the properties of each schema; carries requests on to the server."""

    def __init__(self, inner: AppCarrier) -> None:
        self._inner = inner
        self.url = inner.url
        self.records: Counter[str] = Counter()
        self.filled: Counter[tuple[str, str]] = Counter()
        self.there: Counter[tuple[str, str]] = Counter()
        self._is_whole = True

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer to a request."""
        answer = self._inner.carry(method, target, headers, body)
        contract = documented_contract()
        addressed = contract.address(answer.path) if answer.path.startswith("/v1/") else None
        declared = None if addressed is None else contract.operation(addressed.path, method)
        pointer = None if declared is None else declared.responses.get(str(answer.status), {}).get("application/json")
        if pointer is not None:
            self._is_whole = "fields=" not in target
            self._look(answer.json, pointer)
        return answer

    def close(self) -> None:
        """Closes nothing: the server is another's."""

    def _look(self, value: Any, pointer: Pointer) -> None:
        contract = documented_contract()
        # Of several schemas one may be meant: the value tells which.
        for way in (way for way in contract.ways(pointer) if isinstance(value, dict | list) and contract.allows(way, value)):
            part = contract.at(way)
            properties = part.get("properties")
            if isinstance(value, dict) and isinstance(properties, dict):
                self._count(way, value)
                for name in properties.keys() & value.keys():
                    self._look(value[name], (*way, "properties", name))
            elif isinstance(value, list) and "items" in part:
                for each in value:
                    self._look(each, (*way, "items"))

    def _count(self, way: Pointer, value: Mapping[str, Any]) -> None:
        name = way[2] if way[:2] == SCHEMAS and len(way) == 3 else ""
        if name.removeprefix(SPARSE) in LISTED_ONLY and self._is_whole:
            # Who asks for no fields in particular is shown all of them.
            name = name.removeprefix(SPARSE)
        if name:
            self.records[name] += 1
            self.there.update((name, each) for each in value)
            self.filled.update((name, each) for each, inner in value.items() if inner is not None)


def marked() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in packaged_contract().at(SCHEMAS):
        schema = packaged_contract().at((*SCHEMAS, name))
        if MARK in schema:
            yield name, schema


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    usual, strict = InProcess(callbacks_open=False), InProcess(Config(strict=True), callbacks_open=False)
    told = Seen(AppCarrier(usual))
    for dialect in ("seed", "docs"):
        tally = play_all(FLOWS, Target(told, None, dialect=dialect), packaged_contract())
        assert (tally.breaches, tally.errors) == ([], [])
    bare = Seen(AppCarrier(strict))
    tally = play_all(FLOWS, Target(bare, None), packaged_contract())
    assert (tally.breaches, tally.errors, tally.notes) == ([], [], [])
    for mine, others in ((told.records, bare.records), (told.there, bare.there), (told.filled, bare.filled)):
        mine.update(others)  # type: ignore[arg-type]
    yield told
    usual.stop()
    strict.stop()


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.parametrize("name", [name for name, _ in marked()])
def test_what_is_promised_is_what_every_answer_has(seen: Seen, name: str) -> None:
    schema, count = dict(marked())[name], seen.records[name]
    properties = schema["properties"]
    always = {each for each in properties if seen.there[name, each] == count}
    typed = {each for each, part in properties.items() if part.keys() & TYPED}
    filled = {each for each in always & typed if seen.filled[name, each] == count and (name, each) not in OPEN}
    promised = {each for each in schema["required"] if not allows_null(properties[each])}
    assert count > 0
    assert set(schema["required"]) == always
    assert promised == filled


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_what_is_left_open_is_always_there_and_has_no_other_reason(seen: Seen) -> None:
    assert [(name, each) for name, each in OPEN if seen.filled[name, each] != seen.records[name]] == []


def allows_null(schema: Mapping[str, Any]) -> bool:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found = packaged_contract().at((*SCHEMAS, name)) if name else schema
    kinds = found.get("type", [])
    parts: list[Mapping[str, Any]] = found.get("anyOf", [])  # type: ignore[assignment]
    return (
        not found.keys() & {"type", "enum", "anyOf", "allOf"}
        or "null" in (kinds if isinstance(kinds, list) else [kinds])
        or any(part.get("type") == "null" for part in parts)
    )


def test_document_without_our_promises_says_what_its_sources_do() -> None:
    plain = as_documented(packaged_contract().document)["components"]["schemas"]
    assert MARK not in plain["Webhook"]
    assert "required" not in plain["Webhook"]
    assert plain["Webhook"]["properties"]["url"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert plain["Run"] == packaged_contract().at((*SCHEMAS, "Run"))


@pytest.mark.slow(is_covering=True)
def test_record_with_less_than_we_promise_is_allowed_by_what_the_sources_say() -> None:
    record: dict[str, Any] = {"id": "01984c60-1a00-7000-8000-0000000000f1", "url": None}
    assert not packaged_contract().allows((*SCHEMAS, "Webhook"), record)
    assert documented_contract().allows((*SCHEMAS, "Webhook"), record)


def test_nothing_is_promised_of_what_clients_send() -> None:
    contract = packaged_contract()
    waiting: list[Any] = [contract.at(("paths", each.path, each.method.lower(), "requestBody")) for each in contract.operations]
    met: set[str] = set()
    while waiting:
        part = waiting.pop()
        waiting.extend(part.values() if isinstance(part, dict) else part if isinstance(part, list) else [])
        reference = part.get("$ref") if isinstance(part, dict) else None
        if isinstance(reference, str) and reference not in met:
            met.add(reference)
            waiting.append(contract.resolve(reference))
    assert {reference.rpartition("/")[2] for reference in met} & {name for name, _ in marked()} == set()
    assert "#/components/schemas/WebhookCreate" in met
