"""Answers that nobody takes have a bound: who takes nothing goes first, and who takes what comes stays."""

from dataclasses import dataclass

import pytest

from runflow_mock.runtime.bounds import Bound
from runflow_mock.web.untaken_answers import UntakenAnswers


@dataclass(eq=False)
class Client:
    """A client, of whose answer so much waits."""

    waits: int
    is_gone: bool = False

    def untaken_bytes(self) -> int:
        return self.waits

    def hang_up(self) -> None:
        self.is_gone = True


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def bound(told: list[str]) -> Bound:
    return Bound("answer_bytes_max", 100, told.append, "they are ended")


def test_who_has_waited_longest_goes_where_there_is_no_room(bound: Bound, told: list[str]) -> None:
    untaken, clients = UntakenAnswers(bound), [Client(40), Client(40), Client(20), Client(30)]
    for client in clients[:3]:
        untaken.hold(client)
    assert (bound.used, bound.met, told) == (100, 0, [])
    untaken.hold(clients[3])
    assert [client.is_gone for client in clients] == [True, False, False, False]
    assert (bound.used, bound.peak, bound.met, len(told)) == (90, 100, 1, 1)


def test_who_takes_what_comes_stays(bound: Bound) -> None:
    untaken, slow, still, new = UntakenAnswers(bound), Client(50), Client(50), Client(60)
    untaken.hold(slow)
    untaken.hold(still)
    slow.waits = 30
    untaken.hold(new)
    assert [client.is_gone for client in (slow, still, new)] == [False, True, False]
    assert bound.used == 90


def test_nobody_goes_where_enough_was_taken_meanwhile(bound: Bound) -> None:
    untaken, slow, new = UntakenAnswers(bound), Client(90), Client(60)
    untaken.hold(slow)
    slow.waits = 40
    untaken.hold(new)
    assert (slow.is_gone, bound.used, bound.met) == (False, 100, 0)


def test_answer_that_is_larger_than_the_bound_leaves_when_it_is_alone(bound: Bound) -> None:
    untaken, small, large = UntakenAnswers(bound), Client(10), Client(300)
    untaken.hold(small)
    untaken.hold(large)
    assert (small.is_gone, large.is_gone, bound.used) == (True, False, 300)


def test_what_was_counted_comes_back_once(bound: Bound) -> None:
    untaken, client = UntakenAnswers(bound), Client(70)
    untaken.hold(client)
    untaken.hold(client)
    assert bound.used == 70
    untaken.let_go(client)
    untaken.let_go(client)
    assert bound.used == 0
