"""Texts of others in a report: on one line each, with what cannot be shown by its escape, as everywhere that we print."""

from runflow_mock.domain.printing import on_one_line

LINE_MAX = 400


def one_line(text: str, characters_max: int = LINE_MAX) -> str:
    """Returns a text of several lines as one, cut where it is long."""
    return on_one_line(" ".join(text.split()))[:characters_max]
