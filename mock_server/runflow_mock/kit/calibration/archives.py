"""Archives: the entries of a HAR file, a browser's, a proxy's or `GET /_mock/journal.har`, as captures.

Of an archive that holds more than one service's traffic, what is at no address of the API is passed over.
"""

from collections.abc import Iterator

from runflow_mock.domain.codings import unpacked
from runflow_mock.domain.disguises import PACKED
from runflow_mock.domain.documents import Json, object_of
from runflow_mock.kit.calibration.addresses import address_of, authority_in
from runflow_mock.kit.calibration.captures import (
    CALLBACK_HEADERS,
    NO_ANSWER,
    UNPACKED_BYTES_MAX,
    Capture,
    Found,
    Kind,
    Object,
    Unrecognised,
    among_others,
    from_base64,
    header_names,
    status_in,
)

NOT_MODIFIED = 304


def is_archive(value: Json) -> bool:
    """Tells whether a value is a HAR file."""
    return isinstance(value, dict) and isinstance(object_of(value.get("log")).get("entries"), list)


def read_archive(value: Json, source: str) -> Iterator[Found]:
    """Returns what an archive holds of the API and of its callbacks.

    Raises:
        Unrecognised: nothing in it is.
    """
    entries = object_of(object_of(value).get("log")).get("entries")
    assert isinstance(entries, list)
    # The fake's own archive names the address at which it was asked.
    is_own = object_of(object_of(object_of(value).get("log")).get("creator")).get("name") == "runflow-mock"
    parts = ((object_of(part), f"log.entries[{index}]") for index, part in enumerate(entries))
    found = list(among_others(_entry(part, source, place, is_own=is_own) for part, place in parts))
    if not found:
        raise Unrecognised(f"none of its {len(entries)} entries is an answer of the API or a callback")
    yield from found


def _entry(entry: Object, source: str, place: str, *, is_own: bool) -> Iterator[Capture]:
    request, response = object_of(entry.get("request")), object_of(entry.get("response"))
    sent = header_names(request.get("headers")) or {}
    if sent.keys() & CALLBACK_HEADERS:
        body = _content(object_of(request.get("postData")), f"{place}.request.postData")
        yield Capture(source=source, place=place, kind=Kind.CALLBACK, headers=sent, body=body)
        return
    status, address = response.get("status"), address_of(str(request.get("url")), authority_in(sent))
    if address is None:
        return
    # Of a 304 a browser shows what it had before: nobody has answered that now.
    if status in (NO_ANSWER, NOT_MODIFIED):
        return
    yield Capture(
        source=source,
        place=place,
        kind=Kind.ANSWER,
        method=str(request.get("method") or "GET"),
        path=address.path,
        host=None if is_own else address.host,
        status=status_in(status, f"{place}.response.status"),
        headers=header_names(response.get("headers")),
        body=_content(object_of(response.get("content")), f"{place}.response.content"),
    )


def _content(content: Object, place: str) -> bytes:
    text = content.get("text")
    if not isinstance(text, str):
        return b""
    if str(content.get("encoding")).lower() != "base64":
        return text.encode()
    body = from_base64(text, f"{place}.text")
    # Some keep what came, and not what it was before it was packed for the way.
    return (unpacked(body, "gzip", UNPACKED_BYTES_MAX) if body.startswith(PACKED) else None) or body
