"""`runflow-mock skill`: the text by which coding agents learn to use the API, put where they look for it."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from runflow_mock.cli.options import json_option, make_parent
from runflow_mock.cli.skill_checks import check, pin, verify
from runflow_mock.kit.skills.copies import PLACES
from runflow_mock.runtime.files import write_each
from runflow_mock.runtime.skills import load_skill
from runflow_mock.user_files import read_file
from runflow_mock.wire.skills import SIGNATURE


@click.group()
def command() -> None:
    """Hand the skill to coding agents, and check what they have."""


for _check in (verify, check, pin):
    command.add_command(_check)


@command.command()
@click.option("--sandbox", is_flag=True, help="Install runflow-mock's own skill, which leads agents to the sandbox.")
@click.option("--dir", "project", default=".", type=click.Path(file_okay=False, path_type=Path), help="Project to install into.")
@click.option("--for", "places", multiple=True, type=click.Choice(list(PLACES)), help="Where to put it; repeatable.  [default: everywhere]")
@click.option("--force", is_flag=True, help="Replace a skill that is not runflow-mock's.")
@json_option("Print one JSON line with the files and what was done with each.")
def install(*, sandbox: bool, project: Path, places: Sequence[str], force: bool, as_json: bool) -> None:
    """Write the sandbox's skill into a project.

    It goes to .agents/skills/runflow/SKILL.md and .claude/skills/runflow/SKILL.md. An older version of it is replaced; a file of somebody
    else's is not, unless --force is given, and then nothing is written at all. Exit codes: 0, 2 wrong usage or a file in the way.
    """
    if not sandbox:
        raise click.UsageError("say which skill: --sandbox installs runflow-mock's own; Runflow's comes from Runflow")
    skill = load_skill(None)
    files = [project / PLACES[place] / skill.name / "SKILL.md" for place in dict.fromkeys(places or PLACES)]
    plan = {file: _action(file, skill.body, is_forced=force) for file in files}
    for file, action in plan.items():
        if action != "kept":
            make_parent(file)
    write_each({file: skill.body for file, action in plan.items() if action != "kept"})
    if as_json:
        click.echo(json.dumps({"files": [{"path": str(file), "action": action} for file, action in plan.items()]}))
    else:
        click.echo("\n".join(f"{action} {file}" for file, action in plan.items()))


def _action(file: Path, body: bytes, *, is_forced: bool) -> str:
    """Returns what is to be done with a file; refuses to touch somebody else's."""
    try:
        present = read_file(file)
    except FileNotFoundError:
        return "written"
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from None
    if present == body:
        return "kept"
    if SIGNATURE not in present and not is_forced:
        raise click.UsageError(f"{file} is not runflow-mock's; replace it with --force, or choose another project with --dir")
    return "replaced"
