"""How commands that judge somebody tell it: in the terminal or as JSON, and in files for CI."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console

from runflow_mock.cli.options import json_option
from runflow_mock.cli.streams import write_scrubbed
from runflow_mock.kit.sheets.junit import write_junit
from runflow_mock.kit.sheets.markdown import write_markdown
from runflow_mock.kit.sheets.records import Place, check_expected, read_expected
from runflow_mock.kit.sheets.summaries import Summary
from runflow_mock.kit.sheets.terminal import show
from runflow_mock.runtime.text_files import read_text_file

DecoratedT = TypeVar("DecoratedT", bound=Callable[..., object])
WRITTEN = click.Path(dir_okay=False, writable=True, path_type=Path)
READ = click.Path(exists=True, dir_okay=False, path_type=Path)


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """Where a summary goes."""

    as_json: bool = False
    junit_file: Path | None = None
    markdown_file: Path | None = None

    def files(self, summary: Summary) -> dict[Path, bytes]:
        """Returns the files that were asked for, and what is to be in them."""
        files: dict[Path, bytes] = {}
        if self.junit_file is not None:
            files[self.junit_file] = write_junit(summary)
        if self.markdown_file is not None:
            files[self.markdown_file] = write_markdown(summary).encode()
        return files

    def show(self, summary: Summary, **more: Any) -> None:
        """Prints a summary; `more` stands in the JSON beside it."""
        if self.as_json:
            click.echo(msgspec.json.encode({**summary.json, **more}).decode())
        else:
            show(summary, Console(highlight=False))

    def write(self, summary: Summary, **more: Any) -> None:
        """Shows a summary, and writes its files.

        Raises:
            NotWritten: a file cannot be written; whatever can be is written and shown all the same.
        """
        files = self.files(summary)
        try:
            self.show(summary, **more)
        finally:
            write_scrubbed(files)


def sheet_options(decorated: DecoratedT) -> DecoratedT:
    """Adds the options that say where a summary goes."""
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


def load_expected(file: Path | None, places: Sequence[Place]) -> tuple[str, ...]:
    """Returns the rows that a file names, before anything is judged: what it takes minutes to find out should not be lost.

    Args:
        file: the list of expected failures, if there is one.
        places: where the sheet will have rows.

    Raises:
        ConfigError: the file cannot be read.
        UsageError: one of its names fits no row.
    """
    expected = () if file is None else read_expected(read_text_file(file, "list of expected failures"))
    try:
        check_expected(expected, places)
    except ValueError as error:
        raise click.UsageError(f"{file}: {error}") from None
    return expected
