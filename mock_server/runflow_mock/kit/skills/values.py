"""JSON in texts: whole values, values with something left out, and mere lists of keys in braces."""

import re
from collections.abc import Iterator

import msgspec

from runflow_mock.domain.documents import try_document

LETTERS_MAX = 5_000
"""How long a value may be."""
SEARCHED_MAX = 500_000
"""How many letters of a block are looked at in all: brackets that never close would otherwise take for ever."""

_LEFT_OUT = re.compile(r"\.\.\.|…|/\*.*?\*/|(?<=[\s,{\[])//[^\n]*")
_PLACEHOLDER = re.compile(r"\$[\w({]|<[\w -]+>|\{\{?[\w-]+\}|\.\.\.|…")
_KEY = re.compile(r"""["']?([A-Za-z_][\w-]*)["']?""")
_QUOTED_KEY = re.compile(r'"([^"\\]+)"\s*:')


class Shown(msgspec.Struct, frozen=True):
    """A value in braces or brackets: where it stands, its text, and its keys; `is_whole` when it is JSON that can be sent as it stands."""

    start: int
    end: int
    text: str
    keys: tuple[str, ...]
    is_whole: bool


def find_values(text: str) -> Iterator[Shown]:
    """Yields the values in a text, the outermost ones only; `{id}` in a path is no value."""
    position = searched = 0
    while position < len(text) and searched < SEARCHED_MAX:
        shown, end = None, None
        if text[position] in "{[" and not _is_placeholder(text[position - 1 : position]):
            end = _end(text, position)
            searched += (end or position + LETTERS_MAX) - position
        if end is not None and text[end : end + 1] not in {"/", "(", ":"}:
            shown = _shown(text, position, end)
        if shown is not None:
            yield shown
        position = position + 1 if shown is None else shown.end


def _is_placeholder(before: str) -> bool:
    """Tells by the letter before a bracket that it belongs to a path, a call or a link."""
    return before in {"/", "$", "]", "("} or before.isalnum()


def is_sendable(text: str) -> bool:
    """Tells whether nothing in a value stands for something else, such as a variable of the shell."""
    return _PLACEHOLDER.search(text) is None


def _end(text: str, start: int) -> int | None:
    """Returns where the bracket closes that opens at a place; brackets in quotes do not count, nor what is too far."""
    depth, is_quoted, position = 0, False, start
    while position < min(len(text), start + LETTERS_MAX):
        letter = text[position]
        if is_quoted:
            position += letter == "\\"
            is_quoted = letter != '"'
        elif letter == '"':
            is_quoted = True
        elif letter in "{[":
            depth += 1
        elif letter in "}]":
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return None


def _shown(text: str, start: int, end: int) -> Shown | None:
    body = text[start:end]
    whole = try_document(body)
    if isinstance(whole, dict):
        return Shown(start, end, body, tuple(whole), is_whole=is_sendable(body))
    if isinstance(whole, list):
        first = next((item for item in whole if isinstance(item, dict)), None)
        return None if first is None else Shown(start, end, body, tuple(first), is_whole=is_sendable(body))
    keys = _keys(body)
    return Shown(start, end, body, keys, is_whole=False) if keys else None


def _keys(body: str) -> tuple[str, ...]:
    """Returns the keys at the top of something that is no JSON: `"a": ...` or a plain list of names."""
    if not body.startswith("{"):
        return ()
    top = _LEFT_OUT.sub("", _top(body[1:-1]))
    quoted = _QUOTED_KEY.findall(top)
    if quoted:
        return tuple(quoted)
    parts = [part.strip() for part in top.split(",") if part.strip()]
    names = [_KEY.fullmatch(part) for part in parts]
    # One name alone is a placeholder, such as {id}.
    return tuple(name[1] for name in names if name) if len(parts) > 1 and all(names) else ()


def _top(text: str) -> str:
    """Returns a text without what stands in further brackets."""
    kept, position = [], 0
    while position < len(text):
        end = _end(text, position) if text[position] in "{[" else None
        if end is None:
            kept.append(text[position])
            position += 1
        else:
            kept.append("0")
            position = end
    return "".join(kept)
