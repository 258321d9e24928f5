"""Shapes: how JSON that somebody kept is recognised as captures. One row for each shape; the first that fits counts."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.kit.calibration.addresses import address_of, authority_in, other_host
from runflow_mock.kit.calibration.archives import is_archive, read_archive
from runflow_mock.kit.calibration.captures import (
    BODY_NAMES,
    CALLBACK_HEADERS,
    ENCODED_BODY_NAMES,
    NO_ANSWER,
    Capture,
    Elsewhere,
    Found,
    Kind,
    Unrecognised,
    among_others,
    body_of,
    header_names,
    is_document,
    read_captures,
    status_in,
)
from runflow_mock.kit.calibration.cassettes import is_cassette, is_nock, is_session, read_cassette, read_nock, read_session
from runflow_mock.kit.calibration.postman_collections import is_collection, read_collection
from runflow_mock.kit.calibration.scrubbing import safe_name

CURSORS = ("first", "next", "previous", "next_pq", "prev_pq")
STATUS_NAMES = ("status", "status_code", "statusCode")
"""What the status of an answer is called in a log; of a run it is a word."""
PAYLOADS: Mapping[str, str] = {
    "run_id": "RunCallbackPayload",
    "batch_id": "BatchCallbackPayload",
    "evaluation_id": "EvaluationCallbackPayload",
}
"""What the body of a callback is called in the contract, by the id in it."""


class Shape(NamedTuple):
    """One shape: what it is called, how it is known, and what is captured in it."""

    name: str
    fits: Callable[[Json], bool]
    read: Callable[[Json, str, str], Iterator[Found]]


def read_shape(value: Json, source: str, place: str = "") -> Iterator[Found]:
    """Returns the captures in a value.

    Raises:
        Unrecognised: no shape fits.
    """
    shape = next((shape for shape in SHAPES if shape.fits(value)), None)
    if shape is None:
        told = f"has {', '.join(map(safe_name, list(value)[:6])) or 'no fields'}" if isinstance(value, dict) else "is no object"
        raise Unrecognised(f"{place or 'it'} {told}, and so is no {', '.join(shape.name for shape in SHAPES)}")
    yield from shape.read(value, source, place)


def is_page(value: Json) -> bool:
    """Tells whether a value is a page of a list: batches have items too, and no cursors."""
    return isinstance(value, dict) and isinstance(value.get("items"), list) and not _is_batch(value)


def _has(*names: str) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, dict) and all(name in value for name in names)


def _is_batch(value: Json) -> bool:
    return _has("id", "items_total")(value)


def _is_callback(value: Json) -> bool:
    given = object_of(value)
    names = (header_names(given.get("headers")) or {}).keys()
    return ("body" in given or "body_base64" in given) and (bool(names & CALLBACK_HEADERS) or ("secret" in given and "headers" in given))


def _is_answer(value: Json) -> bool:
    given = object_of(value)
    return isinstance(given.get("status"), int) and any(name in given for name in ("headers", *BODY_NAMES, *ENCODED_BODY_NAMES))


def _is_exchange(value: Json) -> bool:
    given = object_of(value)
    return "request" in given and _is_answer(_with_status(given.get("response")))


def _with_status(value: Json) -> Json:
    """Returns an answer with its status under the usual one of the names that programs have for it."""
    given = object_of(value)
    said = next((given[name] for name in STATUS_NAMES if isinstance(given.get(name), int)), None)
    return {**given, "status": said} if said is not None else value


def _is_payload(value: Json) -> bool:
    return _has("event")(value) and any(name in object_of(value) for name in PAYLOADS)


def _is_many_of(fits: Callable[[Json], bool]) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(map(fits, value))


def _is_delivery(value: Json) -> bool:
    return _has("payload_bytes", "attempt_count")(value)


def _has_some_of(fits: Callable[[Json], bool]) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, list) and any(map(fits, value))


def _holds_some(fits: Callable[[Json], bool]) -> Callable[[Json], bool]:
    return lambda value: is_page(value) and _has_some_of(fits)(object_of(value).get("items"))


def _nothing(value: Json, source: str, place: str) -> Iterator[Capture]:
    return iter(())


def _callback(value: Json, source: str, place: str) -> Iterator[Capture]:
    given, secret = object_of(value), object_of(value).get("secret")
    yield Capture(
        source=source,
        place=place,
        kind=Kind.CALLBACK,
        headers=header_names(given.get("headers")),
        body=body_of(given, place),
        secret=secret if isinstance(secret, str) else None,
    )


def _payload(value: Json, source: str, place: str) -> Iterator[Capture]:
    yield Capture(source=source, place=place, kind=Kind.CALLBACK, body=body_of({"body": value}))


def _answer(value: Json, source: str, place: str) -> Iterator[Capture]:
    given = object_of(value)
    status, request = given.get("status"), object_of(given.get("request"))
    target = request.get("path") or request.get("target") or request.get("url") or given.get("url")
    sent = header_names(request.get("headers")) or {}
    said = authority_in(sent) or str(request.get("host") or "")
    address = address_of(str(target), said) if target else None
    if target and address is None:
        raise Elsewhere(place)
    other = other_host(said) if said else None
    yield Capture(
        source=source,
        place=place,
        kind=Kind.ANSWER,
        method=str(request.get("method") or "GET") if target else None,
        path=None if address is None else address.path,
        # What the fake kept names the address at which it was asked.
        host=None if _has("relies_on", "ours")(value) else other if address is None else address.host,
        status=status_in(status, f"{place}.status" if place else "status"),
        headers=header_names(given.get("headers")),
        body=body_of(given, place),
    )


def _exchange(value: Json, source: str, place: str) -> Iterator[Capture]:
    given, answer = object_of(value), object_of(_with_status(object_of(value).get("response")))
    if answer.get("status") != NO_ANSWER:
        yield from _answer({**given, **answer}, source, place)


def _body(value: Json, source: str, place: str) -> Iterator[Capture]:
    yield Capture(source=source, place=place, kind=Kind.ANSWER, body=body_of({"body": value}))


def _deliveries(value: Json, source: str, place: str) -> Iterator[Capture]:
    """The history of a callback is an answer, and holds the bytes of the callbacks that it is about."""
    yield from _body(value, source, place)
    for index, part in enumerate(list_of(value)):
        yield Capture(
            source=source,
            place=f"{place}[{index}].payload_bytes",
            kind=Kind.CALLBACK,
            body=str(object_of(part).get("payload_bytes") or "").encode(),
        )


def _attempts(value: Json, source: str, place: str) -> Iterator[Found]:
    attempts = list_of(object_of(value).get("attempts"))
    yield from among_others(_callback(part, source, f"{place}.attempts[{index}]") for index, part in enumerate(attempts))


def _each(value: Json, source: str, place: str) -> Iterator[Found]:
    yield from among_others(read_shape(part, source, f"{place}[{index}]") for index, part in enumerate(list_of(value)))


def _items(value: Json, source: str, place: str) -> Iterator[Found]:
    yield from _each(object_of(value).get("items"), source, f"{place}.items" if place else "items")


def _is_kept_delivery(value: Json) -> bool:
    attempts = object_of(value).get("attempts")
    return isinstance(attempts, list) and all(_is_callback(attempt) for attempt in attempts) and "url" in object_of(value)


SHAPES: tuple[Shape, ...] = (
    Shape("document of captures", is_document, lambda value, source, place: read_captures(value, source)),
    Shape("HAR file", is_archive, lambda value, source, place: read_archive(value, source)),
    Shape("collection of Postman", is_collection, lambda value, source, place: read_collection(value, source)),
    Shape("cassette of VCR", is_cassette, read_cassette),
    Shape("recording of nock", is_nock, read_nock),
    Shape("session of Charles", is_session, read_session),
    Shape("exchange {request, response}", _is_exchange, _exchange),
    Shape("callback {headers, body or body_base64}", _is_callback, _callback),
    Shape("answer {status, headers, body}", _is_answer, _answer),
    Shape("line of listen --json", _has("url", "forward_to"), _nothing),
    Shape("history of a callback", _is_many_of(_is_delivery), _deliveries),
    Shape("delivery", _is_kept_delivery, _attempts),
    Shape("list of such", _has_some_of(lambda part: isinstance(part, dict) or bool(list_of(part))), _each),
    Shape("page of such", _holds_some(lambda part: _is_exchange(part) or _is_kept_delivery(part)), _items),
    Shape("payload of a callback", _is_payload, _payload),
    Shape("error", _has("code", "message"), _body),
    Shape("page of a list", is_page, _body),
    Shape("run", _has("id", "status_code"), _body),
    Shape("batch", _is_batch, _body),
    Shape("callback secret", lambda value: any(_has("id", name)(value) for name in ("secret", "plain_secret", "key_prefix")), _body),
)
