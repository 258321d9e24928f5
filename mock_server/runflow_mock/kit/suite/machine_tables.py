"""Tables of the state machines as the contract states them: what can follow a state, and what ends."""

import json
from collections.abc import Mapping
from functools import cache

from runflow_mock.resources import data_folder


@cache
def machine_of(name: str) -> tuple[Mapping[str, frozenset[str]], frozenset[str]]:
    """Returns from each state those that can be met later, and the terminal states."""
    stated = json.loads((data_folder("contracts") / "state_machines.json").read_bytes())[name]
    states = {stated["initial"], *stated["terminal"], *(state for arrow in stated["transitions"] for state in arrow)}
    after: dict[str, set[str]] = {state: {target for source, target in stated["transitions"] if source == state} for state in states}
    for _ in states:
        after = {state: {*targets, *(later for target in targets for later in after[target])} for state, targets in after.items()}
    return {state: frozenset(targets) for state, targets in after.items()}, frozenset(stated["terminal"])
