"""How commands that judge somebody write their sheet: to the terminal or as JSON, and into files for CI."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console

from runflow_mock.cli.options import json_option
from runflow_mock.cli.streams import write_scrubbed
from runflow_mock.kit.sheets.junit import write_junit
from runflow_mock.kit.sheets.markdown import write_markdown
from runflow_mock.kit.sheets.records import Sheet, expecting, read_expected, represent_sheet
from runflow_mock.kit.sheets.terminal import show_sheet

DecoratedT = TypeVar("DecoratedT", bound=Callable[..., object])
WRITTEN = click.Path(dir_okay=False, writable=True, path_type=Path)
READ = click.Path(exists=True, dir_okay=False, path_type=Path)


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sheet goes."""

    as_json: bool = False
    junit_file: Path | None = None
    markdown_file: Path | None = None

    def write(self, sheet: Sheet, **more: Any) -> None:
        """Writes a sheet everywhere; `more` stands in the JSON beside it.

        Raises:
            NotWritten: a file cannot be written; whatever can be is written and shown all the same.
        """
        files: dict[Path, bytes] = {}
        if self.junit_file is not None:
            files[self.junit_file] = write_junit(sheet)
        if self.markdown_file is not None:
            files[self.markdown_file] = write_markdown(sheet).encode()
        try:
            if self.as_json:
                click.echo(msgspec.json.encode({**represent_sheet(sheet), **more}).decode())
            else:
                show_sheet(sheet, Console(highlight=False))
        finally:
            write_scrubbed(files)


def sheet_options(decorated: DecoratedT) -> DecoratedT:
    """Adds the options that say where a sheet goes."""
    for add in (
        click.option("--markdown", "markdown_file", default=None, type=WRITTEN, help="Write a Markdown summary."),
        click.option("--junit", "junit_file", default=None, type=WRITTEN, help="Write a JUnit report."),
        json_option("Print one JSON object."),
    ):
        decorated = add(decorated)
    return decorated


def expected_option(decorated: DecoratedT) -> DecoratedT:
    """Adds the option that names a file of failures that are known."""
    text = "Rows that may be broken, one subject:rule or rule a line; one that holds again is exit code 1."
    return click.option("--expected-failures", "expected_file", default=None, type=READ, help=text)(decorated)


def with_expected(sheet: Sheet, file: Path | None) -> Sheet:
    """Returns a sheet in which the rows that a file names may be broken.

    Raises:
        UsageError: a line of the file names no rule.
    """
    if file is None:
        return sheet
    try:
        return expecting(sheet, read_expected(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise click.UsageError(f"{file}: {error}") from None
