"""Curl commands in texts, read as a shell and curl would read them: method, address, headers and body."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from runflow_mock.kit.skills.claims import Endpoint
from runflow_mock.kit.skills.endpoints import read_target
from runflow_mock.kit.skills.shells import read_command

_COMMAND = re.compile(r"^[ \t]*(?:\$ )?(?P<inside>\w+=\"?\$\()?curl(?:\.exe)?\s", re.MULTILINE)
_SHELL_END = re.compile(r"[|>;&]+")
_ADDRESS = re.compile(r"(?:https?://|\$|\{|/|localhost|127\.)")
# Options that take the next word; those of interest have a name of their own.
_LONG = {
    "request": "method", "header": "header", "data": "body", "data-raw": "body", "data-binary": "body", "data-ascii": "body",
    "json": "body", "url": "url", "form": "form", "output": "", "user": "", "max-time": "", "retry": "", "cacert": "", "write-out": "",
    "connect-timeout": "", "user-agent": "", "cookie": "", "proxy": "", "upload-file": "form", "data-urlencode": "form", "resolve": "",
    "retry-delay": "", "retry-max-time": "",
}  # fmt: skip
_SHORT = {
    "X": "method", "H": "header", "d": "body", "F": "form", "o": "", "u": "", "m": "", "w": "", "A": "", "b": "", "x": "", "T": "form",
    "e": "", "K": "", "c": "", "E": "",
}  # fmt: skip


class Curl(msgspec.Struct, frozen=True, kw_only=True):
    """One command: where it stands in a text, what it sends, and `None` for an endpoint that is not the service's."""

    start: int
    end: int
    endpoint: Endpoint | None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None


class UnreadCurl(msgspec.Struct, frozen=True):
    """A command that was not understood, and where it stands."""

    start: int
    end: int


def find_curls(text: str) -> Iterator[Curl | UnreadCurl]:
    """Yields the curl commands in a text."""
    position = 0
    while (match := _COMMAND.search(text, position)) is not None:
        start = match.start() + match[0].index("curl")
        words, command = read_command(text, start)
        end = start + len(command)
        if words and match["inside"]:
            # The bracket around a command is not the command's.
            words = [*words[:-1], words[-1].removesuffix(")")]
        yield UnreadCurl(start, end) if words is None else _curl(start, end, words)
        position = end


def _curl(start: int, end: int, words: Sequence[str]) -> Curl | UnreadCurl:
    method, url, headers, bodies, is_form = None, None, [], [], False
    for name, value in _options(words[1:]):
        if name == "method":
            method = value
        elif name == "url":
            url = url or value
        elif name == "header":
            head, colon, rest = value.partition(":")
            headers += [(head.strip(), rest.strip())] if colon else []
        elif name == "body":
            bodies.append(value)
        elif name == "form":
            is_form = True
        elif name == "get":
            method = method or "GET"
    if url is None:
        return UnreadCurl(start, end)
    endpoint = read_target(url, method or ("POST" if bodies or is_form else "GET"))
    is_whole = len(bodies) == 1 and not bodies[0].startswith("@") and not is_form
    body = bodies[0] if is_whole else None
    return Curl(start=start, end=end, endpoint=endpoint, headers=tuple(headers), body=body)


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yields the options of a command by our names, and its address as `url`."""
    rest = iter(words)
    for word in rest:
        if _SHELL_END.match(word):
            return
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            if name == "get":
                yield "get", ""
            elif name in _LONG:
                yield _LONG[name], value or next(rest, "")
        elif word.startswith("-"):
            letter = next((letter for letter in word[1:] if letter in _SHORT), None)
            if "G" in word[1:]:
                yield "get", ""
            if letter is not None:
                yield _SHORT[letter], word.partition(letter)[2] or next(rest, "")
        elif _ADDRESS.match(word):
            yield "url", word
