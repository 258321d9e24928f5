"""Figures of a test session, printed at its end: what was answered, and how much of the contract that is. Hooks for `conftest.py`."""

from collections import Counter
from typing import Any

import pytest
from answers import ANSWERS, Pair
from contract import operations
from worlds import catalog

GATHERED = "answers"


class Figures:
    """What the processes of a session answered together."""

    def __init__(self) -> None:
        self.exchanges = 0
        self.distinct = 0
        self.violations = 0
        self.pairs: set[Pair] = set()
        self.walked: set[Pair] = set()
        self.others: Counter[str] = Counter()

    def add(self, given: dict[str, Any]) -> None:
        """Adds what one process tells."""
        self.exchanges += given["exchanges"]
        self.distinct += given["distinct"]
        self.violations += given["violations"]
        self.pairs |= {(operation, status) for operation, status in given["pairs"]}
        self.walked |= {(operation, status) for operation, status in given["walked"]}
        self.others.update(given["others"])

    def lines(self) -> list[str]:
        """The figures for people."""
        evidence = Counter(operation.evidence for operation in operations().values())
        declared = sum(len(operation.statuses) for operation in operations().values())
        models = [model.is_active for model in catalog().models]
        return [
            f"operations: {len(operations())} ({', '.join(f'{count} {word}' for word, count in evidence.items())}), "
            f"{len({operation for operation, _ in self.pairs})} called; declared answers: {declared}, {len(self.walked)} walked",
            f"models: {len(models)}, {sum(models)} active",
            f"exchanges: {self.exchanges}, {self.distinct} different ones judged, {self.violations} violations; "
            f"not judged: {', '.join(f'{count} {reason}' for reason, count in sorted(self.others.items())) or 'none'}",
        ]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()


def pytest_sessionfinish(session: pytest.Session) -> None:
    told = {
        "exchanges": ANSWERS.exchanges,
        "distinct": ANSWERS.distinct,
        "violations": ANSWERS.violations,
        "pairs": [list(pair) for pair in ANSWERS.pairs],
        "walked": [list(pair) for pair in ANSWERS.walked],
        "others": dict(ANSWERS.others),
    }
    output = getattr(session.config, "workeroutput", None)
    if output is None:
        session.config.stash[FIGURES].add(told)
    else:
        output[GATHERED] = told


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[FIGURES].add(node.workeroutput[GATHERED])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    figures = config.stash[FIGURES]
    if figures.exchanges:
        for line in figures.lines():
            terminalreporter.write_line(line)


FIGURES = pytest.StashKey[Figures]()
