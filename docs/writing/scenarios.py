"""Scenarios: those that ship, what one can expect and set, and the schema of their files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from runflow_mock.domain.expectations import AMOUNTS, COUNTED, Noun
from runflow_mock.resources import data_folder
from runflow_mock.runtime.scenarios import scenario_names, shipped_scenario
from runflow_mock.wire.catalog import load_catalog
from runflow_mock.wire.tenants import SETTINGS
from writing.markdown import block, names, table
from writing.scenario_schema import scenario_schema
from writing.schemas import kind_of, name_of, rows_of

# What the settings of a tenant mean; the schema knows only what they must be.
MEANINGS: Mapping[str, str] = {
    "seed": "the same seed and requests give the same ids, times and bodies",
    "clock": "`real`, `manual` (stands until it is moved), `auto` (moves when a client waits), or a scale",
    "speed": "divides the catalog's running times",
    "start": "the instant at which the tenant begins",
    "balance": 'credits in USD, as `"10.00"`',
    "scopes": "what the tenant's key may do; left out, everything but administration",
    "keys": "further keys of the tenant, each with its scopes",
    "dialect": "`seed` or `docs`: what to speak where the sources disagree",
    "switches": "single [switches](dialects.md) on top of the dialect",
    "client_time": "`wall` or `virtual`: the clock of what clients compare with their own",
    "real_waits": "`true`: the client is a process with a real clock, so that even no pause at all is judged as its own",
    "deliveries": "`push`, or `pull` where a test carries callbacks to the receiver itself",
    "callback_secret": "a signing secret that the tenant has from the start",
    "batch_limit": "items that a batch may have",
    "concurrency": "runs of a model that may be under way at once, by model or `*`",
    "paces": "by model or `*`: `latency` as `{p50, p99}`, `cold_start`, `cold_after` and the length of its `queue`",
    "quota": "requests that a key may send in a window",
    "strict": "nothing without evidence: no plain-http callbacks, no routes, models or forms that are only inferred",
    "comfyui_beta": "whether the organization may deploy ComfyUI workflows",
    "folders": "names of the organization's asset folders",
    "magic": "whether [documented inputs](../magic-inputs.md) choose an outcome",
    "output_lifetime": "how long the addresses of output files work",
    "models": "what differs from the catalog's models, or whole new ones",
}


def scenarios() -> str:
    """Returns the scenarios that ship, with their stories."""
    catalog = load_catalog()
    shipped = [shipped_scenario(name, catalog) for name in scenario_names()]
    rows = ((f"[`{each.name}`](../fixtures/scenarios/{each.name}.yaml)", " ".join(each.story.split())) for each in shipped)
    return table(("scenario", "story"), rows)


def each_scenario() -> str:
    """Returns a section for each scenario that ships: its story, its file, and how to start with it."""
    catalog = load_catalog()
    return "\n".join(_section(shipped_scenario(name, catalog).story, name) for name in scenario_names())


def expectations() -> str:
    """Returns what can be expected, and in which figures."""
    figures = {noun: names(counted) for noun, counted in COUNTED.items()}
    figures[Noun.LEDGER] = names(AMOUNTS)
    figures[Noun.REQUESTS] = "a clause as `POST /_mock/verify` takes it, or a `sequence` of them"
    return table(("about", "figures"), ((f"`{noun}`", figures[noun]) for noun in Noun))


def settings() -> str:
    """Returns the settings of a tenant that a scenario takes."""
    return names(SETTINGS) + "\n"


def schema() -> str:
    """Returns the keys of a scenario file, and the parts that several keys share."""
    document = cast("Mapping[str, Any]", scenario_schema())
    rows = [(name, kind, says or MEANINGS[name.strip("*`")]) for name, kind, says in rows_of(document)]
    parts = [table(("key", "what it must be", "meaning"), rows)]
    for name, part in document.get("$defs", {}).items():
        rows = list(rows_of(part))
        if rows:
            parts.append(f"\n### {name_of(name)}\n\n{table(('key', 'what it must be', 'meaning'), rows)}")
        elif name != "what":
            parts.append(f"\n### {name_of(name)}\n\n{kind_of(part)}. {part.get('description', '')}\n")
    return "".join(parts)


def _section(story: str, name: str) -> str:
    text = data_folder("fixtures").joinpath("scenarios", f"{name}.yaml").read_text(encoding="utf-8")
    body = text.partition("\n")[2] if text.startswith("# yaml-language-server") else text
    start = f"runflow-mock serve --scenario {name}"
    return (
        f'## `{name}`\n\n{" ".join(story.split())}\n\nStart with it: `{start}`; in a test: `@pytest.mark.runflow(scenario="{name}")`.\n\n'
        f"<details><summary>The file</summary>\n\n{block('yaml', body.strip())}\n</details>\n"
    )
