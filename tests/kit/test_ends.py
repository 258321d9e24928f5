"""What a client was told of the end of its work: by a record, a list, the history of a callback, or a list that it has chosen."""

from collections.abc import Mapping
from typing import Any

import pytest

from runflow_mock.kit.matrix.cell_faults import UNHEARD_OF
from runflow_mock.kit.matrix.cells import SOMEBODY
from runflow_mock.kit.matrix.ends import saw_end, saw_end_first, untold
from runflow_mock.testing.records import Exchange, Message

RUN = {"id": "r1", "batch_id": None, "client_ref": "sku-1", "completed_at": "2026-01-01T00:00:09.000Z"}
BATCHED = {**RUN, "batch_id": "b1", "client_ref": None}
UNDER_WAY = {**RUN, "completed_at": None}
MESSAGE = {"event": "run.completed", "run_id": "r1", "status": "succeeded"}


def answer(body: Any, target: str = "/v1/runs", *, seconds: int = 30, status: int = 200) -> Exchange:
    """An answer at a second of the work."""
    return Exchange(f"x{seconds}", f"2026-01-01T00:00:{seconds:02}.000Z", Message("GET", target), Message(status=status, body=body))


def shelf(*entries: dict[str, Any]) -> dict[str, Any]:
    """A list."""
    return {"items": list(entries), "next": None}


TELLS: dict[str, tuple[Mapping[str, Any], Exchange]] = {
    "the record": (RUN, answer({"id": "r1", "status_code": "failed"}, "/v1/runs/r1")),
    "the record, without its name": (RUN, answer({"status_code": "failed"}, "/v1/runs/r1?fields=status_code")),
    "a list": (RUN, answer(shelf({"id": "r1", "status_code": "succeeded"}))),
    "a list of marks": (RUN, answer(shelf({"client_ref": "sku-1", "status_code": "succeeded"}), "/v1/runs?fields=client_ref,status_code")),
    "its batch": (BATCHED, answer({"id": "b1", "status_code": "succeeded"}, "/v1/batches/b1")),
    "the items of its batch": (BATCHED, answer(shelf({"id": "i1", "run_id": "r1", "status_code": "failed"}), "/v1/batches/b1/items")),
    "the history of its callback": (RUN, answer([{"id": "d1", "status_code": "pending", "payload": MESSAGE}], "/v1/runs/r1/callback")),
    "the history of its batch's callback": (
        BATCHED,
        answer([{"payload": {**MESSAGE, "run_id": None, "batch_id": "b1"}}], "/v1/batches/b1/callback"),
    ),
    "a list of what has ended": (RUN, answer(shelf({"id": "r1"}), "/v1/runs?q=status_code:succeeded&fields=id")),
    "a list of what is at work": (RUN, answer(shelf(), "/v1/runs?q=status_code:running")),
}
TELLS_NOTHING: dict[str, tuple[Mapping[str, Any], Exchange]] = {
    "the record at work": (UNDER_WAY, answer({"id": "r1", "status_code": "running"}, "/v1/runs/r1")),
    "a page": (RUN, answer("<html>", "/v1/runs?q=status_code:running")),
    "a list of what is at work, read too early": (RUN, answer(shelf(), "/v1/runs?q=status_code:running", seconds=5)),
    "a list of what is at work, before there is an end": (UNDER_WAY, answer(shelf(), "/v1/runs?q=status_code:running")),
    "a list that was refused": (RUN, answer({"items": []}, "/v1/runs?q=status_code:running", status=500)),
    "a list that nobody has chosen": (RUN, answer(shelf())),
    "a list that shows a state": (RUN, answer(shelf({"id": "r1", "status_code": "hibernating"}), "/v1/runs?q=client_ref:sku-1")),
    "a file": (RUN, answer(None, "/media/t/r1/1.png?expires=1&signature=2")),
}


@pytest.mark.parametrize("name", TELLS)
def test_end_is_known_where_it_was_told_before_a_state_that_nobody_documented(name: str) -> None:
    run, told = TELLS[name]
    odd = answer({"id": "r1", "status_code": UNHEARD_OF}, "/v1/runs/r1")
    assert (saw_end_first([told, odd], [run]), saw_end_first([odd, told], [run])) == (True, False)


@pytest.mark.parametrize("name", TELLS)
def test_answer_tells_of_an_end(name: str) -> None:
    run, told = TELLS[name]
    assert (saw_end([told], [run]), untold([told], [], [run])) == (True, ())


@pytest.mark.parametrize("name", TELLS_NOTHING)
def test_answer_tells_of_no_end(name: str) -> None:
    run, told = TELLS_NOTHING[name]
    assert (saw_end([told], [run]), untold([told], [], [run])) == (False, ("r1",))


def test_end_of_another_run_is_no_end_of_ones_own() -> None:
    told = answer(shelf({"id": "r2", "client_ref": "sku-2", "status_code": "succeeded"}))
    assert untold([told], [], [RUN, {**RUN, "id": "r3", "client_ref": SOMEBODY}]) == ("r1",)


def test_end_of_another_item_is_no_end_of_the_batch() -> None:
    told = answer(shelf({"id": "i2", "run_id": "r2", "batch_id": "b1", "status_code": "failed"}), "/v1/batches/b1/items")
    assert untold([told], [], [BATCHED]) == ("r1",)
