"""Kills: what became of the servers that are wrong in one thing, from the counts that `python -m mutation --summary` kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from writing.markdown import table

KEPT = Path(__file__).resolve().parents[2] / "mutation" / "kills.json"
HEADER = ("way of being wrong", "servers", "tried", "wrong in an answer", "found", "listed", "left", "on facts", "found", "listed", "left")
COUNTS = ("mutants", "tried", "changed", "killed", "listed", "left", "facts", "facts_killed")


def kills() -> str:
    """Returns the kill table of each dialect, with the date and the commit of its counts."""
    return "\n".join(_of_dialect(summary) for summary in json.loads(KEPT.read_bytes()))


def _of_dialect(summary: Mapping[str, Any]) -> str:
    total: Counter[str] = Counter()
    for row in summary["rows"]:
        total.update({name: row[name] for name in (*COUNTS, "facts_left")})
    says = (
        f"Dialect `{summary['dialect']}`, {summary['date']}, commit `{summary['commit']}`: of {total['changed']:,} servers that were wrong "
        f"in an answer {_percent(total['killed'], total['changed'])} were found, and of {total['facts']:,} that denied a determined fact "
        f"{_percent(total['facts_killed'], total['facts'])}."
    )
    return f"{says}\n\n{table(HEADER, [_cells(row) for row in (*summary['rows'], {'kind': '**all**', **total})])}"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    listed = row["facts"] - row["facts_killed"] - row["facts_left"]
    return (row["kind"], *(f"{row[name]:,}" for name in COUNTS), f"{listed:,}", f"{row['facts_left']:,}")


def _percent(part: int, whole: int) -> str:
    """A part of a whole, cut and not rounded: only all of them are 100 %."""
    return f"{part * 1000 // whole / 10} %"
