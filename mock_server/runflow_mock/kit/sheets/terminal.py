"""Summaries in a terminal, line by line; in colours where it has some."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from runflow_mock.domain.printing import on_one_line
from runflow_mock.kit.sheets.summaries import Summary
from runflow_mock.kit.sheets.texts import LINE_MAX, one_line

STYLES: Mapping[str, str] = {
    "broken": "bold red",
    "expected": "yellow",
    "held": "green",
    "not exercised": "dim",
    "error": "bold red",
    "stale": "red",
    "x": "red",
    "-": "green",
}


def show(summary: Summary, console: Console) -> None:
    """Prints a summary."""
    for line in lines(summary):
        text = Text(line)
        word = next((word for word in STYLES if line.startswith(f"{word} ")), "")
        text.stylize(STYLES.get(word, ""), 0, len(word))
        console.print(text, soft_wrap=True)


def lines(summary: Summary) -> Iterator[str]:
    """Yields a summary line by line."""
    for label, text in summary.lines:
        # A line may be made of several texts: a name that is long leaves room for what is said of it.
        yield f"{on_one_line(label)}{one_line(text, 3 * LINE_MAX)}".rstrip()
