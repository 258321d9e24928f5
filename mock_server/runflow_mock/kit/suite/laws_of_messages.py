"""Laws of messages: what HTTP itself asks of every answer, whatever it says, and how a server names the requests that it was sent."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.memories import INFERRED, REPLAYED, Memory, is_replay
from runflow_mock.openapi.contracts import Declared, packaged_contract
from runflow_mock.openapi.media_types import read_media_type

NO_CONTENT, NOT_MODIFIED, NOT_ALLOWED, NOT_IMPLEMENTED = 204, 304, 405, 501
LENGTH, TYPE, ENCODING, REQUEST_ID = "content-length", "content-type", "content-encoding", "x-request-id"
JSON = "application/json"
# Methods that a path may take without a word of the document.
BESIDE_ALL = frozenset(("HEAD", "OPTIONS"))
# What is told of the content, by GET as by HEAD; other headers may be of a moment, of a connection, or of what lies between.
OF_CONTENT = frozenset((TYPE, LENGTH, ENCODING, "content-language", "etag", "last-modified", "location", "allow", "cache-control"))
# HEAD may leave these out, since only a body tells them.
OF_A_BODY = frozenset((LENGTH, ENCODING))
DATE = "%a, %d %b %Y %H:%M:%S GMT"
# Several servers behind one address have clocks of their own.
DATE_SKEW = timedelta(seconds=5)
# A comma may stand within a tag.
_TAG = re.compile(r'"[^"]*"')
NAMED_AFTER_ITS_REQUEST = frozenset(("create_run", "create_comfyui_run"))


def has_its_length(answer: Answer, memory: Memory) -> Iterator[str]:
    """The length that an answer announces is that of its body, and there is none where there can be no body."""
    told = answer.headers.get(LENGTH)
    if answer.status == NOT_MODIFIED and answer.body:
        yield f"a 304 has {len(answer.body)} bytes"
    if answer.status == NO_CONTENT and (answer.body or told is not None):
        yield f"a 204 has {len(answer.body)} bytes and the Content-Length {told!r}"
    elif told is None or answer.method == "HEAD" or answer.status == NOT_MODIFIED or ENCODING in answer.headers:
        return
    elif told != str(len(answer.body)):
        yield f"Content-Length is {told!r}, and {len(answer.body)} bytes came"


def is_what_it_is_called(answer: Answer, memory: Memory) -> Iterator[str]:
    """A body has a content type, JSON under that name is JSON, and an error in JSON says so."""
    if not answer.body:
        return
    told = answer.headers.get(TYPE)
    media_type = read_media_type(told).name
    if told is None:
        yield "a body has no content type"
    elif media_type == JSON and answer.json is None and answer.body.strip() != b"null":
        yield "the body is called JSON, and is none"
    elif answer.status >= 400 and media_type != JSON and isinstance(answer.json, dict):
        yield f"an error in JSON is called {told!r}"


def tells_what_is_allowed(answer: Answer, memory: Memory) -> Iterator[str]:
    """A 405 tells in Allow exactly the methods that the document declares for the path."""
    contract = packaged_contract()
    addressed = contract.address(answer.path) if answer.status == NOT_ALLOWED else None
    if addressed is None:
        return
    told = {name.strip() for name in answer.headers.get("allow", "").split(",") if name.strip()}
    declared = (contract.operation(addressed.path, method) for method in contract.methods_of(addressed.path))
    wanted = {each.method for each in declared if each is not None and not (memory.is_strict and each.evidence == INFERRED)}
    if told - BESIDE_ALL != wanted - BESIDE_ALL:
        yield f"Allow is {sorted(told)}, and {addressed.path} takes {sorted(wanted)}"


def is_get_without_a_body(answer: Answer, memory: Memory) -> Iterator[str]:
    """HEAD is answered as GET is, without the body."""
    before, memory.latest = memory.latest, answer
    if answer.method != "HEAD":
        return
    if answer.body:
        yield f"the answer to a HEAD has {len(answer.body)} bytes"
    if answer.status in (NOT_ALLOWED, NOT_IMPLEMENTED):
        if "HEAD" in answer.headers.get("allow", ""):
            yield "HEAD is not allowed, and Allow lists it"
        return
    if before is None or (before.method, before.target, before.sent_headers) != ("GET", answer.target, answer.sent_headers):
        return
    if answer.moment is None or answer.moment != before.moment:
        # Between the two the world may have changed.
        return
    if answer.status != before.status:
        yield f"HEAD is answered {answer.status}, and GET {before.status}"
        return
    was, now = _lasting(before), _lasting(answer)
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name) and not (name in OF_A_BODY and name not in now):
            yield f"HEAD has {name} {now.get(name)!r}, and GET {was.get(name)!r}"


def is_what_was_named(answer: Answer, memory: Memory) -> Iterator[str]:
    """What has not changed is something that the request has named by its tag; packed on its way, it may be named weakly."""
    named, told = answer.sent_headers.get("if-none-match"), answer.headers.get("etag")
    if answer.status != NOT_MODIFIED or named is None or told is None or named.strip() == "*":
        return
    if told.removeprefix("W/") not in _TAG.findall(named):
        yield f"a 304 has the ETag {told!r}, and {named!r} was asked about"


def _lasting(answer: Answer) -> Mapping[str, str]:
    # What packs an answer for its way makes another tag of it, and a weak one.
    told = {name: value.removeprefix("W/") for name, value in answer.headers.items() if name in OF_CONTENT}
    # An answer in chunks tells no length, and HEAD may tell the one that it has.
    return told if answer.method == "HEAD" or ENCODING in told else {LENGTH: str(len(answer.body)), **told}


def names_its_request(answer: Answer, memory: Memory) -> Iterator[str]:
    """Each X-Request-Id is told once, by every success under a key or by none; what was made keeps that of its creation."""
    told, key = answer.headers.get(REQUEST_ID), answer.sent_headers.get(REPLAYED)
    # The ids that were told under an idempotency key can be told again, and more can be added.
    repeatable = set() if key is None else memory.repeatable.setdefault((answer.method, answer.path, key), set())
    if told is not None:
        # Who repeats an answer may repeat its headers.
        if told in memory.request_ids and told not in repeatable:
            yield f"the X-Request-Id {told!r} is that of an earlier request"
        repeatable.add(told)
        memory.request_ids.add(told)
    operation = memory.operation
    if operation is None or answer.status >= 300 or answer.is_provoked or _is_public(operation):
        return
    if memory.tells_ids is None:
        memory.tells_ids = told is not None
    elif memory.tells_ids is not (told is not None):
        yield f"there is {'no' if told is None else 'an'} X-Request-Id here, unlike on other answers of this server"
    record: Mapping[str, Any] = memory.record or {}
    made = record.get("request_id")
    is_of_another = made != told and (not is_replay(answer) or made in memory.request_ids - repeatable)
    if operation.id in NAMED_AFTER_ITS_REQUEST and told is not None and made is not None and is_of_another:
        yield f"request_id is {made!r}, and the X-Request-Id {told!r}"


def _is_public(operation: Declared) -> bool:
    """Tells whether an operation takes no key: whose request it is, nobody knows there."""
    return packaged_contract().at(("paths", operation.path, operation.method.lower())).get("security") == []


def is_dated(answer: Answer, memory: Memory) -> Iterator[str]:
    """Date and Last-Modified, where they are told, are dates as HTTP writes them; Date never goes back, and nothing was changed later."""
    yield from changed_later(answer)
    told = answer.headers.get("date")
    moment = _date(told)
    if told is None:
        return
    if moment is None:
        yield f"Date is {told!r}"
        return
    if memory.dated is not None and moment < memory.dated - DATE_SKEW:
        yield f"Date is {told!r}, and was {memory.dated.strftime(DATE)!r} before"
    memory.dated = moment


def changed_later(answer: Answer) -> Iterator[str]:
    """Yields where Last-Modified is no date, or lies ahead of the moment at which it was told."""
    modified, told = answer.headers.get("last-modified"), answer.headers.get("date")
    moments = _date(modified), _date(told)
    if modified is not None and moments[0] is None:
        yield f"Last-Modified is {modified!r}"
    elif moments[0] is not None and moments[1] is not None and moments[0] > moments[1] + DATE_SKEW:
        yield f"Last-Modified is {modified!r}, and it was told at {told!r}"


def _date(told: str | None) -> datetime | None:
    """Returns a date as HTTP writes it, its day of the week included."""
    try:
        moment = None if told is None else datetime.strptime(told, DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if moment is not None and moment.strftime(DATE) == told else None


LAWS = {
    "content_length": has_its_length,
    "content_type": is_what_it_is_called,
    "allowed_methods": tells_what_is_allowed,
    "head_is_get": is_get_without_a_body,
    "not_modified": is_what_was_named,
    "request_ids": names_its_request,
    "dates": is_dated,
}
