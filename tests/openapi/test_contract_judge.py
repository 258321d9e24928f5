"""What is found in one exchange: examples by place and rule, and a point of reliance for each row of its table."""

import gc
import weakref
from functools import partial
from typing import Any

import pytest
from costs import lines_run
from exchanges import CREATE, RUN, RUN_ID, SHIRT, create, exchange
from hypothesis import given
from hypothesis import strategies as st
from worlds import catalog

from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.exchanges import BODY_BYTES_MAX, Exchange
from runflow_mock.domain.findings import NO_FINDINGS, Finding, Severity
from runflow_mock.openapi.ambiguities import AMBIGUITIES
from runflow_mock.openapi.contract_judge import Judge, Runnable
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.explanations import FINDINGS_MAX
from runflow_mock.openapi.known_answers import KnownAnswers
from runflow_mock.openapi.nearest_routes import nearest_route
from runflow_mock.openapi.violations import KNOWN_CHARACTERS_MAX

BATCHES = "/v1/models/runflow/background-removal/batches"
PHOTO = {"image_url": "https://cdn.example.com/shirt.jpg"}


def find(path: str) -> Runnable | None:
    try:
        return Runnable(catalog().get(path), is_workflow=False)
    except ModelNotFound:
        return Runnable(catalog().get("runflow/background-removal"), is_workflow=True) if path == "acme/flow" else None


JUDGE = Judge(packaged_contract(), find)


def found(exchange: Exchange, severity: Severity = Severity.VIOLATION) -> list[tuple[tuple[str | int, ...], str]]:
    return [(finding.loc, finding.rule) for finding in JUDGE.judge(exchange).of(severity)]


def post(body: Any, target: str = CREATE, status: int = 201, **more: Any) -> Exchange:
    return exchange("POST", target, status, body=body, **more)


JUDGED: list[tuple[Exchange, list[object]]] = [
    (post(SHIRT), []),
    (post({}), [(("body", "input"), "required")]),
    (post({**SHIRT, "metadata": 3}), [(("body", "metadata"), "type")]),
    (post({**SHIRT, "client_ref": "x" * 256}), [(("body", "client_ref"), "maxLength")]),
    (post(None), [(("body",), "required")]),
    (post(b"{oops"), [(("body",), "json")]),
    (post(b"a=1", headers={"content-type": "text/plain"}), [(("header", "content-type"), "content-type")]),
    (post(SHIRT, headers={"idempotency-key": "has space"}), [(("header", "Idempotency-Key"), "pattern")]),
    (post({"items": []}, BATCHES), [(("body", "items"), "minItems")]),
    (post({}, BATCHES), [(("body",), "oneOf")]),
    (post({"input": [PHOTO, {"client_ref": 7}]}, BATCHES), [(("body", "input", 1, "client_ref"), "type")]),
    (exchange("GET", "/v1/runs?limit=0"), [(("query", "limit"), "minimum")]),
    (exchange("GET", "/v1/runs?limit=ten"), [(("query", "limit"), "type")]),
    (exchange("GET", "/v1/runs?limit=500&from_prev=false&limit=5"), []),
    (exchange("GET", "/v1/runs/7"), [(("path", "id"), "format")]),
    (exchange("GET", "/v1/models/one/runs"), [(("method",), "method")]),
    (exchange("DELETE", "/v1/runs", 405), [(("method",), "method")]),
    (exchange("GET", "/v1/run/7", 404), [(("path",), "route")]),
]


@pytest.mark.parametrize(("sent", "violations"), JUDGED, ids=lambda value: value.target[:40] if isinstance(value, Exchange) else None)
def test_violations_are_told_with_their_place_and_rule(sent: Exchange, violations: list[object]) -> None:
    assert found(sent) == violations


ACQUITTED: list[tuple[Exchange, bool]] = [
    (post(SHIRT), True),
    (post({}), False),
    (post({**SHIRT, "client_reff": 1}), True),
    (post({"input": {}}, status=422, answer={"errors": [{"loc": ["body"], "msg": "needed", "type": "missing"}]}), False),
    (exchange("GET", "/v1/nothing", 404), False),
    (exchange("DELETE", "/v1/runs", 405), False),
    (exchange("GET", "/v1/beta", 200, is_stubbed=True), True),
    (exchange("GET", RUN, answer={"what": "our own fault"}), True),
    (exchange("POST", "/files/a", 405), True),
]


@pytest.mark.parametrize(("sent", "is_acquitted"), [*ACQUITTED, *((sent, not violations) for sent, violations in JUDGED)])
def test_client_is_acquitted_where_nothing_is_a_violation(sent: Exchange, is_acquitted: bool) -> None:
    assert JUDGE.acquits(sent) is is_acquitted
    assert (not JUDGE.judge(sent).violations) is is_acquitted


def test_client_is_acquitted_by_another_document_as_it_is_judged() -> None:
    document: Any = {"openapi": "3.1.0", "paths": {"/v1/runs/{id}": {"get": {"responses": {"default": {}}}}}}
    judge = Judge(Contract(document, source="own.json"), find)
    assert [judge.acquits(exchange()), judge.acquits(exchange("BREW"))] == [True, False]


def test_operation_is_the_one_of_the_document() -> None:
    assert JUDGE.judge(create()).operation == "create_run"
    assert JUDGE.judge(exchange("GET", "/v1/nothing", 404)).operation is None


def test_message_of_an_unknown_path_names_the_nearest() -> None:
    (finding,) = JUDGE.judge(exchange("POST", "/v1/models/a/b/run", 404)).violations
    assert finding.message.endswith("the nearest is POST /v1/models/{model_id}/runs")


def test_alternatives_are_told_as_the_fields_that_would_do() -> None:
    (finding,) = JUDGE.judge(post({}, BATCHES)).violations
    assert finding.message == "needs input or items"


@pytest.mark.parametrize(
    ("sent", "notes"),
    [
        (post({**SHIRT, "client_reff": 1}), [(("body", "client_reff"), "unknown-field")]),
        (post({"input": {**PHOTO, "imageurl": 1}}), [(("body", "input", "imageurl"), "unknown-field")]),
        (post({"input": [{**PHOTO, "zoom": 1, "client_ref": "a"}]}, BATCHES), [(("body", "input", 0, "zoom"), "unknown-field")]),
        (
            post({"items": [{"input": {**PHOTO, "zoom": 1}, "ref": "a"}]}, BATCHES),
            [(("body", "items", 0, "ref"), "unknown-field"), (("body", "items", 0, "input", "zoom"), "unknown-field")],
        ),
        (exchange("GET", f"{RUN}?verbose=1"), [(("query", "verbose"), "unknown-parameter")]),
        (exchange("GET", RUN, body={}), [(("body",), "unknown-body")]),
        (post({**SHIRT, "metadata": {"anything": {"at": "all"}}}), []),
    ],
)
def test_what_nobody_reads_is_a_note_and_no_violation(sent: Exchange, notes: list[object]) -> None:
    assert found(sent, Severity.NOTE) == notes
    assert found(sent) == []


def test_body_that_is_full_of_unread_fields_has_so_many_findings_and_no_more() -> None:
    sent = post({"input": {**PHOTO, **{f"k{number}": 0 for number in range(5 * FINDINGS_MAX)}}})
    assert len(found(sent, Severity.NOTE)) == FINDINGS_MAX


def test_body_without_content_type_is_judged_all_the_same() -> None:
    sent = post({}, headers={"content-type": ""})
    bare = post({})
    without = Exchange(**{**{name: getattr(bare, name) for name in bare.__struct_fields__}, "request_headers": ()})
    assert found(without) == [(("body", "input"), "required")]
    assert found(without, Severity.NOTE) == [(("header", "content-type"), "content-type")]
    assert found(sent) == [(("header", "content-type"), "content-type")]


def test_body_that_the_journal_has_cut_is_not_judged() -> None:
    assert found(post(b"[" * BODY_BYTES_MAX)) == []
    assert found(post(b"[" * BODY_BYTES_MAX), Severity.NOTE) == [(("body",), "too-large-to-judge")]


REFUSED = {
    "code": "VALIDATION_ERROR",
    "message": "…",
    "errors": [{"loc": ["body", "input", "x"], "msg": "field required", "type": "missing"}],
}


def test_what_only_the_fake_could_see_counts_as_well() -> None:
    assert found(post({"input": {}}, status=422, answer=REFUSED)) == [(("body", "input", "x"), "missing")]
    no_fields = {"code": "BAD_REQUEST", "message": "The body is nested too deep.", "errors": None}
    assert found(post(SHIRT, status=400, answer=no_fields)) == [(("body",), "refused")]


@pytest.mark.parametrize("status", [400, 402, 404, 422, 429, 500])
def test_refusal_by_a_fault_rule_is_not_the_clients_fault_nor_ours(status: int) -> None:
    findings = JUDGE.judge(post(SHIRT, status=status, answer=REFUSED, fault="rule"))
    assert (findings.violations, findings.ours) == ((), ())


def test_own_violation_counts_whatever_a_fault_rule_answered() -> None:
    assert found(post({}, status=500, answer={}, fault="rule")) == [(("body", "input"), "required")]


@pytest.mark.parametrize(
    "body", [{**SHIRT, "callback_url": "http://web:8000/hook"}, {"input": [PHOTO] * 101}], ids=["callback host", "batch limit"]
)
def test_what_the_operator_allows_is_not_held_against_the_client(body: dict[str, Any]) -> None:
    target = CREATE if "callback_url" in body else BATCHES
    assert found(post(body, target)) == []
    assert found(post(body, target, status=422, answer={"errors": []})) != []


ANSWERS: list[tuple[Exchange, list[tuple[tuple[str, ...], str]]]] = [
    (exchange("GET", "/v1/health", answer={"status": "ok", "ok": True}), []),
    (exchange("GET", "/v1/health", answer=[]), [(("response", "body"), "type")]),
    (exchange("GET", "/v1/health", answer=b"{oops"), [(("response", "body"), "json")]),
    (exchange("GET", "/v1/health", 418), [(("response", "status"), "status")]),
    (exchange("GET", "/v1/health", told={"content-type": "text/html"}), [(("response", "header", "content-type"), "content-type")]),
    (exchange("DELETE", f"/v1/webhooks/{RUN_ID}", 204, answer=b"x"), [(("response", "body"), "content")]),
]


@pytest.mark.parametrize(("answered", "ours"), ANSWERS)
def test_our_own_answer_is_judged_apart(answered: Exchange, ours: list[object]) -> None:
    findings = JUDGE.judge(answered)
    assert [(finding.loc, finding.rule) for finding in findings.ours] == ours
    assert findings.violations == ()


@pytest.mark.parametrize("path", ["/media/test/x/y.png", "/files/test/x/y.png", "/_upload/test/x"])
def test_files_are_no_part_of_the_contract(path: str) -> None:
    assert JUDGE.judge(exchange("PUT", path, 403)) == NO_FINDINGS


def test_page_beside_the_api_has_no_findings() -> None:
    assert JUDGE.judge(exchange("GET", "/robots.txt", operation="get_robots")) == NO_FINDINGS


EDIT = "/v1/models/openai/gpt-image-2/edit/runs"
# By point: an exchange that relies on it, and the beginning of what is told.
SEEN: dict[str, tuple[Exchange, str]] = {
    "route": (exchange("GET", "/v1/batches"), "list_batches is inferred"),
    "batch-body": (post({"items": [{"input": PHOTO}]}, BATCHES), "items"),
    "filter-grammar": (exchange("GET", "/v1/runs?q=client_ref.EQ:'a'"), "field.op"),
    "status-spelling": (exchange("GET", "/v1/runs?q=status_code:canceled"), "canceled"),
    "error-codes": (exchange("GET", RUN, 404), "the code of a 404"),
    "rate-limit-headers": (create(429, told={"retry-after": "1"}), "Retry-After"),
    "model-alias": (post({"input": {"prompt": "x"}}, "/v1/models/flux-pro/kontext/runs"), "flux-pro/kontext for black-forest-labs"),
    "model-uuid": (exchange("GET", f"/v1/models/{RUN_ID}"), f"a uuid, {RUN_ID}"),
    "batch-model-name": (post({"model_id": "runflow/background-removal", "input": [PHOTO]}, "/v1/batches"), "model_id"),
    "callback-scheme": (post({**SHIRT, "callback_url": "http://127.0.0.1:1/x"}), "plain HTTP"),
    "workflow-path": (post(SHIRT, "/v1/models/acme/flow/runs"), "a workflow under /v1/models"),
    "idempotency-key": (create(key="k"), "Idempotency-Key"),
    "client-ref-place": (post({"input": {**PHOTO, "client_ref": "a"}}), "client_ref inside input"),
    "upload-types": (post({"filename": "a", "mime_type": "text/plain; x=y", "size_bytes": 1}, "/v1/asset-uploads"), "text/plain"),
    "cancel-billing": (
        exchange("POST", f"/v1/admin/runs/{RUN_ID}/cancellation", 201, answer={"started_at": "2026-01-01T00:00:00Z"}),
        "a run that was at work",
    ),
    "run-error": (exchange("GET", RUN, answer={"failure_code": "TIMEOUT", "error": {"code": "TIMEOUT", "message": "late"}}), "error"),
    "output-form": (
        exchange("GET", RUN, answer={"output": {"outputs": [{"content_type": "image/png"}], "image_urls": ["u"]}}),
        "both forms",
    ),
    "empty-media": (post({"input": {"prompt": "x", "image_urls": ["https://a"], "mask_url": ""}}, EDIT), 'mask_url is ""'),
    "evaluation-callback": (
        post({"generated_image_url": "https://a", "task_type": "x", "callback_url": "https://b"}, "/v1/evaluations"),
        "callback_url",
    ),
    "secret-name": (post({"label": "a"}, "/v1/callback-secrets"), "secret and plain_secret"),
}


def test_every_point_of_reliance_is_shown_here() -> None:
    assert set(SEEN) == {ambiguity.point for ambiguity in AMBIGUITIES}


@pytest.mark.parametrize("point", SEEN)
def test_reliance_is_told_with_the_form_that_was_used(point: str) -> None:
    sent, begins = SEEN[point]
    told = [finding for finding in JUDGE.judge(sent).of(Severity.RELIANCE) if finding.rule == point]
    assert [finding.message.startswith(begins) for finding in told] == [True]


ERROR = {"code": "TIMEOUT", "message": "late"}
COMFORT = {"outputs": [{"content_type": "image/png"}], "image_urls": ["u"]}
HANDED_OVER = {"status_code": "cancelled", "started_at": None, "cost": "0.270000"}
UNCHARGED = {"status_code": "cancelled", "started_at": None, "cost": "0.000000"}
ITEMS = f"/v1/batches/{RUN_ID}/items"


@pytest.mark.parametrize(
    ("point", "answered"),
    [
        ("run-error", exchange("GET", "/v1/runs", answer={"items": [{"error": None}, {"error": ERROR}]})),
        ("run-error", exchange("GET", ITEMS, answer={"items": [{"run": {"error": ERROR}}]})),
        ("run-error", exchange("GET", "/v1/comfyui-workflows/a/b/runs", answer={"items": [{"error": ERROR}]})),
        ("output-form", exchange("GET", "/v1/runs", answer={"items": [{"output": COMFORT}]})),
        ("cancel-billing", exchange("POST", f"/v1/admin/runs/{RUN_ID}/cancellation", 201, answer=HANDED_OVER)),
        ("cancel-billing", exchange("GET", RUN, answer=HANDED_OVER)),
        ("cancel-billing", exchange("GET", RUN, answer={**UNCHARGED, "status_code": "canceled", "started_at": "2026-01-01T00:00:00Z"})),
    ],
)
def test_point_shows_wherever_a_run_does(point: str, answered: Exchange) -> None:
    assert point in {finding.rule for finding in JUDGE.judge(answered).of(Severity.RELIANCE)}


@pytest.mark.parametrize(
    "answered",
    [
        exchange("GET", RUN, answer=UNCHARGED),
        exchange("GET", "/v1/runs", answer={"items": [UNCHARGED, {"status_code": "running", "started_at": "2026-01-01T00:00:00Z"}]}),
        exchange("GET", RUN, answer={"input": {"error": ERROR}, "output": {"outputs": [{"content_type": "image/png"}]}}),
        exchange("GET", RUN, answer=b'{"error":{"code":'),
        exchange("GET", "/v1/runs", answer={"items": ['"error":{"code":', {"run": '"error":{"code":'}]}),
    ],
)
def test_run_that_shows_none_of_them_is_not_told_of(answered: Exchange) -> None:
    told = {finding.rule for finding in JUDGE.judge(answered).of(Severity.RELIANCE)}
    assert not told & {"run-error", "output-form", "cancel-billing"}


def test_plain_creation_relies_on_nothing() -> None:
    assert found(create(answer={"id": RUN_ID, "status_code": "queued"}), Severity.RELIANCE) == []


def test_spelling_that_an_answer_shows_is_relied_on() -> None:
    (finding,) = JUDGE.judge(exchange(answer={"id": RUN_ID, "status_code": "canceled"})).of(Severity.RELIANCE)
    assert finding.loc == ("response", "body")


def test_value_that_was_sent_before_is_judged_as_the_first_one_and_costs_less() -> None:
    sent = [exchange("GET", f"/v1/runs?limit=-{'9' * 20}", body=None) for _ in range(2)]
    judge = Judge(packaged_contract(), find)
    judge.judge(exchange("GET", "/v1/runs?limit=-1"))
    first, second = (lines_run(partial(judge.judge, each)) for each in sent)
    assert second < 0.9 * first
    assert judge.judge(sent[0]) == judge.judge(sent[1])
    assert [finding.loc for finding in judge.judge(sent[1]).violations] == [("query", "limit")]


TRACE = {"name": "trace", "in": "header", "schema": {"type": "integer"}}


@given(texts=st.lists(st.sampled_from(["0", "-1", "5", "true", "", "x" * (KNOWN_CHARACTERS_MAX + 1), "null"]), min_size=1, max_size=6))
def test_values_are_judged_alike_however_often_they_were_sent(texts: list[str]) -> None:
    judge = Judge(packaged_contract(), find)
    for text in texts:
        sent = exchange("GET", f"/v1/runs?limit={text}")
        found = judge.judge(sent)
        judge.contract.known_findings.clear()
        assert judge.judge(sent) == found


def test_what_was_sent_is_kept_no_longer_than_the_contract_that_it_was_held_against() -> None:
    document: Any = {"openapi": "3.1.0", "paths": {"/x": {"get": {"parameters": [TRACE], "responses": {"default": {}}}}}}
    judge = Judge(Contract(document, source="a document"), find)
    assert judge.judge(exchange("GET", "/x", headers={"trace": "no"})).violations
    assert judge.judge(exchange("GET", "/y", 404)) != NO_FINDINGS
    assert nearest_route(judge.contract, "GET", "/y") == "GET /x"
    kept = weakref.ref(judge.contract)
    del judge
    gc.collect()
    assert kept() is None


def test_known_answers_are_bounded() -> None:
    known = KnownAnswers[int, int](3)
    assert [known.of(number, partial(pow, number, 2)) for number in (0, 1, 1, 2, 3)] == [0, 1, 1, 4, 9]
    assert known == {3: 9}


def test_another_document_is_another_judge() -> None:
    document: Any = {"openapi": "3.1.0", "paths": {"/v1/runs/{id}": {"get": {"operationId": "read_it", "responses": {"default": {}}}}}}
    findings = Judge(Contract(document), find).judge(exchange())
    assert (findings.operation, findings.violations) == ("read_it", ())
    assert findings.ours == (Finding(("response", "body"), "content", "an answer without content has a body"),)


NAMES = st.sampled_from(["input", "items", "metadata", "client_ref", "", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "BREW"]),
    target=st.sampled_from([CREATE, BATCHES, RUN, "/v1/runs?limit=%ff&q=%00"]) | st.text(max_size=20).map("/v1/".__add__),
    body=JSON | st.binary(max_size=50),
    answer=JSON | st.binary(max_size=50),
    status=st.integers(100, 599),
)
def test_judge_takes_whatever_was_sent_and_answered(method: str, target: str, body: Any, answer: Any, status: int) -> None:
    judged = exchange(method, target, status, body=body, answer=answer)
    findings = JUDGE.judge(judged)
    assert all(finding.message and finding.rule for finding in (*findings.request, *findings.ours))
    assert JUDGE.acquits(judged) == (not findings.violations)
