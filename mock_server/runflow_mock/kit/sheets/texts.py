"""Texts that every rendering needs: one line, without what a terminal, XML or a table in Markdown cannot carry."""

import re

LINE_MAX = 400
# What ends a cell, or makes links, pictures and code of a text; a backslash would take away the one that is put before the next.
_MARKDOWN = re.compile(r"[\\|`\[]")


def one_line(text: str) -> str:
    """Returns a text without line breaks and control characters, cut where it is long."""
    return printable(" ".join(text.split()))[:LINE_MAX]


def printable(text: str) -> str:
    """Returns a text in which everything that cannot be shown is a question mark."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)


def cell(text: str) -> str:
    """Returns a text as one line for a table in Markdown."""
    return _MARKDOWN.sub(r"\\\g<0>", one_line(text)).replace("&", "&amp;").replace("<", "&lt;")
