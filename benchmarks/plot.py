"""The picture: bars by contender on a logarithmic scale, one panel for each row that is plotted, readable on light and dark."""

from collections.abc import Iterator
from html import escape
from math import ceil, floor, log10

from benchmarks.results import Results
from benchmarks.rows import KINDS, Kind
from benchmarks.wording import amount, title

WIDTH = 760
LEFT = 120
RIGHT = 84
BAR = 14
GAP = 6
HEAD = 34
FOOT = 34
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 13px; }
  .more, .none, .tick { fill: #656d76; }
  .tick { font-size: 10px; }
  .bar { fill: #8c959f; }
  .ours { fill: #0969da; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .more, .none, .tick { fill: #8d96a0; }
    .bar { fill: #6e7681; }
    .ours { fill: #4493f8; }
    .grid { stroke: #30363d; }
  }
"""


def draw(results: Results) -> str:
    """Returns the picture as SVG."""
    parts, top = [], 8.0
    for row, kind in KINDS.items():
        if kind.is_plotted:
            values = {column.name: column.cells[row].value for column in results.columns}
            known = [value for value in values.values() if value]
            low, high = scale(known)
            bottom = top + HEAD + len(values) * (BAR + GAP)
            better = "more is better" if kind.more_is_better else "less is better"
            heading = f'{escape(title(row, results))} ({kind.unit}) <tspan class="more" font-weight="400">{better}; logarithmic</tspan>'
            parts.append(f'<text class="title" x="0" y="{top + 16:.0f}">{heading}</text>')
            for power in range(low, high + 1):
                parts += _grid(_at(10.0**power, low, high), top + HEAD - 4, bottom, f"{10.0**power:,.15g}")
            for index, (name, value) in enumerate(values.items()):
                parts += _bar(name, value, kind, top + HEAD + index * (BAR + GAP), (low, high), is_ours=index == 0)
            top = bottom + FOOT
    what = "Bars for runflow-mock and other servers; the figures are in the table of the page."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" width="{WIDTH}" height="{top:.0f}" role="img">\n'
        f"<title>{escape(what)}</title>\n<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def scale(values: list[float]) -> tuple[int, int]:
    """Returns the powers of ten between which the values lie, the lower one below all of them so that every bar can be seen."""
    if not values:
        return 0, 1
    return ceil(log10(min(values))) - 1, max(floor(log10(max(values))) + 1, ceil(log10(min(values))))


def _at(value: float, low: int, high: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (log10(value) - low) / (high - low)


def _grid(at: float, top: float, bottom: float, label: str) -> Iterator[str]:
    yield f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top:.0f}" y2="{bottom:.0f}"/>'
    yield f'<text class="tick" x="{at:.1f}" y="{bottom + 12:.0f}" text-anchor="middle">{label}</text>'


def _bar(name: str, value: float | None, kind: Kind, top: float, between: tuple[int, int], *, is_ours: bool) -> Iterator[str]:
    base = top + BAR - 3
    yield f'<text x="{LEFT - 8}" y="{base:.0f}" text-anchor="end">{escape(name)}</text>'
    if not value:
        yield f'<text class="none" x="{LEFT + 4}" y="{base:.0f}">no figure</text>'
        return
    end = _at(value, *between)
    style = "bar ours" if is_ours else "bar"
    yield f'<rect class="{style}" x="{LEFT}" y="{top:.0f}" width="{end - LEFT:.1f}" height="{BAR}" rx="2"/>'
    yield f'<text x="{end + 5:.1f}" y="{base:.0f}">{escape(amount(value, kind))}</text>'
