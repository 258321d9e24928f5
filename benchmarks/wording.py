"""How figures are put into words."""

from benchmarks.results import Results
from benchmarks.rows import KINDS, Kind, Row


def amount(value: float, kind: Kind) -> str:
    """Returns a figure as the page shows it, without its unit."""
    return f"{value:,.{kind.digits}f}"


def title(row: Row, results: Results) -> str:
    """Returns the name of a row with the sizes of the run."""
    return KINDS[row].title.format(stored=f"{results.stored_runs:,}", batches=f"{results.day_batches:,}", items=results.batch_items)


def ratio(ours: float, theirs: float, kind: Kind) -> float:
    """Returns by which factor ours is the better one; below one it is the worse one."""
    return ours / theirs if kind.more_is_better else theirs / ours
