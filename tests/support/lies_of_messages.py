"""Lies about messages: bodies that are right under a head that is not, and requests that go by a wrong name."""

from collections.abc import Callable, Mapping

from lies import Lie, lie
from msgspec.structs import replace
from mutants import Bug, Mutant, put, when

from runflow_mock.kit.suite.carriers import Answer

DAYS = ("Sun, 01 Mar 2026 10:00:00 GMT", "Sun, 01 Mar 2026 09:00:00 GMT")


def _with_header(name: str, value: Callable[[Mutant, Answer], str], holds: Callable[[Answer], bool]) -> Bug:
    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        is_told = answer.path.startswith("/v1/") and holds(answer)
        return replace(answer, headers={**answer.headers, name: value(mutant, answer)}) if is_told else answer

    return Bug(spoil)


def _on_head(**changes: object) -> Bug:
    return Bug(lambda mutant, answer: replace(answer, **changes) if answer.method == "HEAD" else answer)


def _always(answer: Answer) -> bool:
    return True


def _first(mutant: Mutant, answer: Answer) -> str:
    """The first id that was told, for ever."""
    return str(mutant.memory.setdefault("id", answer.headers.get("x-request-id", "none")))


def _turned(mutant: Mutant, answer: Answer) -> str:
    mutant.memory["turn"] = mutant.memory.get("turn", -1) + 1
    return DAYS[mutant.memory["turn"] % 2]


CHANGED_TOMORROW = {"date": "Sun, 01 Mar 2026 10:00:00 GMT", "last-modified": "Mon, 02 Mar 2026 10:00:00 GMT"}
CASES: Mapping[str, Lie] = {
    "answers announce a byte too many": lie(
        _with_header("content-length", lambda mutant, answer: str(len(answer.body) + 1), lambda answer: bool(answer.body)), "content_length"
    ),
    "a 204 announces a length": lie(
        _with_header("content-length", lambda mutant, answer: "0", lambda answer: answer.status == 204), "content_length"
    ),
    "a route that is not there is told of as a page": lie(
        _with_header("content-type", lambda mutant, answer: "text/html", lambda answer: answer.status == 404), "content_type"
    ),
    "Allow lists what is not allowed": lie(
        _with_header("allow", lambda mutant, answer: answer.headers["allow"] + ", TRACE", lambda answer: answer.status == 405),
        "allowed_methods",
    ),
    "Allow leaves out what is allowed": lie(
        _with_header("allow", lambda mutant, answer: "GET", lambda answer: answer.status == 405), "allowed_methods"
    ),
    "HEAD has a body": lie(_on_head(body=b"{}"), "head_is_get"),
    "HEAD finds nothing": lie(_on_head(status=404), "head_is_get"),
    "HEAD finds what is not there": lie(
        Bug(lambda mutant, answer: replace(answer, status=200) if (answer.method, answer.status) == ("HEAD", 404) else answer),
        "head_is_get",
    ),
    "a 304 is of something else": lie(
        _with_header("etag", lambda mutant, answer: '"other"', lambda answer: answer.status == 304), "not_modified"
    ),
    "HEAD is of another type": lie(
        _with_header("content-type", lambda mutant, answer: "application/json; charset=utf-16", lambda answer: answer.method == "HEAD"),
        "head_is_get",
    ),
    "requests have one id": lie(_with_header("x-request-id", _first, lambda answer: "x-request-id" in answer.headers), "request_ids"),
    "some requests have no id": lie(
        Bug(
            lambda mutant, answer: (
                replace(answer, headers={name: value for name, value in answer.headers.items() if name != "x-request-id"})
                if answer.method == "POST"
                else answer
            )
        ),
        "request_ids",
    ),
    "a run names another request": lie(
        when(lambda answer: answer.status == 201, put("request_id", lambda value: f"{value}-0")), "request_ids"
    ),
    "dates go back": lie(_with_header("date", _turned, _always), "dates"),
    "dates are not those of HTTP": lie(_with_header("date", lambda mutant, answer: "2026-03-01T10:00:00Z", _always), "dates"),
    "dates have another day": lie(_with_header("date", lambda mutant, answer: "Mon, 01 Mar 2026 10:00:00 GMT", _always), "dates"),
    "what is told was changed tomorrow": lie(
        Bug(
            lambda mutant, answer: (
                replace(answer, headers={**answer.headers, **CHANGED_TOMORROW}) if answer.path.startswith("/v1/models") else answer
            )
        ),
        "dates",
    ),
}
