"""`runflow-mock skill verify`, `check` and `pin`: is the skill that agents read the pinned one, and is it true what it says?"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from runflow_mock.cli.options import UNREACHABLE, checked_source, document_option, json_option, state_option, tell
from runflow_mock.cli.sheets import Outputs
from runflow_mock.kit.pins.digests import Pin, digest_of
from runflow_mock.kit.pins.files import place_lock, seen_from, write_pin
from runflow_mock.kit.sheets.summaries import Line, Summary
from runflow_mock.kit.skills.claims import Standing
from runflow_mock.kit.skills.comparing import PIN_NAME, compare, exit_code, pin_for, represent_comparison, represent_judged
from runflow_mock.kit.skills.copies import Found, SkillCopy, find_copies
from runflow_mock.kit.skills.judging import check_skill
from runflow_mock.kit.skills.telling import tell_claims, tell_comparison
from runflow_mock.runtime.certificates import ca_file
from runflow_mock.runtime.downloads import Downloads, Unreachable, is_address
from runflow_mock.runtime.foreign_documents import load_contract

NOTHING_FOUND = "no copy of the skill was found; give the path or the address of one"
DecoratedT = TypeVar("DecoratedT", bound=Callable[..., object])


def _source_options(decorated: DecoratedT) -> DecoratedT:
    """Adds the argument that says which copies, and the option that leads to the local CA."""
    for add in (state_option(), click.argument("source", required=False, metavar="[PATH|URL|DIR]", callback=checked_source)):
        decorated = add(decorated)
    return decorated


@click.command()
@_source_options
@document_option("OpenAPI document that claims are checked against.  [default: the one that ships]")
@json_option("Print one JSON object.")
def verify(*, source: str | None, state: Path, openapi: str | None, as_json: bool) -> None:
    """Compare the skill that agents read with its pin.

    PATH is a SKILL.md, DIR a folder that holds one, URL where one is served, or an index of Agent Skills Discovery, whose digests are
    checked as well. With none of them the copies are compared that are installed in this project and in your home folder. The pin is
    the one in your runflow.lock, else the one that ships. Then the text is checked against the API: what is contradicted is printed
    with its line. Exit codes: 0 every copy has the pinned bytes, 1 one has not, 2 wrong usage, 3 there is no copy, 4 nothing answers at
    the URL.
    """
    contract = load_contract(openapi, tell)
    found = _found(source, state)
    pinned = pin_for(source, Path.cwd())
    compared = [compare(copy, pinned, contract) for copy in found.copies]
    code = exit_code(compared)
    pin = {"digest": pinned.pin.digest, "bytes": pinned.pin.bytes, "source": pinned.pin.source, "place": pinned.place}
    copies = [represent_comparison(each) for each in compared]
    lines = tuple(line for each in compared for line in tell_comparison(each, pinned))
    _show(found, lines, {"exit_code": code, "pin": pin, "copies": copies}, as_json=as_json)
    sys.exit(code)


@click.command()
@_source_options
@document_option("OpenAPI document that claims are checked against.  [default: the one that ships]")
@json_option("Print one JSON object.")
def check(*, source: str | None, state: Path, openapi: str | None, as_json: bool) -> None:
    """List what a SKILL.md says of the API, and whether it is so.

    Methods with paths, addresses, commands, bodies, lists of statuses and limits are read out of the text and checked against the
    OpenAPI document, and the sandbox is asked about them, in this process. Each claim is held, contradicted or unknown, with its line.
    Exit codes: 0 nothing is contradicted, 1 something is, 2 wrong usage, 3 there is no copy or it says nothing, 4 nothing answers at
    the URL.
    """
    contract = load_contract(openapi, tell)
    found = _found(source, state)
    judged = {copy.place: check_skill(copy.body.decode(errors="replace"), contract) for copy in found.copies if copy.is_comparable}
    claims = [each for listed in judged.values() for each in listed]
    code = 3 if not claims else 1 if any(each.standing is Standing.CONTRADICTED for each in claims) else 0
    copies = [{"place": place, "claims": [represent_judged(each) for each in listed]} for place, listed in judged.items()]
    lines = tuple(line for place, listed in judged.items() for line in tell_claims(place, listed))
    _show(found, lines, {"exit_code": code, "copies": copies}, as_json=as_json)
    sys.exit(code)


@click.command()
@_source_options
@click.option("--reason", required=True, help="Why these bytes are the right ones; it is kept with the pin.")
@json_option("Print one JSON line with the lock and what was pinned.")
def pin(*, source: str | None, state: Path, reason: str, as_json: bool) -> None:
    """Pin a SKILL.md in your runflow.lock.

    The pin takes the place of the one that ships. The lock is found above this folder, or made at the root of the repository. Exit codes: 0
    pinned, 2 wrong usage, 3 there is no copy, 4 nothing answers at the URL.
    """
    found = _found(source, state)
    if not found.copies:
        _warn(found)
        sys.exit(3)
    if len({copy.body for copy in found.copies}) > 1:
        places = ", ".join(copy.place for copy in found.copies)
        raise click.UsageError(f"these copies differ: {places}; say which one to pin")
    copy, lock = found.copies[0], place_lock(Path.cwd())
    made = Pin(
        url=_address(copy, lock),
        bytes=len(copy.body),
        digest=digest_of(copy.body),
        date=datetime.now(UTC).date(),
        source="downloaded" if is_address(copy.place) else "file",
        reason=reason,
    )
    write_pin(lock, PIN_NAME, made)
    if as_json:
        click.echo(json.dumps({"lock": str(lock), "name": PIN_NAME, "url": made.url, "bytes": made.bytes, "digest": made.digest}))
    else:
        click.echo(f"pinned {made.url} in {lock}: {made.digest}, {made.bytes} bytes")


def _found(source: str | None, state: Path) -> Found:
    """Returns the copies that a command is about; where nothing answers, it ends."""
    try:
        return find_copies(source, Path.cwd(), Path.home(), Downloads(ca_file(state)))
    except Unreachable as error:
        tell(str(error))
        sys.exit(UNREACHABLE)


def _show(found: Found, lines: tuple[Line, ...], told: dict[str, object], *, as_json: bool) -> None:
    """Prints what came of copies; what is to be said of the search for them stands in the JSON, or else on stderr."""
    if not as_json:
        _warn(found)
    Outputs(as_json=as_json).show(Summary(title="skills", lines=lines, json={**told, "warnings": found.warnings}))


def _warn(found: Found) -> None:
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    if not found.copies:
        tell(NOTHING_FOUND)


def _address(copy: SkillCopy, lock: Path) -> str:
    """Returns where a copy is: its address, or its path as seen from the lock."""
    if is_address(copy.place):
        return copy.place
    file = Path(copy.place)
    return seen_from(lock, file) or file.absolute().as_posix()
