"""Flows of promises: what holds between requests. Repeats, prices, redeliveries, webhooks, what is left behind."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import product
from typing import Any

from runflow_mock.domain.signing import SignatureError
from runflow_mock.kit.suite.balances import balance, is_rounded
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.files import output_is_there
from runflow_mock.kit.suite.flows import Flow, Needs, Play
from runflow_mock.kit.suite.flows_of_callbacks import check_signature, every_attempt
from runflow_mock.kit.suite.flows_of_runs import create_batch, create_run, ended
from runflow_mock.kit.suite.instants import instant, is_before
from runflow_mock.kit.suite.offers import IMAGE, INPUT, MODEL
from runflow_mock.kit.suite.provocations import CONFLICT, fresh_request
from runflow_mock.kit.suite.readings import content_of, expect
from runflow_mock.kit.suite.requests import Request, right_requests
from runflow_mock.kit.suite.rules import variations
from runflow_mock.kit.suite.seeds import FINE, seed, upload
from runflow_mock.kit.suite.suite_tenants import FAIL, SuiteTenant

# What the suite answers an attempt: 200 without a word, which is null where no words are kept, and nothing went wrong below.
ANSWERED = (200, "", None)
# What tells of the body or of what was made, and not of one request.
REPEATED_HEADERS = frozenset(("content-type", "location"))
DELIVERY_STATES = frozenset(("pending", "delivering", "succeeded", "failed"))
# What sends callbacks.
SENDERS = ("runs", "batches")
# Where something is made with a POST.
REPEATED = (
    *("models", "runs", "batches", "callback-secrets", "asset-uploads", "evaluations", "webhooks"),
    *("comfyui-workflows", "admin"),
)


def _repeats_of(noun: str) -> Play:
    """Returns what sends every POST of a noun twice under one key, and once under another."""

    def play(tenant: SuiteTenant) -> Iterator[str]:
        asked = []
        for request in right_requests(tenant, noun):
            if request.operation.method == "POST":
                fresh = fresh_request(tenant, request)
                headers = {"Idempotency-Key": f"{tenant.mark}-{next(tenant.target.numbers)}"}
                first = fresh.send(tenant, headers=headers)
                asked.append((fresh, headers, first))
                yield from _is_replayed(tenant, fresh, headers, first)
        tenant.settle()
        for request, headers, first in asked:
            later = request.send(tenant, headers=headers)
            if first.status < 300 and (later.status, later.body) != (first.status, first.body):
                yield f"{request.operation.id} sent again after the end of what it made is answered otherwise: {later.evidence}"

    return play


def _is_replayed(tenant: SuiteTenant, request: Request, headers: dict[str, str], first: Answer) -> Iterator[str]:
    before = balance(tenant)
    second = request.send(tenant, headers=headers)
    if balance(tenant) != before:
        yield f"{request.operation.id} sent again under its key costs {before - balance(tenant)}"
    if first.status >= 300:
        yield f"{request.operation.id} under a key is answered {first.evidence}"
    elif (second.status, second.body) != (first.status, first.body):
        yield f"{request.operation.id} sent again under its key is answered otherwise: {second.evidence}"
    for name in sorted(REPEATED_HEADERS & first.headers.keys()):
        if second.headers.get(name) != first.headers[name]:
            yield f"{request.operation.id} sent again under its key has {name} {second.headers.get(name)!r}, not {first.headers[name]!r}"
    yield from _is_told_apart(tenant, request, headers)


def _is_told_apart(tenant: SuiteTenant, request: Request, headers: dict[str, str]) -> Iterator[str]:
    """Another body under a used key does nothing, and is a conflict; who knows all fields of a body may refuse any other before that."""
    answers: dict[int, str] = {}
    for variation in variations(request, is_strict=tenant.is_strict):
        answer = request.send(tenant, body=variation.body, headers=headers)
        answers.setdefault(answer.status, answer.evidence)
        # Some look at what refers to a record before they look at the key.
        if answer.status < 300:
            yield f"{request.operation.id} with another {variation.name} under a used key is answered {answer.evidence}"
    if answers and CONFLICT not in answers:
        yield f"{request.operation.id} with another body under a used key is answered {', '.join(answers.values())}"
    if not answers and request.operation.body:
        other = request.send(tenant, body={**(request.body or {}), "suite": "other"}, headers=headers)
        if other.status not in (CONFLICT, 422):
            yield f"{request.operation.id} with another body under a used key is answered {other.evidence}"


def _reading_is_free(tenant: SuiteTenant) -> Iterator[str]:
    """Whoever reads, and has addresses signed and files sent, pays nothing for it."""
    run = ended(tenant, f"/v1/runs/{create_run(tenant)['id']}")
    left = balance(tenant)
    yield from output_is_there(tenant, run["output"])
    for path in (f"/v1/runs/{run['id']}", "/v1/runs"):
        # What is signed at another moment may have another address.
        tenant.control.advance("1s")
        tenant.get(f"{path}?add_signature=true")
    if balance(tenant) != left:
        yield f"files that were sent and addresses that were signed lowered the balance by {left - balance(tenant)}"
    paths = seed(tenant)
    left = balance(tenant)
    for path in paths:
        tenant.get(path)
    if balance(tenant) != left:
        yield f"what was only read lowered the balance by {left - balance(tenant)}"


def _prices_are_charged(tenant: SuiteTenant) -> Iterator[str]:
    # The price of the second has a fraction of a cent.
    for model in (MODEL, FINE):
        yield from _price_is_charged(tenant, model)


def _price_is_charged(tenant: SuiteTenant, model: str) -> Iterator[str]:
    """A run of a model that has one price for a request costs that, on the record and on the balance."""
    prices = expect(tenant.get(f"/v1/models/{model}/pricing"), 200)["items"]
    before = balance(tenant)
    made = expect(tenant.post(f"/v1/models/{model}/runs", {"input": INPUT}), 201)
    run = ended(tenant, f"/v1/runs/{made['id']}")
    charged = [entry.amount for entry in tenant.control.ledger().entries if entry.kind == "charge"][-1:]
    cost = run.amount("cost")
    if not is_rounded(before - balance(tenant), cost) or [abs(Decimal(each)) for each in charged] != [cost]:
        yield f"a run that costs {run['cost']} is charged as {charged}, and the balance falls by {before - balance(tenant)}"
    if not prices:
        yield f"a run costs {run['cost']}, and its model has no price"
    if len(prices) == 1 and prices[0].get("unit_code") == "request" and cost != prices[0].amount("price"):
        yield f"a request has the price {prices[0]['price']} and costs {run['cost']}"
    told = run.get("cost_breakdown") or {}
    for name, word in (("unit_code", "unit"), ("currency_code", "currency")):
        if len(prices) == 1 and name in prices[0] and word in told and prices[0].get(name) != told.get(word):
            yield f"a price has the {name} {prices[0].get(name)!r}, and what was charged the {word} {told.get(word)!r}"
    ended_at = instant(prices[0].get("disabled_at")) if len(prices) == 1 else None
    if ended_at is not None and ended_at <= (instant(run["created_at"]) or ended_at):
        yield f"a run is charged by a price that is disabled since {prices[0]['disabled_at']}"


def _sends_a_callback(tenant: SuiteTenant, noun: str) -> str:
    """Makes a run or a batch of one item that sends a callback when it ends; returns its path."""
    made = create_run(tenant, callback_url=tenant.hook) if noun == "runs" else create_batch(tenant, 1, callback_url=tenant.hook)
    return f"/v1/{noun}/{made['id']}"


def _redeliveries_are_asked_for(tenant: SuiteTenant) -> Iterator[str]:
    """What is sent again is a delivery of its own, of the same record, and is told from what came by itself."""
    for noun in SENDERS:
        path = _sends_a_callback(tenant, noun)
        first = every_attempt(tenant)
        if not first:
            yield f"one of the {noun} with a callback_url sends nothing"
            continue
        before = balance(tenant)
        again = expect(tenant.post(f"{path}/callback-redeliveries", {}), 201)
        second = every_attempt(tenant)
        if balance(tenant) != before:
            yield f"a redelivery of one of the {noun} costs {before - balance(tenant)}"
        told = {record["id"]: record for record in expect(tenant.get(f"{path}/callback"), 200)}
        if [attempt.delivery_id for attempt in second] != [again["id"]] or set(told) != {first[0].delivery_id, again["id"]}:
            yield f"a redelivery of one of the {noun} sends {len(second)} callbacks and makes {len(told)} deliveries"
            continue
        automatic = {record["is_automatic"] for record in told.values() if record["id"] != again["id"]}
        if automatic != {True} or told[again["id"]]["is_automatic"] is not False:
            yield f"is_automatic is {automatic} of what came by itself and {told[again['id']]['is_automatic']} of what was asked for"
        answers = {
            (each.get("status_code"), each.get("response_body") or "", each.get("error_message") or None)
            for record in told.values()
            for each in record["attempts"]
        }
        ids = [each["id"] for record in told.values() for each in record["attempts"]]
        if len(set(ids)) != len(first) + len(second):
            yield f"{len(first) + len(second)} attempts have the ids {ids}"
        if answers != {ANSWERED}:
            yield f"attempts that were answered {ANSWERED} say {sorted(map(str, answers))}"
        if not second or content_of(second[0]) != content_of(first[0]):
            yield "a redelivery tells something else"
        expect(tenant.get(path), 200)
        yield from _are_updated_before(told.values(), create_run(tenant)["created_at"])


def _are_updated_before(told: Iterable[Any], later: str) -> Iterator[str]:
    """What was read before something was made was not updated after that."""
    for updated in (record.get("updated_at") for record in told):
        if is_before(later, updated):
            yield f"a delivery was updated at {updated}, and what was made after it was read at {later}"


def _deliveries_tell_their_attempts(tenant: SuiteTenant) -> Iterator[str]:
    """A delivery lists each attempt with the receiver's answer, and ends as the last of them did."""
    for noun, (statuses, state) in product(SENDERS, (([302, 503, 204], "succeeded"), ([404] * 5, "failed"))):
        path = _sends_a_callback(tenant, noun)
        ended(tenant, path)
        before, answered = balance(tenant), []
        for status in statuses:
            answered += [(attempt.number, status) for attempt in every_attempt(tenant, status, most=1)]
            # The laws hold when the next attempt comes against when it was announced.
            expect(tenant.get(f"{path}/callback"), 200)
        if balance(tenant) != before:
            yield f"attempts that were answered {answered} cost {before - balance(tenant)}"
        told = expect(tenant.get(f"{path}/callback"), 200)[-1]
        seen = sorted((attempt["attempt_number"], attempt.get("status_code")) for attempt in told["attempts"])
        # How the states of a delivery are called is not published.
        is_other = told["status_code"] in DELIVERY_STATES - {state}
        count, most = told.get("attempt_count"), told.get("max_attempts")
        if seen != answered or is_other or count not in (None, len(answered)):
            yield f"a delivery that was answered {answered} is {told['status_code']} with {count} attempts {seen}"
        if None not in (count, most) and (count > most or (state == "failed" and count < most)):
            yield f"a delivery is {state} after {count} attempts of {most}"


def _webhooks_are_signed(tenant: SuiteTenant) -> Iterator[str]:
    """A webhook gets the events that it asked for and no others, signed with its own secret."""
    for event, secret in (("run.completed", "suite-one"), ("run.failed", "suite-two")):
        body = {"url": f"{tenant.hook}/{event}", "secret": secret, "event_subscriptions": [{"event_type_code": event}]}
        expect(tenant.post("/v1/webhooks", body), 201)
    # Who is told at an address of its own is told at each webhook as well.
    runs = [create_run(tenant, client_ref=ref, callback_url=f"{tenant.hook}/own") for ref in ("fine", FAIL)]
    heard = [attempt for attempt in every_attempt(tenant) if not attempt.url.endswith("/own")]
    contents = [(attempt.url.rpartition("/")[2], content_of(attempt)) for attempt in heard]
    told = sorted((name, content["event"], content["run_id"]) for name, content in contents)
    wanted = sorted((event, event, run["id"]) for event, run in zip(("run.completed", "run.failed"), runs, strict=True))
    if told != wanted:
        yield f"two webhooks were sent {[(url, event) for url, event, _ in told]}"
    for attempt in heard:
        try:
            check_signature(attempt, "suite-one" if attempt.url.endswith("run.completed") else "suite-two")
        except SignatureError as error:
            yield error.evidence
    for run in runs:
        expect(tenant.get(f"/v1/runs/{run['id']}"), 200)
    for webhook in tenant.items("/v1/webhooks"):
        if "last_triggered_at" in webhook and webhook.get("last_triggered_at") is None:
            yield f"the webhook {webhook['id']} was sent something, and says that nothing ever triggered it"


def _new_secret_signs(tenant: SuiteTenant) -> Iterator[str]:
    """The current secret signs: the first until another is promoted."""
    secrets: list[Any] = [expect(tenant.post("/v1/callback-secrets", {"label": f"suite-{number}"}), 201) for number in range(2)]
    for current in (0, 1):
        if current:
            expect(tenant.send("PATCH", f"/v1/callback-secrets/{secrets[1]['id']}", {"is_current": True}), 200)
        for noun in SENDERS:
            yield from _is_signed_with(tenant, noun, secrets[current])
        items = {item["id"]: item for item in tenant.items("/v1/callback-secrets")}
        if not current and items.get(secrets[1]["id"], {}).get("last_used_at") is not None:
            yield f"a secret that never signed anything says that it was used at {items[secrets[1]['id']]['last_used_at']}"
        listed = {key: item.get("is_current") for key, item in items.items()}
        if listed and listed != {secret["id"]: number == current for number, secret in enumerate(secrets)}:
            yield f"of two secrets the list says is_current {list(listed.values())}"
    yield from _no_longer_signs(tenant, secrets[1])


def _no_longer_signs(tenant: SuiteTenant, secret: Any) -> Iterator[str]:
    """A secret that was deleted signs nothing any more, whichever takes its place."""
    if tenant.send("DELETE", f"/v1/callback-secrets/{secret['id']}").status != 204:
        return
    _sends_a_callback(tenant, "runs")
    for attempt in every_attempt(tenant):
        with suppress(SignatureError):
            check_signature(attempt, secret["plain_secret"])
            yield f"{secret['label']} was deleted, and attempt {attempt.number} of {attempt.delivery_id} is signed with it"


def _is_signed_with(tenant: SuiteTenant, noun: str, secret: Any) -> Iterator[str]:
    """A callback is signed with a secret, says so, and its attempts were made no later than the secret was last used."""
    path = _sends_a_callback(tenant, noun)
    for attempt in every_attempt(tenant):
        try:
            check_signature(attempt, secret["plain_secret"])
        except SignatureError as error:
            yield f"{secret['label']} is current: {error.evidence}"
    told = expect(tenant.get(f"{path}/callback"), 200)[0]
    if told.get("signing_secret_id") != secret["id"]:
        yield f"signing_secret_id is {told.get('signing_secret_id')!r}, and {secret['id']!r} is current"
    used = next((item.get("last_used_at") for item in tenant.items("/v1/callback-secrets") if item["id"] == secret["id"]), None)
    for made in (attempt.get("created_at") for attempt in told["attempts"]):
        if instant(made) and not instant(used) and not tenant.is_strict:
            yield f"an attempt was made at {made}, and the secret that signed it says that it was never used"
        if is_before(used, made):
            yield f"an attempt was made at {made}, and the secret that signed it was last used at {used}"


def _stale_changes_are_refused(tenant: SuiteTenant) -> Iterator[str]:
    """Who changes what has changed since it was read is told so, and nothing is changed."""
    path = f"/v1/webhooks/{expect(tenant.post('/v1/webhooks', {'url': tenant.hook, 'secret': 'suite'}), 201)['id']}"
    # What was just made may be told more exactly than it is kept.
    read = expect(tenant.get(path), 200).get("updated_at")
    if read is None:
        # Who does not say when a record was changed cannot be asked to look at it.
        return
    tenant.control.advance("2s")
    changed = expect(tenant.send("PATCH", path, {"url": f"{tenant.hook}/2", "updated_at": read}), 200)
    if changed["updated_at"] == read:
        yield "a change leaves updated_at as it was"
    stale = tenant.send("PATCH", path, {"url": f"{tenant.hook}/3", "updated_at": read})
    if stale.status != 409 or expect(tenant.get(path), 200)["url"] != f"{tenant.hook}/2":
        yield f"a change of what has changed since is answered {stale.status}"


def _evaluations_are_paid(tenant: SuiteTenant) -> Iterator[str]:
    """An evaluation that was asked for costs what its class says, and tells its receiver."""
    before = balance(tenant)
    classes = expect(tenant.get("/v1/evaluations/job-classes"), 200)["items"] if not tenant.is_strict else []
    body = {"generated_image_url": IMAGE, "task_type": "headshot", "callback_url": tenant.hook, "client_ref": "suite"}
    made = expect(tenant.post("/v1/evaluations", body), 202)
    heard = every_attempt(tenant)
    end = expect(tenant.get(f"/v1/evaluations/{made['id']}"), 200)
    if end["status_code"] != "completed" or [content_of(attempt).get("evaluation_id") for attempt in heard] != [made["id"]]:
        yield f"an evaluation is {end['status_code']} and sends {len(heard)} callbacks"
    cost = end.amount("cost", nothing=Decimal(0))
    if not is_rounded(before - balance(tenant), cost):
        yield f"an evaluation that costs {cost} lowers the balance by {before - balance(tenant)}"
    if classes and classes[0].get("is_active") is False:
        yield f"the class {classes[0]['code']} is not active, and an evaluation of it is made"
    if classes and cost != classes[0].amount("price"):
        yield f"an evaluation of {classes[0]['price']} costs {cost}"
    yield from _evaluation_fails(tenant)


def _evaluation_fails(tenant: SuiteTenant) -> Iterator[str]:
    """An evaluation of a picture that is gone when it is looked at may fail; then it costs nothing, and says so to its receiver."""
    asset = upload(tenant)
    before = balance(tenant)
    body = {"generated_image_url": f"runflow://assets/{asset}", "task_type": "headshot", "callback_url": tenant.hook}
    made = expect(tenant.post("/v1/evaluations", body), 202)
    tenant.send("DELETE", f"/v1/assets/{asset}")
    told = [content_of(attempt).get("event") for attempt in every_attempt(tenant)]
    end = expect(tenant.get(f"/v1/evaluations/{made['id']}"), 200)
    if told != [f"evaluation.{end['status_code']}"]:
        yield f"an evaluation is {end['status_code']}, and its receiver is told {told}"
    if end["status_code"] == "failed" and balance(tenant) != before:
        yield f"an evaluation that failed lowered the balance by {before - balance(tenant)}"


FLOWS: tuple[Flow, ...] = (
    *(
        Flow(
            f"repeats_of_{noun.replace('-', '_')}",
            f"what is sent again under its key is done once: {noun}",
            Needs.CONTROL,
            _repeats_of(noun),
        )
        for noun in REPEATED
    ),
    Flow("reading_is_free", "what is only read costs nothing", Needs.CONTROL, _reading_is_free),
    Flow("price_is_charged", "a run costs its price, once", Needs.CONTROL, _prices_are_charged),
    Flow("redelivery_is_told", "what was asked for again is told from what came by itself", Needs.CONTROL, _redeliveries_are_asked_for),
    Flow("attempts_are_told", "a delivery tells each attempt with its answer", Needs.CONTROL, _deliveries_tell_their_attempts),
    Flow("webhook_is_signed", "a webhook gets what it asked for, signed with its secret", Needs.CONTROL, _webhooks_are_signed),
    Flow("current_secret_signs", "the secret that is current signs", Needs.CONTROL, _new_secret_signs),
    Flow("stale_change_is_refused", "a change of what has changed since is refused", Needs.CONTROL, _stale_changes_are_refused),
    Flow("evaluation_is_paid", "an evaluation costs its price and tells its receiver", Needs.CONTROL, _evaluations_are_paid),
)
