"""Every kind of the run family, over HTTP: what a client reads of the run, what its callback tells, and what it costs."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from hooks import Hook, hooked, told
from shown import Test, showing
from steps import Body, file_urls, finished_batch, get_run, ok

from runflow_mock.domain.fault_kinds import KINDS, Family

FOUR_PICTURES = ("black-forest-labs/flux-1-schnell", {"prompt": "a paper boat", "num_images": 4})
SHOWN: dict[str, Test] = {}
shows = showing(SHOWN)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as opened:
        yield opened


def four_pictures(hook: Hook) -> Body:
    """Runs a model that makes four pictures, and returns what became of it."""
    model, inputs = FOUR_PICTURES
    run = ok(hook.door.post(f"/v1/models/{model}/runs", {"input": inputs, "callback_url": hook.receiver.url}), 201)
    hook.door.settle()
    return get_run(hook.door, run)


def seconds_between(start: str, end: str) -> float:
    """The seconds from one instant to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


@shows("fail")
@pytest.mark.parametrize("edge", ["run.queued->dispatching", "run.dispatching->running", "run.running->failed"])
def test_run_fails_at_the_edge_as_the_rule_says(hook: Hook, edge: str) -> None:
    hook.rule({"kind": "fail", "failure_code": "TIMEOUT", "failure_message": "too slow", "stage": "execution"}, {"edge": edge})
    run = hook.run()
    hook.door.settle()
    failed = get_run(hook.door, run)
    assert (failed["status_code"], failed["failure_code"], failed["failure_message"]) == ("failed", "TIMEOUT", "too slow")
    assert (failed["cost"], told(hook.received[0])["event"]) == ("0.000000", "run.failed")


@shows("succeed")
def test_run_succeeds_with_what_the_rule_gives(hook: Hook) -> None:
    hook.rule({"kind": "succeed", "output": {"mine": 1}, "nsfw_detected": True, "duration": "42s", "cost": "0.50"})
    run = hook.run()
    hook.door.settle()
    done = get_run(hook.door, run)
    assert (done["output"], done["cost"]) == ({"mine": 1, "nsfw_detected": True}, "0.500000")
    assert seconds_between(done["started_at"], done["completed_at"]) == 42
    assert told(hook.received[0])["output"] == {"mine": 1, "nsfw_detected": True}


def test_usual_output_says_that_it_is_not_safe(hook: Hook) -> None:
    hook.rule({"kind": "succeed", "nsfw_detected": True})
    run = four_pictures(hook)
    assert (run["output"]["nsfw_detected"], len(run["output"]["outputs"])) == (True, 4)


@shows("succeed_partially")
def test_run_ends_with_a_part_of_its_output_and_price(hook: Hook) -> None:
    whole = four_pictures(hook)
    hook.rule({"kind": "succeed_partially", "missing": 1})
    part = four_pictures(hook)
    callback = told(hook.received[-1])
    assert (part["status_code"], len(part["output"]["outputs"]), "image_urls" in part["output"]) == ("partial_succeeded", 3, False)
    assert float(part["cost"]) * 4 == pytest.approx(float(whole["cost"]) * 3)
    assert (callback["event"], callback["status"], len(callback["output"]["outputs"])) == ("run.partial_succeeded", "partial_succeeded", 3)
    assert all(invariant["held"] for invariant in ok(hook.door.get("/_mock/ledger"))["invariants"])


def test_files_that_are_left_of_a_part_can_be_read(hook: Hook) -> None:
    hook.rule({"kind": "succeed_partially", "missing": 2})
    run = four_pictures(hook)
    assert [hook.door.get(url, key=None).status_code for url in file_urls(run)] == [200, 200]


def test_items_of_a_batch_never_succeed_in_part(hook: Hook) -> None:
    rule = hook.rule("succeed_partially")
    batch = finished_batch(hook.door, 2)
    assert (batch["status_code"], batch["items_succeeded"], hook.fired(rule)) == ("succeeded", 2, 0)


@shows("delay")
@pytest.mark.parametrize(
    ("edge", "stays"), [("run.queued->dispatching", "queued"), ("run.dispatching->running", "dispatching"), (None, "running")]
)
def test_run_stays_where_it_is_for_longer(hook: Hook, edge: str | None, stays: str) -> None:
    hook.rule({"kind": "delay", "by": "1h"}, {} if edge is None else {"edge": edge})
    run = hook.run()
    ok(hook.door.post("/_mock/clock/advance", {"by": "59m"}))
    before = get_run(hook.door, run)["status_code"]
    hook.door.settle()
    assert (before, get_run(hook.door, run)["status_code"]) == (stays, "succeeded")


def test_timeline_tells_of_a_delay(hook: Hook) -> None:
    hook.rule({"kind": "delay", "by": "1h"})
    run = hook.run()
    (step,) = [step for step in hook.door.settle() if step.get("change") == "delayed"]
    assert (step["kind"], step["id"], seconds_between(step["at"], step["until"])) == ("run", run["id"], 3600)


@shows("after_polls")
@pytest.mark.parametrize(
    ("edge", "stays"), [("run.queued->dispatching", "queued"), ("run.dispatching->running", "dispatching"), (None, "running")]
)
def test_run_stays_where_it_is_until_it_was_polled(hook: Hook, edge: str | None, stays: str) -> None:
    hook.rule({"kind": "after_polls", "polls": 3}, {} if edge is None else {"edge": edge})
    run = hook.run()
    hook.door.settle()
    seen = []
    for _ in range(3):
        seen.append(get_run(hook.door, run)["status_code"])
        hook.door.settle()
    assert (seen, get_run(hook.door, run)["status_code"]) == ([stays] * 3, "succeeded")
    assert told(hook.received[0])["event"] == "run.completed"


def test_last_poll_brings_a_run_on_without_any_time(hook: Hook) -> None:
    hook.rule({"kind": "after_polls", "polls": 2})
    run = hook.run()
    (step,) = [step for step in hook.door.settle() if step.get("change") == "waits for polls"]
    assert (step["id"], step["polls"]) == (run["id"], 2)
    assert [get_run(hook.door, run)["status_code"] for _ in range(3)] == ["running", "running", "succeeded"]


def test_batch_is_polled_for_all_its_items(hook: Hook) -> None:
    hook.rule({"kind": "after_polls", "polls": 2})
    items = [{"image_url": "https://cdn.example.com/a.png"}] * 2
    batch = ok(hook.door.post("/v1/models/runflow/background-removal/batches", {"input": items}), 201)
    hook.door.settle()
    seen = [ok(hook.door.get(f"/v1/batches/{batch['id']}"))["status_code"] for _ in range(3)]
    assert seen == ["running", "running", "succeeded"]


def test_polls_carry_an_auto_clock_no_further_than_their_number(hook: Hook) -> None:
    key = ok(hook.door.post("/_mock/tenants", {"clock": "auto"}), 201)["key"]
    ok(hook.door.post("/_mock/faults", {"what": {"kind": "after_polls", "polls": 6}}, key=key), 201)
    body = {"input": {"image_url": "https://cdn.example.com/a.png"}}
    run = ok(hook.door.post("/v1/models/runflow/background-removal/runs", body, key=key), 201)
    seen = [ok(hook.door.get(f"/v1/runs/{run['id']}", key=key))["status_code"] for _ in range(7)]
    assert seen == ["queued", "dispatching", *["running"] * 4, "succeeded"]


def test_every_kind_of_the_family_is_shown_here() -> None:
    assert set(SHOWN) == {kind.name for kind in KINDS if kind.family is Family.RUN}
