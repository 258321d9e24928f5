"""The table: figures with what they are held against."""

from collections.abc import Sequence

import msgspec

from benchmarks.limits import Limit


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    name: str
    unit: str
    ours: float | None
    bare: float | None = None
    target: Limit | None = None

    @property
    def ratio(self) -> float | None:
        """Ours by bare."""
        return None if self.ours is None or not self.bare else self.ours / self.bare

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met, where there is one and it can be told."""
        if self.target is None:
            return None
        value = self.ratio if self.target.is_of_ratio else self.ours
        return None if value is None else self.target.is_met(value)


HEADINGS = ("figure", "ours", "bare", "ratio", "target", "met")


def render(figures: Sequence[Figure]) -> str:
    """Returns the table as text."""
    rows = [HEADINGS, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    align = (str.ljust, *[str.rjust] * 4, str.ljust)
    lines = ["  ".join(pad(cell, width) for pad, cell, width in zip(align, row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def as_json(note: dict[str, str], figures: Sequence[Figure]) -> bytes:
    """Returns note and figures as a JSON document."""
    items = [{**msgspec.structs.asdict(figure), "ratio": figure.ratio, "met": figure.is_met} for figure in figures]
    return msgspec.json.format(msgspec.json.encode({"note": note, "figures": items}), indent=2) + b"\n"


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        _amount(figure.ours, figure.unit),
        _amount(figure.bare, figure.unit) if figure.bare is not None else "",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        _wanted(figure),
        {None: "", True: "yes", False: "NO"}[figure.is_met],
    )


def _wanted(figure: Figure) -> str:
    if figure.target is None:
        return ""
    sign = ">=" if figure.target.is_least else "<="
    if figure.target.is_of_ratio:
        return f"{sign} {figure.target.value:.2f} x"
    return f"{sign} {_amount(figure.target.value, figure.unit)}"


def _amount(value: float | None, unit: str) -> str:
    return "not known" if value is None else _FORMATS.get(unit, "{:,.2f} {}").format(value, unit)


_FORMATS: dict[str, str] = {"/s": "{:,.0f} {}", "MB": "{:,.1f} {}", "bytes": "{:,.0f} {}", "us": "{:,.0f} {}"}
