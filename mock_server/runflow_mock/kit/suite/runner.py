"""The runner: the whole suite against one target, part by part."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import Needs, can_play, play_all
from runflow_mock.kit.suite.generating import PHASES, REACH, STATEFUL, Effort, generate
from runflow_mock.kit.suite.laws import Watch
from runflow_mock.kit.suite.machines import run_machines
from runflow_mock.kit.suite.suite_tenants import Target, TargetError
from runflow_mock.kit.suite.tallies import BESIDE, Breach, Tally
from runflow_mock.openapi.contracts import Contract, Declared

# What a run of the model costs with which the suite creates; only for the plan that is printed before money is spent.
RUN_USD = 0.27
Keep = Callable[[Any], None]
Tell = Callable[[str, Tally], None]


class Part(NamedTuple):
    """One part of the suite: its name, and what plays it."""

    name: str
    play: Callable[[], Tally]


def parts(target: Target, document: Mapping[str, Any], effort: Effort, keep: Keep | None = None) -> tuple[Part, ...]:
    """Returns the parts of the suite that a target allows, the quick ones first."""
    contract = Contract(dict(document))
    found = [
        Part("flows", lambda: play_all(FLOWS, target, contract)),
        Part("state machines", lambda: run_machines(target, contract, effort)),
    ]
    if target.has_control or not target.may_create:
        # Generated requests cost what they cost: they only read where no play money can be had.
        found += [
            Part("generated requests", lambda: generated(target, document, effort, PHASES, keep=keep)),
            Part("generated sequences", lambda: generated(target, document, effort, (STATEFUL,), keep=keep)),
        ]
    return tuple(found)


def verify(target: Target, document: Mapping[str, Any], effort: Effort, tell: Tell, keep: Keep | None = None) -> Tally:
    """Returns what came of the whole suite; `tell` hears of each part when it has ended."""
    total = Tally()
    for part in parts(target, document, effort, keep):
        tally = part.play()
        tell(part.name, tally)
        total.add(tally)
    return total


def plan(target: Target) -> Iterator[str]:
    """Returns what will be created, line by line, and what it may cost.

    Raises:
        TargetError: it may cost more than was allowed.
    """
    flows = [flow for flow in FLOWS if can_play(flow, target) and flow.needs is not Needs.READING]
    runs = sum(flow.runs for flow in flows) + 6
    cost = runs * RUN_USD
    yield f"{len(flows)} flows and a state machine create about {runs} runs: about {cost:.2f} USD of the {target.spend_usd:.2f} USD allowed"
    if cost > target.spend_usd:
        raise TargetError(f"the plan costs about {cost:.2f} USD; raise --allow-spend {target.spend_usd:.2f}, or leave it out to read only")


def declared_operations(document: Mapping[str, Any]) -> tuple[Declared, ...]:
    """Returns every operation that a document declares."""
    return Contract(dict(document)).operations


def generated(
    target: Target,
    document: Mapping[str, Any],
    effort: Effort,
    phases: tuple[str, ...],
    *,
    operations: tuple[str, ...] = (),
    keep: Keep | None = None,
) -> Tally:
    """Returns what came of generated requests, every answer held against the laws as well."""
    laws = Tally()
    watch = Watch(Contract(dict(document)), laws, counts_cases=False)

    def see(answer: Answer) -> None:
        # Whether a server is strict is known from its first tenant on.
        watch.is_strict = target.is_strict
        watch.see(answer)

    tally = generate(target, document, effort, operations=operations, phases=phases, see=see, keep=keep)
    tally.add(laws)
    if target.is_strict and phases == PHASES:
        tally.notes.append(f"{REACH} was not judged: a strict server has no lists of what the contract only infers, to learn ids from")
    elif target.has_control and phases == PHASES:
        # A server that refuses everything is not tested by its refusals: each operation that was called must have succeeded once.
        succeeded = {name for name, status in tally.answers if status < 400}
        for name in sorted(tally.operations - succeeded - {BESIDE}):
            tally.broke(Breach(REACH, name, "no valid request to this operation was accepted"))
        tally.checks[REACH] += len(tally.operations)
    return tally
