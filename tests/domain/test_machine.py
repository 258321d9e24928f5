import pytest
from arrows import arrows

from runflow_mock.domain.machine import IllegalTransition, Table, is_terminal, step


class Lit:
    """An event."""


class Burnt:
    """Another event."""


LAMP: Table[str] = {"dark": {Lit: "bright"}, "bright": {Burnt: "broken"}, "broken": {}}


def test_step_leads_to_the_target_of_the_arrow() -> None:
    assert step(LAMP, "dark", Lit, machine="lamp 1") == "bright"


def test_step_without_an_arrow_names_machine_state_and_event() -> None:
    with pytest.raises(IllegalTransition, match=r"lamp 1: Burnt is not possible in state 'dark'") as caught:
        step(LAMP, "dark", Burnt, machine="lamp 1")
    assert (caught.value.machine, caught.value.state, caught.value.event) == ("lamp 1", "dark", Burnt)


def test_terminal_state_takes_no_event() -> None:
    for event in (Lit, Burnt):
        with pytest.raises(IllegalTransition):
            step(LAMP, "broken", event, machine="lamp 1")


def test_illegal_transition_is_a_bug_and_not_a_refusal() -> None:
    assert issubclass(IllegalTransition, AssertionError)


def test_unknown_state_is_an_error() -> None:
    with pytest.raises(KeyError):
        step(LAMP, "on fire", Lit, machine="lamp 1")


def test_only_a_state_without_arrows_is_terminal() -> None:
    assert [state for state in LAMP if is_terminal(LAMP, state)] == ["broken"]


def test_arrows_are_the_pairs_of_the_table() -> None:
    assert arrows(LAMP) == {("dark", "bright"), ("bright", "broken")}
