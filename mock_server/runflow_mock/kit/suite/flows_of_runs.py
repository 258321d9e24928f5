"""Flows of runs and batches: their lives, what they cost, and what happens when they are asked for twice."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from runflow_mock.domain.documents import Json
from runflow_mock.kit.suite.agreements import is_alike
from runflow_mock.kit.suite.balances import balance, exact_balance, is_rounded
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.flows import Flow, Needs
from runflow_mock.kit.suite.readings import Unexpected, expect
from runflow_mock.kit.suite.seeds import ABSENT
from runflow_mock.kit.suite.suite_tenants import FAIL, SuiteTenant

TERMINAL = frozenset(("succeeded", "partial_succeeded", "failed", "cancelled", "canceled"))
CANCELLED = ("cancelled", "canceled")
# A key holds for a day.
KEY_LASTS = "23h"


def create_run(tenant: SuiteTenant, **body: Any) -> Any:
    """Returns a new run."""
    return expect(tenant.post(tenant.offer.runs, {"input": tenant.offer.input, **body}), 201)


def create_batch(tenant: SuiteTenant, items: int, **body: Any) -> Any:
    """Returns a new batch of equal items."""
    return expect(tenant.post(tenant.offer.batches, {"input": [tenant.offer.input] * items, **body}), 201)


def ended(tenant: SuiteTenant, path: str) -> Any:
    """Returns a run or batch once it has ended, reading it on the way."""
    latest: Any = None

    def is_over() -> bool:
        nonlocal latest
        latest = expect(tenant.get(path), 200)
        return latest["status_code"] in TERMINAL

    if not tenant.until(is_over):
        raise Unexpected(f"{path} is still {latest['status_code']}")
    return latest


def _runs_live(tenant: SuiteTenant) -> Iterator[str]:
    run = create_run(tenant, client_ref="suite-life", metadata={"suite": "life"})
    if run["status_code"] != "queued" or run.get("output") is not None:
        yield f"a new run is {run['status_code']} with output {run.get('output')!r}"
    if (run.get("client_ref"), run.get("metadata"), run.get("input")) != ("suite-life", {"suite": "life"}, tenant.offer.input):
        yield "a run does not carry what it was created with"
    end = ended(tenant, f"/v1/runs/{run['id']}")
    if end["status_code"] != "succeeded" or end.get("output") is None:
        yield f"a run with a good input ends as {end['status_code']}"
    if end["id"] != run["id"] or not is_alike("created_at", end["created_at"], run["created_at"]):
        yield "a run changes its id or its creation"
    again = expect(tenant.get(f"/v1/runs/{run['id']}"), 200)
    differing = sorted(name for name in end.keys() | again.keys() if not is_alike(name, end.get(name), again.get(name)))
    if differing:
        yield f"two reads of a run that has ended differ in {differing}"


def _batches_live(tenant: SuiteTenant) -> Iterator[str]:
    batch = create_batch(tenant, 3)
    if (batch["status_code"], batch["items_total"], batch["items_succeeded"]) != ("queued", 3, 0):
        yield f"a new batch of 3 is {batch['status_code']} with {batch['items_succeeded']} of {batch['items_total']}"
    end = ended(tenant, f"/v1/batches/{batch['id']}")
    items = expect(tenant.get(f"/v1/batches/{batch['id']}/items"), 200)["items"]
    runs = [expect(tenant.get(f"/v1/runs/{item['run_id']}"), 200) for item in items]
    places = [item.get("sequence_index") for item in items]
    if places != [0, 1, 2] or len({run["id"] for run in runs}) != 3:
        yield f"the items of a batch of 3 are {places}"
    spent = sum(run.amount("cost", nothing=Decimal(0)) for run in runs)
    if end.amount("cost") != spent:
        yield f"a batch costs {end['cost']} and its runs {spent}"
    if sum(run["status_code"] == "succeeded" for run in runs) != end["items_succeeded"]:
        yield f"{end['items_succeeded']} items have succeeded and the runs are {[run['status_code'] for run in runs]}"


def _success_costs(tenant: SuiteTenant) -> Iterator[str]:
    before = balance(tenant)
    end = ended(tenant, f"/v1/runs/{create_run(tenant)['id']}")
    fell = before - balance(tenant)
    # A model may be free; the laws hold its price against what it costs.
    if not is_rounded(fell, end.amount("cost", nothing=Decimal(0))):
        yield f"a run that cost {end.get('cost') or 'nothing'} lowered the balance by {fell}"


def _failure_is_free(tenant: SuiteTenant) -> Iterator[str]:
    before = balance(tenant)
    end = ended(tenant, f"/v1/runs/{create_run(tenant, client_ref='mock:fail')['id']}")
    if end["status_code"] != "failed":
        yield f"a run that was made to fail is {end['status_code']}"
    if balance(tenant) != before:
        yield f"a failed run lowered the balance by {before - balance(tenant)}"
    yield from _broken_invariants(tenant)


def _failed_items_are_free(tenant: SuiteTenant) -> Iterator[str]:
    items: list[Json] = [{"input": tenant.offer.input}, {"input": tenant.offer.input, "client_ref": FAIL}]
    before = balance(tenant)
    batch = expect(tenant.post(tenant.offer.batches, {"items": items}), 201)
    end = ended(tenant, f"/v1/batches/{batch['id']}")
    if (end["status_code"], end["items_succeeded"], end["items_failed"]) != ("partial_succeeded", 1, 1):
        yield f"a batch with one failed item of 2 is {end['status_code']} with {end['items_succeeded']} and {end['items_failed']}"
    if not is_rounded(before - balance(tenant), end.amount("cost")):
        yield f"a batch that cost {end['cost']} lowered the balance by {before - balance(tenant)}"
    runs = expect(tenant.get(f"/v1/batches/{batch['id']}/items"), 200)["items"]
    costs = [expect(tenant.get(f"/v1/runs/{item['run_id']}"), 200).amount("cost", nothing=Decimal(0)) for item in runs]
    if sum(costs) != end.amount("cost") or any(costs[1:]):
        yield f"items that cost {list(map(str, costs))} make a batch that costs {end['cost']}"
    yield from _broken_invariants(tenant)


def _broken_invariants(tenant: SuiteTenant) -> Iterator[str]:
    ledger = tenant.control.ledger()
    yield from (f"the ledger breaks {rule.name}: {rule.evidence}" for rule in ledger.invariants if not rule.held)
    if not is_rounded(balance(tenant), Decimal(ledger.balance)):
        yield f"the ledger says {ledger.balance} and the API {balance(tenant)}"


def _poverty_is_told(tenant: SuiteTenant) -> Iterator[str]:
    tenant.control.add_credit(-exact_balance(tenant))
    answer = tenant.post(tenant.offer.runs, {"input": tenant.offer.input})
    refusal = expect(answer, 402)
    if not str(refusal["code"]).startswith("INSUFFICIENT_CREDIT"):
        yield f"the code is {refusal['code']}"
    expect(tenant.post(tenant.offer.batches, {"input": [tenant.offer.input]}), 402)
    if balance(tenant) != 0:
        yield f"what was refused for want of credits left {balance(tenant)} of nothing"
    if expect(tenant.get("/v1/runs"), 200)["items"] or tenant.items("/v1/batches"):
        yield "what was refused for want of credits exists"
    yield from _no_part_is_made(tenant)


def _no_part_is_made(tenant: SuiteTenant) -> Iterator[str]:
    """Who has enough for one item of two gets no batch at all."""
    tenant.control.add_credit("1000")
    cost = ended(tenant, f"/v1/runs/{create_run(tenant)['id']}").amount("cost")
    tenant.control.add_credit(cost - exact_balance(tenant))
    answer = tenant.post(tenant.offer.batches, {"input": [tenant.offer.input] * 2})
    if answer.status != 402 or not is_rounded(balance(tenant), cost) or tenant.items("/v1/batches"):
        yield f"a batch of two on a balance that covers one is answered {answer.evidence}, and the balance is {balance(tenant)}"
    last = tenant.post(tenant.offer.runs, {"input": tenant.offer.input})
    if last.status != 201:
        yield f"a run that costs {cost}, on a balance of that, is answered {last.evidence}"


def _repeats_are_replayed(tenant: SuiteTenant) -> Iterator[str]:
    headers = {"Idempotency-Key": f"{tenant.mark}-repeat"}
    body: dict[str, Json] = {"input": tenant.offer.input, "client_ref": f"{tenant.mark}-repeat"}
    first, second = (tenant.post(tenant.offer.runs, body, headers=headers) for _ in range(2))
    made = expect(first, 201)
    if (second.status, second.body) != (first.status, first.body):
        yield f"the answer to a repeated request differs: {second.evidence}"
    if tenant.has_control:
        yield from _failures_are_remembered(tenant)
    ended(tenant, f"/v1/runs/{made['id']}")
    third = tenant.post(tenant.offer.runs, body, headers=headers)
    if (third.status, third.body) != (first.status, first.body):
        yield f"the answer to a request that is repeated after the end of its run differs: {third.evidence}"
    if tenant.has_control and not tenant.is_strict:
        tenant.control.advance(KEY_LASTS)
        later = tenant.post(tenant.offer.runs, body, headers=headers)
        if (later.status, later.body) != (first.status, first.body):
            yield f"the answer to a request that is repeated after {KEY_LASTS} differs: {later.evidence}"
    found = expect(tenant.get(f"/v1/runs?q=client_ref.EQ:'{tenant.mark}-repeat'"), 200)["items"]
    if len(found) != 1:
        yield f"a repeated request made {len(found)} runs"
    other = expect(tenant.post(tenant.offer.runs, {**body, "client_ref": f"{tenant.mark}-other"}, headers=headers), 409)
    if other["code"] != "CONFLICT":
        yield f"another body under the same key is told as {other['code']}"
    if expect(tenant.get(f"/v1/runs?q=client_ref.EQ:'{tenant.mark}-other'"), 200)["items"]:
        yield "another body under the same key is refused, and makes a run all the same"
    without = [create_run(tenant)["id"] for _ in range(2)]
    if len(set(without)) != 2:
        yield "without a key a repeated request is replayed"


def _failures_are_remembered(tenant: SuiteTenant) -> Iterator[str]:
    """What was asked for under a key was done, however it ended: the same again is no second try."""
    headers, body = {"Idempotency-Key": f"{tenant.mark}-failure"}, {"input": tenant.offer.input, "client_ref": FAIL}
    first = expect(tenant.post(tenant.offer.runs, body, headers=headers), 201)
    if ended(tenant, f"/v1/runs/{first['id']}")["status_code"] == "failed":
        again = tenant.post(tenant.offer.runs, body, headers=headers)
        if again.status != 201 or expect(again, 201)["id"] != first["id"]:
            yield f"a run has failed, and the request that made it, sent again under its key, is answered with another: {again.evidence}"


def _keys_are_told_apart(tenant: SuiteTenant) -> Iterator[str]:
    """Keys that are not the same are not taken for each other, however long they are equal.

    What is asked for on another path, or after a refusal, is another body under a key that was used: a server that remembers the key
    refuses it, and one whose keys are of a path, or forget what was refused, does it. Neither answers as it has answered before.
    """
    body: dict[str, Json] = {"input": tenant.offer.input}
    for one, other in ((f"{'k' * 40}1", f"{'k' * 40}2"), ("suite-key", "Suite-Key")):
        ids = [expect(tenant.post(tenant.offer.runs, body, headers={"Idempotency-Key": key}), 201)["id"] for key in (one, other)]
        if ids[0] == ids[1]:
            yield f"the keys {one!r} and {other!r} are taken for one"
    headers = {"Idempotency-Key": "suite-path"}
    run = expect(tenant.post(tenant.offer.runs, body, headers=headers), 201)
    batch = tenant.post(tenant.offer.batches, {"input": [tenant.offer.input]}, headers=headers)
    if not _is_conflict(batch) and (batch.status != 201 or expect(batch, 201)["id"] == run["id"]):
        yield f"a key that made a run is taken for that of a batch: {batch.evidence}"
    headers = {"Idempotency-Key": "suite-refused"}
    expect(tenant.post(tenant.offer.runs, {}, headers=headers), 422)
    right = tenant.post(tenant.offer.runs, body, headers=headers)
    if right.status != 201 and not _is_conflict(right):
        yield f"what is right is answered as what was refused under its key: {right.evidence}"


def _is_conflict(answer: Answer) -> bool:
    return answer.status == 409 and expect(answer, 409)["code"] == "CONFLICT"


def _runs_are_cancelled(tenant: SuiteTenant) -> Iterator[str]:
    before = balance(tenant)
    run, beside = create_run(tenant), create_run(tenant)
    path = f"/v1/admin/runs/{run['id']}/cancellation"
    if tenant.post(path, {"reason": "suite"}).status != 403:
        yield "a customer's key may cancel"
    first = tenant.post(path, {"reason": "suite"}, key=tenant.admin_key)
    again = tenant.post(path, {"reason": "suite"}, key=tenant.admin_key)
    if (first.status, again.status) != (201, 200):
        yield f"a run is cancelled with {first.status} and then {again.status}"
    tenant.settle()
    end = expect(tenant.get(f"/v1/runs/{run['id']}"), 200)
    if end["status_code"] not in CANCELLED or end.get("output") is not None:
        yield f"a cancelled run is {end['status_code']} and {'has' if end.get('output') else 'has no'} output"
    other = expect(tenant.get(f"/v1/runs/{beside['id']}"), 200)
    if other["status_code"] != "succeeded":
        yield f"one run was cancelled, and another one is {other['status_code']}"
    fell, cost = before - balance(tenant), end.amount("cost", nothing=Decimal(0))
    paid = other.amount("cost", nothing=Decimal(0))
    if not is_rounded(fell, paid) or cost:
        yield f"a run that was cancelled before it began costs {cost}, and lowered the balance by {fell - paid}"
    yield from _broken_invariants(tenant)
    done = ended(tenant, f"/v1/runs/{create_run(tenant)['id']}")
    late = tenant.post(f"/v1/admin/runs/{done['id']}/cancellation", {"reason": "suite"}, key=tenant.admin_key)
    if late.status != 200 or expect(tenant.get(f"/v1/runs/{done['id']}"), 200) != done:
        yield f"a run that has ended is cancelled with {late.status}, or is another one after that"


def _batches_are_cancelled(tenant: SuiteTenant) -> Iterator[str]:
    """A batch that is cancelled before anything was done costs nothing, and each of its items says so."""
    before = balance(tenant)
    batch = create_batch(tenant, 2)
    tenant.control.cancel_batch(batch["id"])
    tenant.settle()
    end = expect(tenant.get(f"/v1/batches/{batch['id']}"), 200)
    if end["status_code"] not in CANCELLED or end["items_cancelled"] != 2:
        yield f"a batch of 2 that was cancelled is {end['status_code']} with {end['items_cancelled']} cancelled"
    fell, cost = before - balance(tenant), end.amount("cost", nothing=Decimal(0))
    if fell or cost:
        yield f"a batch that was cancelled before it began costs {cost}, and lowered the balance by {fell}"
    yield from _broken_invariants(tenant)


def _others_are_absent(tenant: SuiteTenant) -> Iterator[str]:
    run, batch = create_run(tenant), create_batch(tenant, 1)
    with tenant.target.open(seed="another") as other:
        for record, noun in ((run, "runs"), (batch, "batches")):
            absent, foreign = other.get(f"/v1/{noun}/{ABSENT}"), other.get(f"/v1/{noun}/{record['id']}")
            if foreign.status != 404 or expect(foreign, 404)["code"] != expect(absent, 404)["code"]:
                yield f"another account is told {foreign.status} of one of the {noun}: {foreign.evidence}"
            listed = other.items(f"/v1/{noun}")
            if any(item["id"] == record["id"] for item in listed):
                yield f"another account sees one of the {noun} in its list"


FLOWS: tuple[Flow, ...] = (
    Flow("run_lives", "a run starts queued, ends, and stays as it ended", Needs.CREATING, _runs_live, 1),
    Flow("batch_lives", "a batch has an item and a run for each input and costs their sum", Needs.CREATING, _batches_live, 3),
    Flow("success_costs", "the balance falls by what a succeeded run cost", Needs.CREATING, _success_costs, 1),
    Flow("failure_is_free", "a failed run costs nothing", Needs.CONTROL, _failure_is_free, 1),
    Flow("failed_item_is_free", "a failed item of a batch costs nothing", Needs.CONTROL, _failed_items_are_free, 2),
    Flow("poverty_is_told", "without credits nothing is created", Needs.CONTROL, _poverty_is_told),
    Flow(
        "repeat_is_replayed",
        "a repeated request gets the same bytes and creates nothing",
        Needs.CREATING,
        _repeats_are_replayed,
        3,
    ),
    Flow(
        "keys_are_told_apart",
        "other keys are other requests, and no other request is answered as the one before under its key",
        Needs.CONTROL,
        _keys_are_told_apart,
        4,
    ),
    Flow("run_is_cancelled", "only an admin cancels, once, and one run", Needs.CONTROL, _runs_are_cancelled, 2),
    Flow("batch_is_cancelled", "a batch that never began costs nothing", Needs.CONTROL, _batches_are_cancelled, 2),
    Flow("other_is_absent", "what belongs to others is told as what is not there", Needs.CONTROL, _others_are_absent, 2),
)
