"""What the contract leaves open is held against no server."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from foreign import contract
from msgspec.structs import replace

from runflow_mock.domain.signing import sign_bare
from runflow_mock.kit.suite.agreements import belongs_to_its_path, records_agree
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.files import address_is_signed
from runflow_mock.kit.suite.flows_of_reading import schemes_in
from runflow_mock.kit.suite.laws import departures
from runflow_mock.kit.suite.laws_of_callbacks import is_sent_as_promised
from runflow_mock.kit.suite.laws_of_ends import deliveries_go_on_or_end, has_begun_before_it_ended, judges_at_the_end
from runflow_mock.kit.suite.laws_of_items import batch_has_what_its_items_have
from runflow_mock.kit.suite.laws_of_lists import has_cursors, is_in_order, tells_what_ends
from runflow_mock.kit.suite.laws_of_parts import leads_to_itself, tells_of_its_latest_evaluation
from runflow_mock.kit.suite.laws_of_records import deliveries_are_kept, goes_forward
from runflow_mock.kit.suite.laws_of_refusals import has_its_headers
from runflow_mock.kit.suite.laws_of_twins import says_it_alike
from runflow_mock.kit.suite.memories import Heard, Law, Memory

RUN = "019b76da-a800-7000-8abc-0123456789ab"


def says(law: Law, *told: tuple[str, str, int, object]) -> list[str]:
    memory, found = Memory(), list[str]()
    for method, path, status, body in told:
        answer = Answer(method, path, status, {}, json.dumps(body).encode(), moment=1)
        memory.look_at(answer)
        found += law(answer, memory)
    return found


def knowing(law: Law) -> Law:
    """A law of what was seen before."""
    return lambda answer, memory: chain(records_agree(answer, memory), law(answer, memory))


def ready(status: int, **checks: str) -> list[str]:
    says_so = "ok" if status == 200 else "unavailable"
    return says(says_it_alike, ("GET", "/v1/readiness", status, {"status": says_so, "checks": checks}))


def test_server_that_looks_at_more_of_itself_may_have_another_reason_not_to_be_ready() -> None:
    assert ready(503, database="ok", redis="ok", storage="failed") == []
    assert ready(200, database="ok", redis="degraded", storage="ok") == []
    assert len(ready(503, database="ok", redis="ok")) == len(ready(200, database="failed", redis="ok", storage="ok")) == 1


def test_flow_may_not_say_how_many_nodes_it_has() -> None:
    path = "/v1/flow-summaries"
    for count, breaches in ((None, 0), (1, 0), (2, 1)):
        assert len(says(says_it_alike, ("GET", path, 200, {"items": [{"id": RUN, "nodes": [{}], "node_count": count}]}))) == breaches


@pytest.mark.parametrize(("prefix", "breaches"), [("example", 0), ("whsec_exa", 0), ("rf_whsec_exa", 0), ("xample", 1), ("another", 1)])
def test_prefix_of_a_secret_may_stand_behind_that_of_all(prefix: str, breaches: int) -> None:
    secret = {"secret": "rf_whsec_example_1", "plain_secret": "rf_whsec_example_1", "key_prefix": prefix}
    assert len(says(says_it_alike, ("POST", "/v1/callback-secrets", 201, secret))) == breaches


@pytest.mark.parametrize(("later", "breaches"), [("123", 0), ("120", 1)])
def test_record_may_be_kept_to_the_millisecond(later: str, breaches: int) -> None:
    told = [{"id": RUN, "updated_at": f"2026-01-01T00:00:00.{part}Z"} for part in ("123456", later)]
    assert len(says(goes_forward, *(("GET", f"/v1/runs/{RUN}", 200, each) for each in told))) == breaches


@pytest.mark.parametrize(("first", "then", "breaches"), [(None, None, 0), (None, "10", 0), ("10", "10", 0), ("10", None, 1)])
def test_run_need_not_say_when_it_began_and_stays_begun_once_it_has(first: str | None, then: str | None, breaches: int) -> None:
    told = [
        {"id": RUN, "status_code": state, "started_at": second and f"2026-01-01T00:00:{second}.000Z"}
        for state, second in (("running", first), ("succeeded", then))
    ]
    assert len(says(has_begun_before_it_ended, *(("GET", f"/v1/runs/{RUN}", 200, each) for each in told))) == breaches


@pytest.mark.parametrize(("state", "is_strict", "breaches"), [("queued", False, 0), ("queued", True, 1), ("running", False, 1)])
def test_run_that_waits_again_may_be_told_not_to_have_begun(state: str, is_strict: bool, breaches: int) -> None:
    memory, found = Memory(is_strict=is_strict), list[str]()
    for told, began in (("running", "2026-01-01T00:00:10.000Z"), (state, None)):
        answer = Answer(
            "GET", f"/v1/runs/{RUN}", 200, {}, json.dumps({"id": RUN, "status_code": told, "started_at": began}).encode(), moment=1
        )
        memory.look_at(answer)
        found += has_begun_before_it_ended(answer, memory)
    assert len(found) == breaches


@pytest.mark.parametrize(("texts", "breaches"), [(["00Z", "00.196Z"], 0), (["00.196Z", "00Z"], 1)])
def test_instants_without_fractions_stand_in_their_order(texts: list[str], breaches: int) -> None:
    items = [{"id": RUN, "created_at": f"2026-01-01T00:00:{text}"} for text in texts]
    page = {"items": items, "first": None, "next": None, "previous": None}
    assert len(says(is_in_order, ("GET", "/v1/batches?sort_by=created_at:asc", 200, page))) == breaches


@pytest.mark.parametrize(("code", "breaches"), [("expired", 0), ("failed", 0), ("running", 1)])
def test_table_may_know_more_states_that_end(code: str, breaches: int) -> None:
    page = {"items": [{"code": code, "label": code, "is_terminal": True}], "first": None, "next": None, "previous": None}
    assert len(says(tells_what_ends, ("GET", "/v1/runs/statuses", 200, page))) == breaches


@pytest.mark.parametrize(("kept", "breaches"), [("eyJhIjogMX0=", 0), ('{"a": 1}', 0), ("eyJhIjogMn0=", 1), ("no text of it", 1)])
def test_what_was_sent_may_be_kept_in_base64(kept: str, breaches: int) -> None:
    delivery = {"id": RUN, "status_code": "pending", "payload_bytes": kept, "payload": {"a": 1}}
    assert len(says(deliveries_are_kept, ("GET", f"/v1/runs/{RUN}/callback", 200, [delivery]))) == breaches


@pytest.mark.parametrize("name", ["bytedance/seedance/2.0/text-to-video", "a" * 36])
def test_name_that_is_as_long_as_an_id_is_none(name: str) -> None:
    memory = Memory()
    answer = Answer("GET", f"/v1/models/{name}", 200, {}, json.dumps({"id": RUN, "slug": name.partition("/")[2]}).encode())
    memory.look_at(answer)
    assert list(belongs_to_its_path(answer, memory)) == []


@pytest.mark.parametrize(("statuses", "breaches"), [([500, 204], 0), ([204, 500], 1)])
@pytest.mark.parametrize("way", [1, -1])
def test_delivery_ends_as_its_latest_attempt_wherever_that_stands(statuses: list[int], breaches: int, way: int) -> None:
    attempts = [{"attempt_number": number, "status_code": status} for number, status in enumerate(statuses, 1)][::way]
    delivery = {"id": RUN, "status_code": "succeeded", "attempts": attempts, "attempt_count": 2, "completed_at": "2026-01-01T00:00:00Z"}
    assert len(says(deliveries_are_kept, ("GET", f"/v1/runs/{RUN}/callback", 200, [delivery]))) == breaches


@pytest.mark.parametrize("state", [["pending"], {}, 7, None])
def test_state_of_a_delivery_that_is_no_text_is_left_to_the_schema(state: object) -> None:
    delivery = {"id": RUN, "status_code": state, "attempts": [], "completed_at": "2026-01-01T00:00:00Z"}
    assert says(deliveries_go_on_or_end, ("GET", f"/v1/runs/{RUN}/callback", 200, [delivery])) == []


def test_delivery_may_be_given_up_before_it_is_tried() -> None:
    for state, breaches in (("failed", False), ("succeeded", True)):
        delivery = {"id": RUN, "status_code": state, "attempts": [], "attempt_count": 0, "completed_at": "2026-01-01T00:00:00Z"}
        found = says(deliveries_are_kept, ("GET", f"/v1/runs/{RUN}/callback", 200, [delivery]))
        assert any("nothing was tried" in line for line in found) is breaches


@pytest.mark.parametrize(
    ("query", "following", "breaches"),
    [
        ("?q=status_code:failed", "a", 0),
        ("?q=status_code:failed&pq=a", "b", 0),
        ("?q=status_code:failed&pq=a", "a", 1),
        ("", "a", 0),
        ("?pq=a", "b", 0),
        ("?pq=a", "a", 1),
    ],
)
def test_page_without_records_may_have_one_after_it_but_not_itself(query: str, following: str, breaches: int) -> None:
    page: Any = {"items": [], "first": "first" if "pq" in query else None, "next": following, "previous": None}
    assert len(says(has_cursors, ("GET", f"/v1/runs{query}", 200, page))) == breaches


@pytest.mark.parametrize(
    ("url", "secret", "has_secret", "breaches"),
    [
        ("https://app.example/run", None, False, 0),
        ("https://app.example/run", None, True, 1),
        ("https://app.example/run", "the organization's", True, 0),
        ("https://app.example/run", "the webhook's", True, 1),
        ("https://app.example/hook", "the webhook's", False, 0),
        ("https://app.example/hook", None, False, 1),
    ],
)
def test_callback_is_signed_once_its_own_address_has_a_secret(url: str, secret: str | None, has_secret: bool, breaches: int) -> None:
    memory, body = Memory(), b"{}"
    memory.webhook_urls.add("https://app.example/hook")
    memory.secrets_made |= {"the organization's"} if has_secret else set()
    memory.secrets |= {"the webhook's", *memory.secrets_made}
    signed = {} if secret is None else {"Runflow-Signature": sign_bare(body, secret)}
    headers = {"Content-Type": "application/json", "Runflow-Request-Id": f"{RUN}-1", **signed}
    assert len(list(is_sent_as_promised(Heard(RUN, 1, url, headers, body, {}), memory))) == breaches


class Files:
    """Opens an address whose signature is so many bytes, in Base64 without its end; `held` of them count."""

    def __init__(self, signature: bytes, held: int) -> None:
        self.url = f"https://files.example/a.png?expires=1&sig={urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        self._signature, self._held = signature, held

    def fetch(self, url: str) -> Answer:
        text = parse_qs(urlsplit(url).query)["sig"][0]
        is_right = urlsafe_b64decode(text + "=" * (-len(text) % 4))[: self._held] == self._signature[: self._held]
        return Answer("GET", url, 200 if is_right else 403, {}, b"")


@pytest.mark.parametrize("size", [16, 20, 32, 64])
def test_signature_is_changed_where_each_bit_means_something(size: int) -> None:
    for number in range(64):
        files: Any = Files((sha256(bytes((number,))).digest() * 2)[:size], size)
        assert list(address_is_signed(files, files.url)) == []


def test_signature_of_which_the_beginning_alone_is_held_is_told() -> None:
    files: Any = Files(sha256(b"a").digest(), 4)
    assert len(list(address_is_signed(files, files.url))) == 1


@pytest.mark.parametrize("key", ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/*", "*/*"])
@pytest.mark.parametrize("told", ["application/json", "Application/Json;charset=UTF-8"])
def test_media_type_is_the_same_however_a_document_writes_it(key: str, told: str) -> None:
    answers = {"200": {"description": "", "content": {key: {"schema": {"type": "object"}}}}}
    own = contract({"openapi": "3.1.0", "info": {}, "paths": {"/v1/runs": {"get": {"responses": answers}}}}).check()
    declared = own.operation("/v1/runs", "GET")
    assert declared is not None
    answer = Answer("GET", "/v1/runs", 200, {"content-type": told}, b"{}")
    assert list(departures(own, declared.responses, answer)) == []
    assert len(list(departures(own, declared.responses, replace(answer, body=b"[]")))) == 1


@pytest.mark.parametrize(("status", "breaches"), [(204, 0), (304, 0), (200, 1)])
def test_answer_that_ends_with_its_head_has_no_type_of_what_is_described_for_all(status: int, breaches: int) -> None:
    answers = {"default": {"description": "", "content": {"application/json": {}}}}
    own = contract({"openapi": "3.1.0", "info": {}, "paths": {"/v1/runs": {"delete": {"responses": answers}}}}).check()
    declared = own.operation("/v1/runs", "DELETE")
    assert declared is not None
    assert len(list(departures(own, declared.responses, Answer("DELETE", "/v1/runs", status, {}, b"")))) == breaches


@pytest.mark.parametrize(
    ("challenges", "breaches"),
    [
        ("Bearer", 0),
        ('bearer realm="x"', 0),
        ('Bearer, Basic realm="x"', 0),
        ('Basic realm="x", Bearer', 0),
        ('Digest realm="a", nonce="b, c" ,BEARER error="invalid_token"', 0),
        ("Basic", 1),
        ("Bearers", 1),
        ('Basic realm="a, Bearer b"', 1),
        ('Basic realm="a\\", Bearer b"', 1),
    ],
)
def test_bearer_may_be_one_of_several_ways_to_come_in(challenges: str, breaches: int) -> None:
    memory, answer = Memory(), Answer("GET", "/v1/runs", 401, {"www-authenticate": challenges}, b"{}")
    memory.look_at(answer)
    assert len(list(has_its_headers(answer, memory))) == breaches


@pytest.mark.parametrize(
    ("challenges", "schemes"),
    [
        ("", set()),
        ('Bearer realm="api", error="invalid_token"', {"bearer"}),
        ('Bearer realm="basic, token"', {"bearer"}),
        ('Bearer realm = "a", Token', {"bearer", "token"}),
        ('Token, BASIC realm="a\\", Digest b"', {"token", "basic"}),
    ],
)
def test_schemes_are_those_that_challenges_name_and_no_words_in_their_parameters(challenges: str, schemes: set[str]) -> None:
    assert schemes_in(challenges) == schemes


OTHER = "019b76da-a800-7000-8abc-0123456789ac"


@pytest.mark.parametrize(
    ("address", "breaches"),
    [
        (f"https://api.example/v1/runs/{RUN}/", 0),
        (f"https://api.example/v1/runs/{RUN}#x", 0),
        (f"https://app.example/runs/{RUN}/overview", 0),
        ("https://app.example/overview", 0),
        (f"https://app.example/runs/{RUN}?before={OTHER}", 0),
        (f"https://api.example/v1/runs/{OTHER}", 1),
        (f"https://app.example/runs/{OTHER}/overview#x", 1),
    ],
)
def test_address_of_a_record_is_a_lie_only_where_it_is_that_of_another(address: str, breaches: int) -> None:
    told = [("GET", f"/v1/runs/{key}", 200, {"id": key, "links": {"self": own}}) for key, own in ((OTHER, OTHER), (RUN, address))]
    assert len(says(knowing(leads_to_itself), *told)) == breaches


@pytest.mark.parametrize(
    ("summary", "verdicts", "breaches"),
    [
        ({"passed": True, "status_code": "succeeded"}, [True], 0),
        ({"passed": True, "status_code": "completed"}, [None, True], 0),
        ({"passed": None, "status_code": "pending"}, [None, True], 0),
        ({"passed": True}, [False, True], 1),
        ({"passed": None}, [True], 1),
    ],
)
def test_summary_of_a_run_has_the_verdict_of_the_newest_evaluation_that_has_one(
    summary: object, verdicts: list[bool | None], breaches: int
) -> None:
    items = [{"id": f"{OTHER[:-1]}{number}", "overall_passed": verdict} for number, verdict in enumerate(verdicts)]
    run = ("GET", f"/v1/runs/{RUN}", 200, {"id": RUN, "current_evaluation_summary": summary})
    assert (
        len(says(knowing(tells_of_its_latest_evaluation), run, ("GET", f"/v1/runs/{RUN}/evaluations", 200, {"items": items, "next": None})))
        == breaches
    )


@pytest.mark.parametrize(("lasted", "breaches"), [(34_000, 0), (36_001, 0), (0, 0), (36_500, 1)])
def test_judging_may_begin_after_it_was_asked_for_and_lasts_no_longer_than_to_its_end(lasted: int, breaches: int) -> None:
    told = {"submitted_at": "2026-04-16T11:00:00.000Z", "completed_at": "2026-04-16T11:00:36.000Z", "eval_duration_ms": lasted}
    evaluation = {"id": RUN, "status_code": "completed", **told}
    assert len(says(judges_at_the_end, ("GET", f"/v1/evaluations/{RUN}", 200, evaluation))) == breaches


@pytest.mark.parametrize(
    ("path", "more", "breaches"),
    [
        ("/v1/batches/", {"status_code": "running", "failure_code": "SOME_ITEMS_FAILED", "failure_message": "An item failed."}, 0),
        ("/v1/batches/", {"status_code": "running", "completed_at": "2026-01-01T00:00:01Z"}, 1),
        ("/v1/runs/", {"status_code": "running", "failure_code": "TIMEOUT"}, 1),
        ("/v1/runs/", {"status_code": "queued", "started_at": "2026-01-01T00:00:01Z"}, 0),
    ],
    ids=["a batch of which an item has failed", "a batch that has ended", "a run that has failed", "a run that is tried again"],
)
def test_batch_may_say_before_its_end_why_items_failed_and_a_run_may_wait_again(path: str, more: dict[str, str], breaches: int) -> None:
    assert len(says(has_begun_before_it_ended, ("GET", f"{path}{RUN}", 200, {"id": RUN, **more}))) == breaches


@pytest.mark.parametrize(
    ("is_strict", "asked"),
    [(True, ("GET", f"/v1/runs/{RUN}", 200)), (False, ("POST", "/v1/models/runflow/background-removal/runs", 201))],
    ids=["strict", "just made"],
)
def test_run_that_waits_has_not_begun_where_it_cannot_be_tried_again(is_strict: bool, asked: tuple[str, str, int]) -> None:
    memory, run = Memory(is_strict=is_strict), {"id": RUN, "status_code": "queued", "started_at": "2026-01-01T00:00:01Z"}
    answer = Answer(*asked, {}, json.dumps(run).encode(), moment=1)
    memory.look_at(answer)
    assert len(list(has_begun_before_it_ended(answer, memory))) == 1


def said_of_an_item(state: str, own: dict[str, object], told: dict[str, object]) -> list[str]:
    """What is said of an item that has something of its own, of which the output of its batch tells."""
    batch = {"id": RUN, "status_code": state, "output": {"items": [{"sequence_index": 0, **told}]}}
    item = {"id": OTHER, "batch_id": RUN, "sequence_index": 0, **own}
    return says(
        knowing(batch_has_what_its_items_have),
        ("GET", f"/v1/batches/{RUN}", 200, batch),
        ("GET", f"/v1/batches/{RUN}/items", 200, {"items": [item], "next": None}),
    )


@pytest.mark.parametrize(
    ("told", "breaches"),
    [
        ({"url": "https://a.example/1", "more": [{}]}, 0),
        ({"url": "https://a.example/1", "x": None, "more": [{"y": None}]}, 0),
        ({"url": "https://a.example/1", "more": [{"y": 2}]}, 1),
        ({"url": "https://a.example/2"}, 1),
    ],
)
def test_item_may_have_nulls_that_the_output_of_its_batch_leaves_out(told: dict[str, object], breaches: int) -> None:
    own: dict[str, object] = {"url": "https://a.example/1", "x": None, "more": [{}]}
    assert len(said_of_an_item("succeeded", {"output": own}, {"output": told})) == breaches


@pytest.mark.parametrize(
    ("told", "breaches"),
    [
        ({"kind": "cancelled", "message": "The run was cancelled."}, 0),
        ({"kind": "cancelled", "message": "The run was cancelled.", "trace": "a1"}, 0),
        ({"kind": "cancelled", "message": "Somebody cancelled it."}, 1),
        ({"kind": "cancelled"}, 1),
    ],
)
def test_error_of_an_item_may_have_more_fields_at_one_place(told: dict[str, object], breaches: int) -> None:
    own = {"kind": "cancelled", "message": "The run was cancelled.", "host": "w7"}
    assert len(said_of_an_item("failed", {"error": own}, {"error": told})) == breaches
