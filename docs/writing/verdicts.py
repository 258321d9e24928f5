"""Verdicts: the rules by which clients and receivers are judged, and where each is tried."""

from __future__ import annotations

from runflow_mock.domain.hygiene import RULES
from runflow_mock.kit.matrix import cells
from runflow_mock.kit.matrix.asks import ASKS
from runflow_mock.kit.probes import catalogue
from runflow_mock.kit.suite.sources import asked
from writing.markdown import table


def suite_rules() -> str:
    """Returns the rules to which `verify` holds a server, and on what each rests."""
    return table(("rule", "what it asks", "source"), ((f"`{name}`", asks, ", ".join(sources)) for name, asks, sources in asked()))


def matrix_rules() -> str:
    """Returns the rules of the matrix with the cells that try them."""
    rows = []
    for rule, (asks, _) in ASKS.items():
        tried = [f"{cell.name}{'*' if cell.is_full else ''}" for cell in cells.CELLS if rule in (cell.rule, *cell.also)]
        rows.append((f"`{rule}`", asks, ", ".join(tried) or "all"))
    return table(("rule", "what it asks", "cells (`*`: with `--full`)"), rows)


def behaviour_rules() -> str:
    """Returns the rules for a client's behaviour over many exchanges."""
    rows = ((f"`{rule.id}`", rule.asks, str(rule.weight), f"`{rule.source}`") for rule in RULES)
    return table(("rule", "what it asks", "weight", "source"), rows)


def probe_rules() -> str:
    """Returns the rules for receivers with the probes that try them."""
    rows = []
    for rule, asks in catalogue.ASKS.items():
        tried = [probe.name for probe in catalogue.PROBES if probe.rule == rule]
        rows.append((f"`{rule}`", asks, ", ".join(tried) or "all"))
    return table(("rule", "what it asks", "probes"), rows)
