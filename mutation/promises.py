"""Promises: what holds between requests, each with how it is broken without a word of an answer being wrong by itself."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from mutation.places import FILES
from runflow_mock.kit.suite.carriers import Answer, Carrier
from runflow_mock.openapi.contracts import packaged_contract

Asked = tuple[str, str, dict[str, str], bytes | None]


class Promise(NamedTuple):
    """Which exchanges a promise is about, and how its breach answers one; the carrier leads to the right server."""

    concerns: Callable[[Answer, Mapping[str, str]], bool]
    answer: Callable[[Carrier, Asked], Answer]


def _without_key(carrier: Carrier, asked: Asked) -> Answer:
    method, target, headers, body = asked
    return carrier.carry(method, target, {name: text for name, text in headers.items() if name.lower() != "idempotency-key"}, body)


def _not_done(carrier: Carrier, asked: Asked) -> Answer:
    """Says that something is gone or changed, and leaves it as it is."""
    method, target, headers, _ = asked
    if method == "DELETE":
        there = carrier.carry("GET", target, headers, None)
        return replace(there, method=method, status=204, body=b"") if there.status == 200 else carrier.carry(*asked)
    return carrier.carry(*asked)


def _with(change: Callable[[Answer], Answer]) -> Callable[[Carrier, Asked], Answer]:
    return lambda carrier, asked: change(carrier.carry(*asked))


def _is_file(answer: Answer, headers: Mapping[str, str]) -> bool:
    return answer.path.startswith(FILES) and answer.method == "GET" and answer.status == 200


def _gone(answer: Answer) -> Answer:
    return replace(answer, status=404, body=b"", headers={"content-type": "text/plain"})


def _has_key(answer: Answer, headers: Mapping[str, str]) -> bool:
    return answer.method == "POST" and any(name.lower() == "idempotency-key" for name in headers) and not answer.path.startswith(FILES)


PROMISES: Mapping[str, Promise] = {
    "idempotency key not looked at": Promise(_has_key, _without_key),
    "deleted only in word": Promise(lambda answer, headers: answer.method == "DELETE" and answer.status == 204, _not_done),
    "file is gone": Promise(_is_file, _with(_gone)),
    "file is empty": Promise(_is_file, _with(lambda answer: replace(answer, body=b""))),
    "file is cut": Promise(_is_file, _with(lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]))),
    "file is of another type": Promise(
        _is_file, _with(lambda answer: replace(answer, headers={**answer.headers, "content-type": "application/octet-stream"}))
    ),
    "expired file is served": Promise(
        lambda answer, headers: answer.path.startswith(FILES) and answer.status == 403,
        _with(lambda answer: replace(answer, status=200, body=b"RIFF....WEBP")),
    ),
}


def parameters_of(answer: Answer, headers: Mapping[str, str]) -> Iterator[str]:
    """Returns the parameters in a request's query, and in its headers, that could have been ignored."""
    contract = packaged_contract()
    addressed = contract.address(answer.path)
    declared = None if addressed is None else contract.operation(addressed.path, answer.method)
    if declared is None:
        return
    sent = {name.lower() for name in headers}
    for parameter in declared.parameters:
        if (parameter.place == "query" and answer.query.get(parameter.name)) or (
            parameter.place == "header" and parameter.name.lower() in sent and parameter.name != "Idempotency-Key"
        ):
            yield parameter.name
