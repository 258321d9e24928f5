"""A tenant is saved in one document and restored from it; a document that cannot be used changes nothing."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from doors import AUTO, MANUAL, Door
from msgspec.structs import replace
from steps import (
    BATCHES,
    INPUT,
    RUNS,
    Body,
    advance,
    callback_run,
    finished_batch,
    finished_run,
    get_run,
    history_length,
    ok,
    post_fault,
    post_run,
    refusal,
)
from uploads import assets, at, upload

from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.wire.seals import seal
from runflow_mock.wire.snapshots import SNAPSHOT, decode_snapshot


def saved(door: Door) -> Body:
    return ok(door.request("GET", "/_mock/snapshot"))


def restore(door: Door, document: Body, **kwargs: Any) -> Body:
    return ok(door.request("PUT", "/_mock/snapshot", json=document, **kwargs))


def refused(door: Door, document: object) -> str:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return refusal(door.request("PUT", "/_mock/snapshot", content=raw), 422)


def sealed_anew(document: Body) -> Body:
    """The document with the digest that fits its values, as one who forges it would write it."""
    content = {name: value for name, value in document.items() if name not in ("format", "version", "digest")}
    return cast(Body, json.loads(seal(SNAPSHOT, content)))


def a_busy_tenant(door: Door) -> Body:
    """A finished batch, a run in the middle of its work, a rule, a secret, an asset, and a remembered answer."""
    door.post("/v1/callback-secrets", {"label": "first"})
    post_fault(door, {"edge": "batch.item[1]"})
    finished_batch(door, callback_url="http://127.0.0.1:9000/ok")
    upload(door)
    door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": "k"})
    run = callback_run(door, client_ref="half-way")
    advance(door, 1)
    return run


def go_on(door: Door) -> list[str]:
    """What happens next, as whole answers: the unfinished work ends, and more is asked for."""
    answers = [door.post("/_mock/clock/run-until-idle").text]
    answers += [door.post(RUNS, {"input": INPUT, "client_ref": str(number)}).text for number in range(2)]
    answers += [door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": "k"}).text]
    answers += [door.post(BATCHES, {"input": [INPUT] * 2}).text, door.post("/_mock/clock/run-until-idle").text]
    answers += [door.get(path).text for path in ("/v1/runs", "/v1/batches", "/_mock/ledger", "/_mock/faults", "/v1/assets")]
    return answers


@pytest.mark.slow(is_covering=True)
def test_restored_tenant_continues_as_the_first_one_did(door: Door) -> None:
    a_busy_tenant(door)
    document = saved(door)
    first = go_on(door)
    restore(door, document)
    assert go_on(door) == first


@pytest.mark.slow(is_covering=True)
def test_tenant_restored_by_another_server_continues_as_the_first_one_did(door: Door) -> None:
    a_busy_tenant(door)
    document = saved(door)
    with Door() as other:
        restore(other, document)
        assert go_on(other) == go_on(door)


def test_restored_tenant_is_saved_as_the_same_document(door: Door) -> None:
    a_busy_tenant(door)
    document = saved(door)
    restore(door, document)
    assert saved(door) == document


def test_restoring_answers_with_where_the_tenant_stands(door: Door) -> None:
    run = post_run(door)
    document = saved(door)
    door.settle()
    told = restore(door, document)
    assert told == {"tenant": "test", "now": run["created_at"], "commits": 2, "runs": 1, "timers": 1, "in_flight": 0}
    assert get_run(door, run)["status_code"] == "queued"


def test_what_was_done_after_saving_is_gone(door: Door) -> None:
    document = saved(door)
    run = finished_run(door)
    restore(door, document)
    assert door.get(f"/v1/runs/{run['id']}").status_code == 404
    assert ok(door.get("/_mock/ledger"))["charged"] == "0.000000"


def test_tenant_is_prepared_while_the_present_one_goes_on(door: Door) -> None:
    tenants = door.runtime.tenants
    before = door.get("/_mock/snapshot").content
    prepared = tenants.prepare("test", decode_snapshot(before))
    post_run(door)
    assert len(door.get("/v1/runs").json()["items"]) == 1
    door.runtime.restore(prepared)
    assert tenants.get("test") is prepared
    assert door.get("/v1/runs").json()["items"] == []


def test_bytes_of_assets_are_restored(door: Door) -> None:
    asset = upload(door)
    document = saved(door)
    before = at(door, asset["url"]).content
    with Door() as other:
        restore(other, document)
        assert at(other, assets(other)[0]["url"]).content == before


def test_secret_of_a_restored_tenant_signs_as_before() -> None:
    with Door(callback_secret="rf_whsec_mine", client_time="virtual") as door, Door(client_time="virtual") as other:
        callback_run(door)
        restore(other, saved(door))
        for each in (door, other):
            each.settle()
        signatures = [[sent.headers["Runflow-Signature"] for sent in each.sender.sent] for each in (door, other)]  # type: ignore[attr-defined]
    assert signatures[0] == signatures[1] != []


def test_attempt_under_way_is_sent_again_by_the_restored_tenant() -> None:
    with Door() as door, Door() as other:
        callback_run(door)
        door.settle()
        document = sealed_anew(_under_way(saved(door)))
        assert restore(other, document)["in_flight"] == 1
        other.settle()
        (delivery,) = ok(other.get("/_mock/deliveries"))["items"]
        assert (delivery["state"], len(delivery["attempts"])) == ("succeeded", 1)
        assert [sent.body for sent in other.sender.sent] == [sent.body for sent in door.sender.sent]  # type: ignore[attr-defined]


def _under_way(document: Body) -> Body:
    (delivery,) = document["world"]["deliveries"]
    delivery |= {"status": "delivering", "completed_at": None}
    delivery["attempts"][0]["result"] = None
    return document


def test_clock_goes_on_at_the_rate_at_which_it_was_saved() -> None:
    with Door(clock=AUTO.clock) as door:
        door.post("/_mock/clock/scale", {"factor": 60})
        restore(door, saved(door))
        assert ok(door.get("/_mock/clock"))["rate"] == 60


@pytest.mark.slow(is_covering=True)
def test_other_tenant_takes_over_with_addresses_of_its_own(door: Door) -> None:
    run = finished_run(door)
    document = saved(door)
    key = "rf_live_mock_heir"
    assert restore(door, document, key=key)["tenant"] == "heir"
    found = ok(door.get(f"/v1/runs/{run['id']}", key=key))
    (url,) = found["output"]["image_urls"]
    assert "/media/heir/" in url
    assert at(door, url).status_code == 200
    assert found == json.loads(json.dumps(get_run(door, run)).replace("/media/test/", "/media/heir/").replace(*_signatures(run, found)))


def _signatures(run: Body, found: Body) -> tuple[str, str]:
    old, new = (each["output"]["image_urls"][0].rpartition("signature=")[2] for each in (run, found))
    return old, new


def test_document_may_be_written_anew_by_another_tool(door: Door) -> None:
    post_run(door)
    document = saved(door)
    rewritten = json.dumps(dict(sorted(document.items())), indent=2).replace('"rate": 0.0', '"rate": 0')
    assert '"rate": 0,' in rewritten
    ok(door.request("PUT", "/_mock/snapshot", content=rewritten.encode()))


def _cut(document: Body) -> object:
    return json.dumps(document).encode()[:-100]


def _without(name: str) -> Callable[[Body], object]:
    return lambda document: {key: value for key, value in document.items() if key != name}


def _history(document: Body) -> object:
    return {**document, "format": "runflow-mock/history"}


def _edited(document: Body) -> object:
    document["world"]["accounts"]["balance"] += 1
    return document


def _lost_timer(document: Body) -> object:
    document["world"]["timers"] = []
    return sealed_anew(document)


def _doubled(document: Body) -> object:
    document["world"]["runs"] *= 2
    return sealed_anew(document)


def _other_type(document: Body) -> object:
    document["world"]["runs"][0]["status"] = "thinking"
    return sealed_anew(document)


def _bad_setting(document: Body) -> object:
    document["world"]["settings"]["dialect"] = "klingon"
    return sealed_anew(document)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda document: b"", "not valid JSON"),
        (lambda document: [1], "[1] and not a JSON object"),
        (lambda document: {"name": "x"}, 'it has no "format"'),
        (_cut, "not valid JSON, was it cut?"),
        (_history, "'runflow-mock/history', not 'runflow-mock/snapshot'; GET /_mock/snapshot gives one"),
        (lambda document: {**document, "version": 2}, "version 2, and this runflow-mock reads version 1"),
        (_without("digest"), "digest None"),
        (_without("files"), "cut or edited"),
        (_edited, "cut or edited"),
        (lambda document: {**document, "rate": 10**400}, "cut or edited"),
        (lambda document: json.dumps(document).replace('"rate": 0.0', '"rate": 1e999').encode(), "cut or edited"),
        (_lost_timer, "its timer is not"),
        (_doubled, "is there 2 times"),
        (_other_type, "'thinking' - at `$.world.runs[0].status`"),
        (_bad_setting, "klingon"),
        (lambda document: sealed_anew({**document, "rate": -1}), "rate -1"),
    ],
)
def test_document_that_cannot_be_used_is_named_and_changes_nothing(door: Door, spoil: Callable[[Body], object], named: str) -> None:
    post_run(door)
    document, before = saved(door), history_length(door)
    assert named in refused(door, spoil(document))
    assert history_length(door) == before


def test_model_that_is_not_here_is_named(door: Door) -> None:
    post_run(door)
    document = saved(door)
    document["world"]["runs"][0]["model"] = "my/own"
    told = refusal(door.request("PUT", "/_mock/snapshot", json=sealed_anew(document)), 409, "refused")
    assert "my/own" in told
    assert "--catalog" in told


@pytest.mark.parametrize(("runs_max", "status"), [(1, 409), (2, 200)])
def test_server_takes_what_fits_its_own_limits(door: Door, runs_max: int, status: int) -> None:
    post_run(door)
    post_run(door)
    document = saved(door)
    with Door(limits=replace(MANUAL.limits, runs_max=runs_max)) as other:
        assert other.request("PUT", "/_mock/snapshot", json=document).status_code == status


def test_bytes_beyond_the_limit_of_the_server_are_refused(door: Door) -> None:
    upload(door)
    document = saved(door)
    with Door(limits=replace(MANUAL.limits, asset_bytes_max=99)) as other:
        assert "asset_bytes_max is 99" in refusal(other.request("PUT", "/_mock/snapshot", json=document), 409, "limit")


def test_snapshot_needs_the_key_of_the_tenant(door: Door) -> None:
    for method in ("GET", "PUT"):
        refusal(door.request(method, "/_mock/snapshot", key=None), 401, "unauthorized")


def test_callback_of_the_replaced_world_has_nobody_to_report_to() -> None:
    with Door(sender=RecordingSender(500)) as door:
        callback_run(door)
        document = saved(door)
        advance(door, "1h")
        restore(door, document)
        assert ok(door.get("/_mock/deliveries"))["items"] == []
