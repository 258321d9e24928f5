"""`runflow-mock replay FILE`: what happened once happens again, byte for byte, or the first difference is shown."""

import errno
import gc
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import click
import msgspec
from rich.console import Console
from rich.markup import escape

from runflow_mock.cli.options import Secret, json_option, option
from runflow_mock.cli.timelines import line_of
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.openapi.yaml_values import YamlError
from runflow_mock.runtime.replays import replay
from runflow_mock.user_files import RECORDED_BYTES_MAX, read_file, read_stream
from runflow_mock.wire.catalog import load_catalog
from runflow_mock.wire.history import HISTORY, GivenSecrets, SavedHistory, decode_history, with_secrets
from runflow_mock.wire.marked_yaml import read_yaml
from runflow_mock.wire.seals import Unreadable, read_values

VALUE_CHARACTERS_MAX = 300
SCENARIO_ORIGIN = "GET /_mock/scenario/export?history=true"

# What can be replayed, by the mark that the document carries. Other kinds of files find their way in here.
LOADERS: Mapping[object, Callable[[bytes], SavedHistory]] = {HISTORY.mark: decode_history}


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@option("--callback-secret", default=None, type=Secret(), help="The callback secret that was registered beforehand; no history holds it.")
@option("--webhook-secret", multiple=True, help="Secret of a webhook, in the order in which they were set; the last one serves the rest.")
@option("--catalog", multiple=True, type=click.Path(path_type=Path), help="File or folder with further models; repeatable.")
@option("--unknown-models", default="refuse", type=click.Choice(["refuse", "accept"]), help="What to do with ids outside the catalog.")
@json_option("Write one JSON object.")
@click.pass_context
def command(context: click.Context, /, *, file: Path, as_json: bool, **options: Any) -> None:
    """Repeat a history and compare it byte for byte.

    FILE is the body of GET /_mock/history, a scenario with a history in it, or - for standard input. Its commands are carried out again in
    a fresh world; ids, times, bodies and signatures are compared. Nothing is sent. Exit codes: 0 equal, 1 different, 2 a file that cannot
    be read.
    """
    gc.enable()
    given = GivenSecrets(options["callback_secret"], options["webhook_secret"])
    catalog = load_catalog(options["catalog"], accept_unknown=options["unknown_models"] == "accept")
    history = with_secrets(load(_read(file)), given)
    replayed = replay(history, catalog)
    if as_json:
        click.echo(msgspec.json.encode({"equal": replayed.difference is None, **msgspec.structs.asdict(replayed)}))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for step in replayed.timeline:
            console.print(line_of(step, with_date=True))
        if replayed.difference is None:
            exactly = "virtual time included" if history.settings.client_time == "virtual" else "wall time aside"
            console.print(f"[green]equal[/green]: {replayed.commits} commits came out byte for byte as recorded, {exactly}")
        else:
            difference = replayed.difference
            console.print(f"[red]different[/red]: commit {difference.commit} at {difference.at}, {escape(difference.place)}")
            for name, value in (("recorded", difference.expected), ("came out", difference.found)):
                console.print(f"  {name}: {escape(_shown(value))}")
        for note in replayed.notes:
            console.print(f"[yellow]note[/yellow]: {escape(note)}")
    context.exit(0 if replayed.difference is None else 1)


def load(raw: bytes) -> SavedHistory:
    """Returns what a file holds, by what it says it is.

    Raises:
        Unreadable: it is nothing that can be replayed.
    """
    values = _values(raw)
    if isinstance(values.get("history"), dict):
        # A scenario that was written from a tenant may hold what happened in it.
        values = cast("dict[str, Json]", values["history"])
        raw = write_document(values)
    mark = values.get("format")
    loader = LOADERS.get(mark if isinstance(mark, str) else None)
    if loader is None:
        ways_out = f"{HISTORY.origin} gives one of format {HISTORY.mark!r}, {SCENARIO_ORIGIN} a scenario with one in it"
        raise Unreadable(f"a document of format {mark!r} cannot be replayed; {ways_out}")
    return loader(raw)


def _values(raw: bytes) -> dict[str, Json]:
    """Returns the object that a file holds, as JSON or, where it is a scenario, as YAML."""
    try:
        return read_values(raw)
    except Unreadable:
        with suppress(YamlError, UnicodeDecodeError):
            value = read_yaml(raw.decode()).value
            if isinstance(value, dict):
                return value
        raise


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            # Where nothing can be read from, Python has none.
            if sys.stdin is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            return read_stream(sys.stdin.buffer, RECORDED_BYTES_MAX)
        return read_file(file, RECORDED_BYTES_MAX)
    except OSError as error:
        raise Unreadable(f"{file} cannot be read: {error.strerror}") from None


def _shown(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= VALUE_CHARACTERS_MAX else f"{text[:VALUE_CHARACTERS_MAX]}… ({len(text)} characters)"
