"""A snapshot that no world has led to is refused, also when it was sealed anew; and whatever is taken is a tenant that works."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from doors import Door
from forgeries import copied, failures, found, one_of_everything, paths, put_snapshot, saved, sealed_anew
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Body, post_run, refusal

from runflow_mock.domain.identity import SEQUENCE_SPAN
from runflow_mock.runtime.sender import RecordingSender

Spoil = Callable[[Body], object]
NOBODY = "019b76da-a800-7000-8000-000000000000"


@cache
def genuine() -> Body:
    """A tenant with one of everything, made once."""
    with Door(sender=RecordingSender(500)) as door:
        return one_of_everything(door)


def _first(kind: str, **values: Any) -> Spoil:
    return lambda world: world[kind][0].update(values)


def _ended(kind: str, **values: Any) -> Spoil:
    return lambda world: next(each for each in world[kind] if each["completed_at"]).update(values)


def _unfinished(kind: str, **values: Any) -> Spoil:
    return lambda world: next(each for each in world[kind] if not each.get("completed_at")).update(values)


def _entry(kind: str, **values: Any) -> Spoil:
    return lambda world: next(each for each in world["accounts"]["entries"] if each["kind"] == kind).update(values)


def _further_entry(kind: str, **values: Any) -> Spoil:
    def spoil(world: Body) -> None:
        entries = world["accounts"]["entries"]
        entries.append({**next(each for each in entries if each["kind"] == kind), **values})

    return spoil


def _account(**values: Any) -> Spoil:
    return lambda world: world["accounts"].update(values)


def _setting(**values: Any) -> Spoil:
    return lambda world: world["settings"].update(values)


def _both(*spoils: Spoil) -> Spoil:
    return lambda world: [spoil(world) for spoil in spoils]


FORGED: dict[str, tuple[Spoil, str]] = {
    "a maker who is none": (_first("runs", created_by="bm8="), "runs[0].created_by 'bm8=' is no UUID"),
    "an organization that is none": (_first("batches", org_id=NOBODY.upper()), "batches[0].org_id"),
    "a batch has a run that is nowhere": (lambda world: world["batches"][0]["items"][0].update(run_id=NOBODY), "which is not there"),
    "a run is in a batch that is nowhere": (lambda world: world["batches"].clear(), "which is not there"),
    "a batch lacks one of its runs": (lambda world: world["batches"][0]["items"].pop(), "do not say the same"),
    "a batch counts otherwise": (lambda world: world["batches"][0]["tally"].update(succeeded=9), "contradicts itself"),
    "a batch has the status of another": (_ended("batches", status="failed"), "contradicts itself"),
    "something is held without a run": (_account(held=1), "holds belong to unfinished"),
    "a run holds what the ledger does not": (_unfinished("runs", held=1), "holds belong to unfinished"),
    "an entry is about a run that is nowhere": (_entry("hold", run_id=NOBODY), "which is not there"),
    "an entry is about another batch than its run": (_entry("hold", batch_id=NOBODY), "which is not there"),
    "an entry is about a batch alone": (_further_entry("release", run_id=None, batch_id=NOBODY), "about no run"),
    "an entry is about an evaluation that is nowhere": (_entry("credit", evaluation_id=NOBODY), "which is not there"),
    "a charge is of nothing": (_further_entry("charge", run_id=None, batch_id=None, evaluation_id=None), "of nothing"),
    "a charge stands there twice": (_further_entry("charge"), "the sum of charges"),
    "the balance is another": (_account(balance=1), "the balance follows from the entries"),
    "an evaluation is about a run that is nowhere": (
        lambda world: world["evaluations"][0]["assignment"].update(run_id=NOBODY),
        "which is not there",
    ),
    "a run succeeded without an output": (_ended("runs", output=None), "an output if and only if"),
    "a run has ended without a cost": (_ended("runs", cost=None), "its cost is known"),
    "a run goes on and has ended": (_unfinished("runs", completed_at="2026-01-01T00:00:00Z"), "completed_at"),
    "an input is no JSON": (_first("runs", input="eyI="), "is no JSON"),
    "an input is no object": (_first("runs", input="MQ=="), "is no JSON object"),
    "a run comes from the future": (_first("runs", created_at="2030-01-01T00:00:00Z"), "from the future"),
    "a delivery is about nothing": (_first("deliveries", run_id=None, batch_id=None, evaluation_id=None), "about nothing"),
    "a delivery is about an unfinished run": (
        lambda world: world["deliveries"][0].update(batch_id=None, run_id=world["runs"][-1]["id"]),
        "has ended",
    ),
    "a delivery has no attempt": (_ended("deliveries", attempts=[]), "sent before it ended"),
    "two secrets sign": (lambda world: world["secrets"].append({**world["secrets"][0], "id": NOBODY}), "more than one secret"),
    "a rule fires every zeroth time": (lambda world: world["rules"][1]["when"].update(every=0), "when.every"),
    "a rule stands at an edge that is none": (lambda world: world["rules"][0]["where"].update(edge="on_fire"), "where.edge"),
    "a rule answers with no status": (lambda world: world["rules"][1].update(what={"kind": "answer", "status": 7}), "status"),
    "an asset has no bytes": (lambda world: world["assets"][0]["content"].update(sha256="0" * 64), "bytes that are not kept"),
    "kept bytes are not there": (lambda world: world["kept"].append({"sha256": "0" * 64, "size_bytes": 1}), "there are no 1 bytes"),
    "the world stands in the last year": (lambda world: world.update(now="9999-12-31T23:59:59Z"), "the world stands at"),
    "ids have run out": (lambda world: world.update(sequence=2**64), "sequence"),
    "ids would be given out again": (lambda world: world.update(sequence=3), "sequence 3 is less than that of"),
    "a number is beyond recording": (_first("runs", sequence_index=2**70), "beyond what a world can hold"),
    "an answer is remembered twice": (lambda world: world["remembered"].append(world["remembered"][0]), "remembered 2 times"),
    "a timer is there twice": (lambda world: world["timers"].append(world["timers"][0]), "two timers"),
    "waits are negative": (lambda world: world["settings"]["retries"].update(waits=["-PT1S"]), "beyond what a world can hold"),
    "a name is none": (_setting(name="../x"), "name"),
    "a cap is none": (_setting(concurrency={"*": 0}), "concurrency"),
}


@pytest.mark.parametrize("forged", FORGED)
def test_forged_snapshot_is_refused_with_what_is_wrong_and_changes_nothing(door: Door, forged: str) -> None:
    spoil, named = FORGED[forged]
    post_run(door)
    before, document = saved(door), copied(genuine())
    spoil(document["world"])
    assert named in refusal(door.request("PUT", "/_mock/snapshot", content=sealed_anew(document)), 422)
    assert saved(door) == before


@pytest.mark.slow(is_covering=True)
def test_genuine_snapshot_is_taken_and_the_tenant_works() -> None:
    with Door(sender=RecordingSender(500)) as door:
        assert put_snapshot(door, genuine()) == 200
        assert failures(door) == []


@pytest.mark.slow(is_covering=True)
def test_snapshot_of_a_world_whose_ids_have_begun_anew_is_taken() -> None:
    """Beyond the span the place of an id says no more which came first."""
    document = copied(genuine())
    document["world"].update(sequence=SEQUENCE_SPAN)
    with Door(sender=RecordingSender(500)) as door:
        assert put_snapshot(door, document) == 200
        assert failures(door) == []


@st.composite
def forgeries(draw: st.DrawFn) -> Body:
    """The genuine snapshot with something in it that stands elsewhere, or is missing, doubled, or out of all bounds."""
    document = copied(genuine())
    everywhere = [path for path in paths(document) if path[0] in ("rate", "changes", "reads", "world") and len(path) > 1]
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(everywhere))
        elsewhere = draw(st.sampled_from([other for other in everywhere if other[-1] == path[-1]] or everywhere))
        numbers, texts = (
            st.sampled_from([0, -1, 1, 2**62, 2**63, 10**30, 1e300]),
            st.sampled_from(["", "x", "bm8=", "9999-12-31T23:59:59Z"]),
        )
        try:
            spoiled = found(document, path[:-1])
            change = draw(st.sampled_from(("other", "nothing", "number", "text", "gone", "twice")))
            if change == "gone":
                del spoiled[path[-1]]
            elif change == "twice" and isinstance(spoiled, list):
                spoiled.append(deepcopy(spoiled[int(path[-1])]))
            else:
                wanted = {"other": found(genuine(), elsewhere), "number": draw(numbers), "text": draw(texts)}
                spoiled[path[-1]] = deepcopy(wanted.get(change))
        except (KeyError, IndexError, TypeError):
            continue  # The first change has taken away where the second one was to be.
    return document


@pytest.mark.slow
@given(forgeries())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_whatever_is_taken_is_a_tenant_that_works(document: Body) -> None:
    with Door(sender=RecordingSender(500)) as door:
        assert put_snapshot(door, document) in (200, 409, 422)
        assert failures(door) == []
