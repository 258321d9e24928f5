"""Reads the claims out of a SKILL.md: every block in turn, with the operation that its section spoke of last."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from runflow_mock.kit.skills.blocks import CELL_END, Block, Kind, read_blocks
from runflow_mock.kit.skills.claims import Claim, Endpoint, Example, Header, Keys, Side, Unread
from runflow_mock.kit.skills.curls import Curl, UnreadCurl, find_curls
from runflow_mock.kit.skills.endpoints import Mention, blanked, find_endpoints
from runflow_mock.kit.skills.values import Shown, find_values, is_sendable
from runflow_mock.kit.skills.words import Found, find_limits, find_statuses

_HEADER_LINE = re.compile(r"\n[ \t]*([A-Za-z][\w-]*):[ \t]+(\S[^\n]*)")
_ARROW = re.compile(r"(?:→|->|=>)[^\n]*$")
_ERROR = re.compile(r"\berrors?\b", re.IGNORECASE)
_REQUEST = re.compile(r"\b(?:body|request|send|post|payload|with)\b", re.IGNORECASE)
_ANSWER = re.compile(r"\b(?:answers?|response|responds|returns?|result)\b|→|->", re.IGNORECASE)
_CUSTOMER = re.compile(r"\b(?:callback|webhook|deliver\w*|event)\b", re.IGNORECASE)
# What the words before a value say of it; the first that fits counts.
_SIDES = ((Side.OTHER, _CUSTOMER), (Side.ERROR, _ERROR), (Side.ANSWER, _ANSWER), (Side.REQUEST, _REQUEST))
_YES_OR_NO = re.compile(r"\W{0,12}(?:yes|no|true|false)?\W{0,12}", re.IGNORECASE)
_COMMENT = re.compile(r"\s*(?:#|//)\s*(\S.*)")
UNDER_MAX = 200
"""How much is kept of what introduces a list or code."""
_ANSWERS_MAX = 20
_WRITES = ("POST", "PUT", "PATCH")


class _Reader:
    """Where the reading is: what the section spoke of last.

    `endpoint` is the last operation since the heading, `prose` the block before, and `above` the paragraph before a list, or the first row
    of a table, `answers` what says yes or no of a cell of a row, behind its head; `under` is what introduces a list, code or a table's
    columns, and `within` the item of a list that introduces those in it.
    """

    def __init__(self) -> None:
        self.endpoint: Endpoint | None = None
        self.prose = ""
        self.heading = ""
        self.above = ""
        self.under = ""
        self.within = ""
        self.items: list[tuple[int, str]] = []
        self.heads: list[str] = []
        self.cell_ends: list[int] = []
        self.answers: dict[int, list[str]] = {}
        self.kind = Kind.PROSE

    def read(self, block: Block) -> Iterator[Found]:
        """Yields what a block states."""
        if block.kind is Kind.HEADING:
            self.endpoint, self.heading, self.under = None, block.text, block.text
        self._enter(block)
        if block.kind is Kind.CODE:
            # A paragraph introduces the code below it, and not what follows.
            self.under = "" if self.kind is Kind.CODE else self.under
            yield from self._code(block)
        else:
            found = list(self._prose(block))
            if block.kind is Kind.ROW:
                self.heads, self.cell_ends = CELL_END.split(self.under), [end.start() for end in CELL_END.finditer(block.text)]
                called = sorted({bisect_left(self.cell_ends, place) for place, says in found if isinstance(says, Endpoint)})
                self.answers = _answers(self.heads, CELL_END.split(block.text), called)
            yield from found
        self.kind = block.kind

    def _code(self, block: Block) -> Iterator[Found]:
        commands = list(find_curls(block.text))
        for command in commands:
            yield from self._command(block, command)
        rest = blanked(block.text, [(command.start, command.end) for command in commands])
        mentions = find_endpoints(rest)
        yield from ((mention.start, mention.endpoint) for mention in mentions)
        for mention in mentions:
            # Headers stand directly under the line with the method.
            end = rest.find("\n", mention.end)
            while mention.endpoint.method and end >= 0 and (match := _HEADER_LINE.match(rest, end)) is not None:
                yield match.start(1), Header(name=match[1], value=match[2].rstrip(), endpoint=mention.endpoint)
                end = match.end()
        for shown in find_values(rest):
            yield from self._code_value(rest, shown, mentions, is_after_command=any(each.end <= shown.start for each in commands))
        self._remember(mentions)

    def _command(self, block: Block, command: Curl | UnreadCurl) -> Iterator[Found]:
        if isinstance(command, UnreadCurl):
            yield command.start, Unread(text=block.sentence_at(command.start))
            return
        endpoint = command.endpoint
        if endpoint is None:
            return
        yield command.start, endpoint
        for name, value in command.headers:
            yield _place(block.text, command, name), Header(name=name, value=value, endpoint=endpoint)
        if command.body is not None:
            place = _place(block.text, command, command.body)
            if is_sendable(command.body):
                yield place, Example(endpoint=endpoint, body=command.body.encode())
            else:
                yield from ((place, Keys(names=shown.keys, side=Side.REQUEST, endpoint=endpoint)) for shown in find_values(command.body))
        self.endpoint = endpoint

    def _prose(self, block: Block) -> Iterator[Found]:
        mentions = find_endpoints(block.text)
        yield from ((mention.start, mention.endpoint) for mention in mentions)
        for shown in find_values(block.text):
            start, _ = block.bounds_at(shown.start)
            # What goes over lines in a paragraph is no longer Markdown.
            side = Side.OTHER if "\n" in shown.text else _side_of(block.text[start : shown.start])
            found = [
                mention.endpoint for mention in mentions if start <= mention.start < shown.start and mention.endpoint.method is not None
            ]
            yield from _stated(shown, side, found[-1] if found else None)
        self._remember(mentions)
        yield from find_statuses(block, f"{self.heading} {self.above}")
        yield from find_limits(block, self.endpoint)
        self.prose = block.text
        if block.kind is Kind.PROSE or (block.kind is Kind.ROW and self.kind is not Kind.ROW):
            # A paragraph introduces the items below it, and the first row of a table the others.
            self.above = self.under = block.text

    def under_of(self, block: Block, place: int) -> str:
        """Returns what introduces something in a block: the head of its column, or the ends of what stands above a list or code."""
        if block.kind is Kind.ROW:
            index = bisect_left(self.cell_ends, place)
            return "\n\n".join((self.heads[index][-UNDER_MAX:], *self.answers.get(index, ()))) if index < len(self.heads) else ""
        above = [_comment_above(block.text, place)] if block.kind is Kind.CODE else []
        introduces = (text[-UNDER_MAX:] for text in (self.under, self.within, *above) if text)
        return "\n\n".join(introduces) if block.kind in (Kind.ITEM, Kind.CODE) else ""

    def _enter(self, block: Block) -> None:
        """Keeps the items in which a block stands, each with what introduces those in it: its own text, or that of the one around it."""
        if block.kind is Kind.CODE:
            self.within = self.items[-1][1] if self.kind is Kind.ITEM else ""
            return
        depth = len(block.text) - len(block.text.lstrip())
        while self.items and (block.kind is not Kind.ITEM or self.items[-1][0] >= depth):
            self.items.pop()
        self.within = self.items[-1][1] if self.items else ""
        if block.kind is Kind.ITEM:
            self.items.append((depth, block.text if block.text.rstrip().endswith(":") else self.within))

    def _code_value(self, text: str, shown: Shown, mentions: Sequence[Mention], *, is_after_command: bool) -> Iterator[Found]:
        """Yields what a value in code states: the first under a creation is its body, what follows is the answer."""
        about = next((mention for mention in reversed(mentions) if mention.start < shown.start and mention.endpoint.method), None)
        line = text[text.rfind("\n", 0, shown.start) + 1 : shown.start]
        if about is None:
            side = Side.ANSWER if is_after_command or _ARROW.search(line) else _side_of(self.prose)
            yield from _stated(shown, side, self.endpoint)
        else:
            is_later = bool(text[about.end : shown.start].count("}"))
            is_body = about.endpoint.method in _WRITES and not is_later and not _ARROW.search(line)
            yield from _stated(shown, Side.REQUEST if is_body else Side.ANSWER, about.endpoint)

    def _remember(self, mentions: Sequence[Mention]) -> None:
        named = [mention.endpoint for mention in mentions if mention.endpoint.method is not None]
        if named:
            self.endpoint = named[-1]


def read_claims(text: str) -> tuple[Claim, ...]:
    """Returns the claims of a text in the order in which they stand there."""
    reader, claims = _Reader(), []
    for block in read_blocks(text):
        found = sorted(reader.read(block), key=lambda entry: entry[0])
        claims += [
            Claim(line=block.line_at(place), sentence=block.sentence_at(place), says=says, under=reader.under_of(block, place))
            for place, says in found
        ]
    return tuple(claims)


def _side_of(words: str) -> Side:
    """Returns where a value stands, by the words before it."""
    return next((side for side, pattern in _SIDES if pattern.search(words)), Side.OTHER)


def _stated(shown: Shown, side: Side, endpoint: Endpoint | None) -> Iterator[Found]:
    """Yields what a value states: the body of a request where it is whole and one, else which keys there are."""
    if side is Side.REQUEST and shown.is_whole and endpoint is not None:
        yield shown.start, Example(endpoint=endpoint, body=shown.text.encode())
    elif shown.keys:
        yield shown.start, Keys(names=shown.keys, side=side, endpoint=endpoint)


def _answers(heads: Sequence[str], cells: Sequence[str], called: Sequence[int]) -> dict[int, list[str]]:
    """Returns what cells say of those with calls: of the first one since the same was said, or of that to come if nothing is before it."""
    said: dict[int, list[str]] = {}
    since: dict[str, int] = {}
    is_begun = False
    for index, (head, cell) in enumerate(zip(heads, cells, strict=False)):
        if not _YES_OR_NO.fullmatch(cell):
            is_begun = True
        elif called and cell.strip():
            at = bisect_left(called, since.get(head, 0))
            about = called[at] if at < len(called) and called[at] < index else called[0]
            if about < index or not is_begun:
                said.setdefault(about, []).append(f"{head}: {cell}"[-UNDER_MAX:])
            since[head] = index
    return {about: answers[:_ANSWERS_MAX] for about, answers in said.items()}


def _comment_above(text: str, place: int) -> str:
    """Returns the comment that stands on the line above a place in code."""
    end = max(0, text.rfind("\n", 0, place))
    found = _COMMENT.fullmatch(text, max(text.rfind("\n", 0, end) + 1, end - UNDER_MAX), end)
    return "" if found is None else found[1]


def _place(text: str, command: Curl, part: str) -> int:
    """Returns where a part of a command stands in the text, or where the command does."""
    found = text.find(part, command.start, command.end)
    return command.start if found < 0 else found
