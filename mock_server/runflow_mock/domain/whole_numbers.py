"""Whole numbers that others write as text, in headers and queries."""

DIGITS_MAX = 18
"""More digits than anything has that is counted here, and fewer than Python refuses to read."""


def whole_number(text: str | None, digits_max: int = DIGITS_MAX) -> int | None:
    """Returns the number that the digits 0 to 9 say, or nothing for any other text; `str.isdigit` takes digits that `int` does not read."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= digits_max else None
