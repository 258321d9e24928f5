"""`runflow-mock scenarios`: the scenarios that ship, one of them in full, and the check of files before a server reads them."""

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from runflow_mock.cli.options import json_option
from runflow_mock.domain.models import Catalog
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.scenarios import find_scenario_file, load_scenario, scenario_names, shipped_scenario
from runflow_mock.runtime.text_files import read_text_file
from runflow_mock.wire.catalog import load_catalog
from runflow_mock.wire.scenarios import ScenarioFileError


@click.group()
def command() -> None:
    """List, show and check scenarios.

    A scenario is a whole situation in one YAML file: serve --scenario NAME begins every tenant with it, PUT /_mock/scenario one of them.
    """


@command.command("list")
@json_option("Write one JSON array.")
def list_scenarios(*, as_json: bool) -> None:
    """List the scenarios that ship, with how each story begins.

    Exit codes: 0, 2 wrong usage.
    """
    catalog = load_catalog()
    scenarios = [shipped_scenario(name, catalog) for name in scenario_names()]
    if as_json:
        summaries = [
            {
                "name": scenario.name,
                "story": scenario.story,
                "rules": len(scenario.rules),
                "expectations": [expectation.label for expectation in scenario.expectations],
            }
            for scenario in scenarios
        ]
        click.echo(msgspec.json.encode(summaries))
        return
    width = max(len(scenario.name) for scenario in scenarios)
    for scenario in scenarios:
        first = " ".join(scenario.story.split()).partition(". ")[0].rstrip(".")
        click.echo(f"{scenario.name:{width}}  {first}.")


@command.command("show")
@click.argument("name")
@json_option("Write the scenario as one JSON object.")
def show_scenario(name: str, *, as_json: bool) -> None:
    """Show a scenario that ships, or a file, as it is written.

    Exit codes: 0 shown, 2 there is no such scenario or it cannot be used.
    """
    file = find_scenario_file(name)
    scenario = load_scenario(file, load_catalog())
    click.echo(scenario.source if as_json else read_text_file(file, "scenario file").rstrip())


@command.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--catalog", multiple=True, type=click.Path(path_type=Path), help="File or folder with further models; repeatable.")
@json_option("Write one JSON array with what is wrong with each file.")
@click.pass_context
def validate_scenarios(context: click.Context, files: Sequence[Path], catalog: Sequence[Path], *, as_json: bool) -> None:
    """Check files, and say in which line and column something is wrong.

    Exit codes: 0 all can be used, 2 one of them cannot.
    """
    known = load_catalog(catalog)
    found = [_check(file, known) for file in files]
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        for each in found:
            click.echo(f"{each['file']}: good" if each["good"] else str(each["error"]), err=not each["good"])
    context.exit(0 if all(each["good"] for each in found) else 2)


def _check(file: Path, catalog: Catalog) -> dict[str, object]:
    try:
        load_scenario(file, catalog)
    except ScenarioFileError as error:
        where = {"line": error.mark.line, "column": error.mark.column}
        return {"file": str(file), "good": False, **where, "error": str(error)}
    except ConfigError as error:
        return {"file": str(file), "good": False, "line": None, "column": None, "error": str(error)}
    return {"file": str(file), "good": True, "line": None, "column": None, "error": None}
