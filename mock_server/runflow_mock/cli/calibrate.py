"""`runflow-mock calibrate`: says from captures of the real service how it speaks, and writes that as a profile."""

import gc
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import click

from runflow_mock.cli.options import document_option, json_option, make_parent, tell
from runflow_mock.cli.sheets import WRITTEN, Outputs
from runflow_mock.kit.calibration.captures import document_of
from runflow_mock.kit.calibration.files import CaptureFile, captures_in, of_hosts, read_files
from runflow_mock.kit.calibration.notes import notes_of
from runflow_mock.kit.calibration.readings import nearest_dialect, read_switches, switches_of
from runflow_mock.kit.calibration.reports import Calibration, summary_of
from runflow_mock.kit.calibration.scrubbing import scrub, secrets_in
from runflow_mock.openapi.promises import documented_contract
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.files import NotWritten, write_each, write_whole
from runflow_mock.runtime.foreign_documents import load_contract
from runflow_mock.runtime.profiles import load_profile
from runflow_mock.wire.profiles import Profile, Source, write_profile

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("given", metavar="FILES...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    envvar="RUNFLOW_MOCK_CALLBACK_SECRET",
    show_envvar=True,
    help="Secret that callbacks are signed with; repeatable. It is neither printed nor written.",
)
@click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="Host in captures that is the service too, with its port or without; repeatable."
)
@click.option("--write", "profile_file", default=None, type=WRITTEN, help="Write a profile for serve --profile, YAML or (.json) JSON.")
@click.option("--redact", "folder", default=None, type=FOLDER, help="Write copies of the captures without secrets into this folder.")
@document_option("Document that judges in place of the packaged one.")
@click.option("--markdown", "markdown_file", default=None, type=WRITTEN, help="Write a Markdown summary, for an issue.")
@json_option("Print one JSON object.")
def command(
    *,
    given: tuple[Path, ...],
    secrets: tuple[str, ...],
    hosts: tuple[str, ...],
    profile_file: Path | None,
    folder: Path | None,
    openapi: str | None,
    markdown_file: Path | None,
    as_json: bool,
) -> None:
    """Say from captures how the real service speaks.

    FILES are runs, batches, pages, errors, callbacks and HAR files, or folders of them. Whatever is printed or written has been
    redacted. Exit codes: 0 every switch that can be seen has a known value, 1 one has another value or captures contradict each other,
    2 a file that cannot be understood, 3 no switch can be seen.
    """
    gc.enable()
    files = read_files(given)
    taken, others = of_hosts(captures_in(files, tell), hosts)
    for host, count in sorted(others.items()):
        tell(f"{count} answers of {host} are left out, which is none of the service's hosts; name it with --host if it is")
    contract = documented_contract() if openapi is None else load_contract(openapi, tell)
    hints = tuple(chain.from_iterable(map(secrets_in, chain.from_iterable(taken.values()))))
    scrubbed = {name: tuple(scrub(capture, secrets, hints) for capture in captures) for name, captures in taken.items()}
    calibration = Calibration(
        captures=sum(map(len, taken.values())),
        files=len(files),
        readings=read_switches(chain.from_iterable(scrubbed.values())),
        notes=notes_of(chain.from_iterable(taken.values()), contract),
    )
    outputs: dict[Path, bytes] = {}
    if folder is not None:
        outputs = {folder / f"{name.removesuffix('.json')}.json": document_of(captures) for name, captures in scrubbed.items()}
    if profile_file is not None and calibration.exit_code < 3:
        _check_replaced(profile_file)
        outputs[profile_file] = write_profile(_profile(calibration, files), as_json=profile_file.suffix == ".json")
    told = Outputs(as_json=as_json, markdown_file=markdown_file)
    outputs |= told.files(summary_of(calibration))
    _check_places(outputs, files)
    try:
        write_each(outputs, _write)
    except NotWritten as error:
        told.show(summary_of(calibration, [file for file in outputs if file not in error.reasons]))
        raise
    told.show(summary_of(calibration, tuple(outputs)))
    sys.exit(calibration.exit_code)


def _profile(calibration: Calibration, files: Sequence[CaptureFile]) -> Profile:
    switches = switches_of(calibration.readings)
    return Profile(
        date=datetime.now(UTC).date().isoformat(),
        dialect=nearest_dialect(switches),
        switches=switches,
        undecided={reading.switch: reading.verdict.value for reading in calibration.readings if reading.value is None},
        sources=tuple(Source(file.name, file.digest) for file in files),
    )


def _check_replaced(file: Path) -> None:
    """Refuses to write a profile over something else."""
    if file.exists():
        try:
            load_profile(file)
        except ConfigError:
            raise click.UsageError(f"{file} is there already and no profile; choose another name with --write") from None


def _check_places(outputs: Mapping[Path, bytes], files: Sequence[CaptureFile]) -> None:
    sources = {file.path.resolve() for file in files}
    for file in outputs:
        if file.resolve() in sources:
            raise click.UsageError(f"{file} is one of the captures, and would be written over; choose another place")


def _write(file: Path, content: bytes) -> None:
    make_parent(file)
    write_whole(file, content)
