"""Write what the documentation has from the code: tables, references and examples, the pictures, and the JSON Schema of scenarios.

What is written stands between two comments, `<!-- table: NAME -->` and `<!-- end of table -->`; what is around them is written by hand.

    python docs/tables.py            write them
    python docs/tables.py --check    fail if one is not what the registries say
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

import ten_steps
from runflow_mock.domain.fault_kinds import Family
from writing import (
    bounds,
    callbacks,
    commands,
    comparison,
    control,
    dialects,
    drifts,
    evidence,
    faults,
    files,
    kills,
    pictures,
    plugin,
    scenarios,
    verdicts,
)
from writing.scenario_schema import scenario_schema

DOCS = Path(__file__).resolve().parent
DEMO = DOCS / "images" / "demo.svg"
SCHEMA = DOCS.parent / "fixtures" / "scenario.schema.json"

_TABLE = re.compile(r"(<!-- table: ([a-z-]+) -->\n)(.*?)(<!-- end of table -->)", re.DOTALL)

TABLES: Mapping[str, Callable[[], str]] = {
    "run-kinds": lambda: faults.kinds_of(Family.RUN),
    "exchange-kinds": lambda: faults.kinds_of(Family.EXCHANGE),
    "callback-kinds": lambda: faults.kinds_of(Family.CALLBACK),
    "run-examples": lambda: faults.examples(Family.RUN),
    "exchange-examples": lambda: faults.examples(Family.EXCHANGE),
    "callback-examples": lambda: faults.examples(Family.CALLBACK),
    "fields": faults.fields,
    "magic": faults.magic,
    "scenarios": scenarios.scenarios,
    "each-scenario": scenarios.each_scenario,
    "expectations": scenarios.expectations,
    "settings": scenarios.settings,
    "scenario-schema": scenarios.schema,
    "suite-rules": verdicts.suite_rules,
    "kills": kills.kills,
    "matrix-rules": verdicts.matrix_rules,
    "behaviour-rules": verdicts.behaviour_rules,
    "probe-rules": verdicts.probe_rules,
    "commands": commands.commands,
    "variables": commands.variables,
    "server-bounds": bounds.server,
    "tenant-bounds": bounds.tenants,
    "request-bounds": bounds.requests,
    "ten-steps": ten_steps.told,
    "callback-headers": callbacks.headers,
    "callback-events": callbacks.events,
    "callback-fields": callbacks.fields,
    "callback-bodies": callbacks.bodies,
    "callback-attempts": callbacks.attempts,
    "callback-python": lambda: files.titled("examples/callbacks/handler.py"),
    "callback-javascript": lambda: files.titled("examples/callbacks/handler.mjs"),
    "callback-go": lambda: files.titled("examples/callbacks/handler.go"),
    "callback-php": lambda: files.titled("examples/callbacks/handler.php"),
    "callback-java": lambda: files.titled("examples/callbacks/Handler.java"),
    "verbs": control.verbs,
    "bodies": control.bodies,
    "fixtures": plugin.fixtures,
    "plugin-options": plugin.options,
    "marker": plugin.marker,
    "handles": plugin.handles,
    "switches": dialects.switches,
    "switch-provenance": dialects.provenance,
    "switch-captures": dialects.captures,
    "changes": drifts.changes,
    "operation-ids": evidence.operation_ids,
    "operations-by-evidence": evidence.operations,
    "undocumented-operations": evidence.undocumented,
    "claims-by-certainty": evidence.claims,
    "inferred-claims": evidence.inferred,
    "comparison": comparison.features,
    "ambitions": comparison.ambitions,
    "github-service": lambda: files.shown("examples/ci/github-service.yml"),
    "github-action": lambda: files.shown("examples/ci/github-action.yml"),
    "gitlab-ci": lambda: files.shown("examples/ci/gitlab-ci.yml"),
}


def written(text: str) -> str:
    """Returns a page with its tables as the registries have them.

    Raises:
        ValueError: it has a table that nobody makes; the message names it, and the nearest one there is.
    """
    return _TABLE.sub(lambda found: f"{found[1]}{_table(found[2])}{found[4]}", text)


def _table(name: str) -> str:
    if name not in TABLES:
        near = get_close_matches(name, TABLES, n=1)
        raise ValueError(
            f"no table is called {name!r}{f'; did you mean {near[0]!r}?' if near else ''} The names stand in docs/tables.py: TABLES"
        )
    return TABLES[name]()


def _page(page: Path) -> str:
    try:
        return written(page.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{page.relative_to(DOCS.parent)}: {error}") from error


def outcome() -> dict[Path, str]:
    """Returns what every generated file should hold."""
    pages = {page: _page(page) for page in sorted(DOCS.glob("**/*.md"))}
    return {**pages, DEMO: pictures.demo(), SCHEMA: json.dumps(scenario_schema(), indent=1, ensure_ascii=False) + "\n"}


def main(arguments: list[str]) -> int:
    """Writes what differs, or with `--check` only names it."""
    try:
        made = outcome()
    except ValueError as error:
        sys.stderr.write(f"docs-write: {error}\n")
        return 2
    stale = [file for file, text in made.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    for file in stale:
        sys.stdout.write(f"{file.relative_to(DOCS.parent)}\n")
        if "--check" not in arguments:
            file.write_text(made[file], encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
