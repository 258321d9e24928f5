"""Write the tables of the documentation and the JSON Schema of scenarios from the registries by which the fake itself works.

A table stands between two comments, `<!-- table: NAME -->` and `<!-- end of table -->`; what is around them is written by hand.

    python docs/tables.py            write them
    python docs/tables.py --check    fail if one is not what the registries say
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from runflow_mock.domain.expectations import AMOUNTS, COUNTED, Noun
from runflow_mock.domain.fault_kinds import KINDS, Family
from runflow_mock.domain.magic import MAGIC, REF_PREFIX
from runflow_mock.runtime.scenarios import scenario_names, shipped_scenario
from runflow_mock.wire.catalog import load_catalog
from runflow_mock.wire.fault_kinds import FIELDS, fields_of, required_of
from runflow_mock.wire.scenario_schema import scenario_schema
from runflow_mock.wire.tenants import SETTINGS

DOCS = Path(__file__).resolve().parent
SCHEMA = DOCS.parent / "fixtures" / "scenario.schema.json"

_TABLE = re.compile(r"(<!-- table: ([a-z-]+) -->\n)(.*?)(<!-- end of table -->)", re.DOTALL)


def kinds_of(family: Family) -> str:
    """Returns the kinds of a family, with what each takes: what it cannot do without is in bold."""
    kinds = [kind for kind in KINDS if kind.family is family]
    rows = ((f"`{kind.name}`", _fields(fields_of(kind), required_of(kind)), kind.summary, str(kind.stage)) for kind in kinds)
    return table(("kind", "takes", "what happens", "decided"), rows)


def fields() -> str:
    """Returns the fields that kinds take."""
    rows = (
        (f"`{name}`", field.says, ", ".join(f"`{kind.name}`" for kind in KINDS if name in fields_of(kind)))
        for name, field in FIELDS.items()
    )
    return table(("field", "what it says", "taken by"), rows)


def magic() -> str:
    """Returns the magic values."""
    return table(("value", "what happens"), ((f"`{REF_PREFIX}{name}`", value.says) for name, value in MAGIC.items()))


def scenarios() -> str:
    """Returns the scenarios that ship, with their stories."""
    catalog = load_catalog()
    shipped = [shipped_scenario(name, catalog) for name in scenario_names()]
    rows = ((f"[`{each.name}`](../fixtures/scenarios/{each.name}.yaml)", " ".join(each.story.split())) for each in shipped)
    return table(("scenario", "story"), rows)


def expectations() -> str:
    """Returns what can be expected, and in which figures."""
    figures = {noun: ", ".join(f"`{name}`" for name in names) for noun, names in COUNTED.items()}
    figures[Noun.LEDGER] = ", ".join(f"`{name}`" for name in AMOUNTS)
    figures[Noun.REQUESTS] = "a clause as `POST /_mock/verify` takes it, or a `sequence` of them"
    return table(("about", "figures"), ((f"`{noun}`", figures[noun]) for noun in Noun))


def settings() -> str:
    """Returns the settings of a tenant that a scenario takes."""
    return ", ".join(f"`{name}`" for name in SETTINGS) + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Returns a table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def _fields(names: tuple[str, ...], required: tuple[str, ...]) -> str:
    return ", ".join(f"**`{name}`**" if name in required else f"`{name}`" for name in names) or "nothing"


TABLES: Mapping[str, Callable[[], str]] = {
    "run-kinds": lambda: kinds_of(Family.RUN),
    "exchange-kinds": lambda: kinds_of(Family.EXCHANGE),
    "callback-kinds": lambda: kinds_of(Family.CALLBACK),
    "fields": fields,
    "magic": magic,
    "scenarios": scenarios,
    "expectations": expectations,
    "settings": settings,
}


def written(text: str) -> str:
    """Returns a page with its tables as the registries have them.

    Raises:
        KeyError: it has a table that nobody makes.
    """
    return _TABLE.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[4]}", text)


def outcome() -> dict[Path, str]:
    """Returns what every generated file should hold."""
    pages = {page: written(page.read_text(encoding="utf-8")) for page in sorted(DOCS.glob("**/*.md"))}
    return {**pages, SCHEMA: json.dumps(scenario_schema(), indent=1, ensure_ascii=False) + "\n"}


def main(arguments: list[str]) -> int:
    """Writes what differs, or with `--check` only names it."""
    stale = [file for file, text in outcome().items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    for file in stale:
        sys.stdout.write(f"{file.relative_to(DOCS.parent)}\n")
        if "--check" not in arguments:
            file.write_text(outcome()[file], encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
