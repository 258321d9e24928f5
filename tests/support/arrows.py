"""Arrows: a table of a state machine as `contracts/state_machines.json` states it."""

from runflow_mock.domain.machine import StateT, Table


def arrows(table: Table[StateT]) -> frozenset[tuple[str, str]]:
    """The pairs (from, to) of a table."""
    return frozenset((str(state), str(target)) for state, row in table.items() for target in row.values())
