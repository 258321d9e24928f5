"""Cassettes: what libraries for tests have recorded of exchanges, as captures.

VCR of Ruby, Python, Go and PHP, and betamax, keep interactions of a request and a response, as YAML or JSON; nock and Charles, a proxy,
keep one object for each, in forms of their own. Bodies that came packed, or are no text, stand as Base64 or in hexadecimal.
"""

import re
from base64 import b64encode
from collections.abc import Iterator

from runflow_mock.domain.codings import CODINGS, unpacked
from runflow_mock.domain.disguises import PACKED
from runflow_mock.domain.documents import Json, list_of, object_of, try_document, write_document
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.kit.calibration.addresses import address_of, authority_in
from runflow_mock.kit.calibration.captures import (
    NO_ANSWER,
    UNPACKED_BYTES_MAX,
    Capture,
    Elsewhere,
    Found,
    Kind,
    Object,
    Unrecognised,
    among_others,
    from_base64,
    header_names,
    status_in,
)
from runflow_mock.kit.calibration.transcripts import has_first_line

LISTS = ("http_interactions", "interactions")
"""What the list of interactions is called."""

# What begins a cassette of YAML, or follows soon.
_YAML = re.compile(rb"^(?:(?:http_)?interactions:|-\s+request:)", re.MULTILINE)
_YAML_BYTES_MAX = 100_000
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2})+")


def is_yaml_cassette(raw: bytes) -> bool:
    """Tells whether bytes are a cassette written in YAML, as far as their beginning says."""
    is_other = raw.lstrip().startswith((b"{", b"[")) or has_first_line(raw)
    return not is_other and _YAML.search(raw[:_YAML_BYTES_MAX]) is not None


def is_cassette(value: Json) -> bool:
    """Tells whether a value is a cassette of VCR: an object with interactions, or a list of them."""
    return any(map(_is_interaction, _interactions(value)))


def read_cassette(value: Json, source: str, place: str = "") -> Iterator[Found]:
    """Returns the answers of the API in a cassette.

    Raises:
        Unrecognised: there are none.
    """
    name = next((name for name in LISTS if name in object_of(value)), "")
    before = ".".join(part for part in (place, name) if part)
    parts = enumerate(_interactions(value))
    yield from among_others(_interaction(object_of(part), source, f"{before}[{index}]") for index, part in parts)


def is_nock(value: Json) -> bool:
    """Tells whether a value is what nock has recorded of one exchange."""
    given = object_of(value)
    return isinstance(given.get("scope"), str) and isinstance(given.get("path"), str) and isinstance(given.get("status"), int)


def read_nock(value: Json, source: str, place: str = "") -> Iterator[Capture]:
    """Returns the answer that nock has recorded.

    Raises:
        Elsewhere: it is at no address of the API.
        Unrecognised: it is not whole.
    """
    given = object_of(value)
    sent = header_names(given.get("reqheaders")) or {}
    response: dict[str, Json] = {
        "status": given.get("status"),
        "headers": _pairs(given.get("rawHeaders", given.get("headers"))),
        "body": _written_by_nock(given),
    }
    request: dict[str, Json] = {"url": f"{given['scope']}{given['path']}", "method": given.get("method"), "headers": {**sent}}
    yield from _interaction({"request": request, "response": response}, source, place)


def is_session(value: Json) -> bool:
    """Tells whether a value is an exchange as Charles keeps it in a session."""
    given = object_of(value)
    return isinstance(object_of(given.get("response")).get("header"), dict) and isinstance(given.get("host"), str)


def read_session(value: Json, source: str, place: str = "") -> Iterator[Capture]:
    """Returns the answer in an exchange of a session.

    Raises:
        Elsewhere: it is at no address of the API.
        Unrecognised: it is not whole.
    """
    given = object_of(value)
    response, body = object_of(given.get("response")), object_of(object_of(given.get("response")).get("body"))
    port = f":{given['port']}" if given.get("port") else ""
    kept: dict[str, Json] = {
        "status": response.get("status"),
        "headers": object_of(response.get("header")).get("headers"),
        "body": {"base64_string": body["encoded"]} if "encoded" in body else {"string": body.get("text")},
    }
    url = f"{given.get('scheme') or 'https'}://{given['host']}{port}{given.get('path') or '/'}"
    yield from _interaction({"request": {"url": url, "method": given.get("method")}, "response": kept}, source, place)


def _interactions(value: Json) -> list[Json]:
    given = object_of(value)
    return list_of(next((given[name] for name in LISTS if name in given), None)) if given else list_of(value)


def _is_interaction(value: Json) -> bool:
    given = object_of(value)
    request, response = object_of(given.get("request")), object_of(given.get("response"))
    is_of_vcr = "uri" in request or isinstance(response.get("status"), dict) or isinstance(response.get("code"), int)
    return "method" in request and ("uri" in request or "url" in request) and is_of_vcr


def _interaction(part: Object, source: str, place: str) -> Iterator[Capture]:
    request, response = object_of(part.get("request")), object_of(part.get("response"))
    sent = header_names(request.get("headers")) or {}
    address = address_of(str(request.get("uri") or request.get("url")), authority_in(sent))
    if address is None:
        raise Elsewhere(place)
    # The status may stand beside its words, or in them as a text.
    said = response.get("code", response.get("status"))
    said = object_of(said).get("code", said)
    status = whole_number(said) if isinstance(said, str) else said
    if status == NO_ANSWER:
        return
    headers = header_names(response.get("headers"))
    yield Capture(
        source=source,
        place=place,
        kind=Kind.ANSWER,
        method=str(request.get("method") or "GET").upper(),
        path=address.path,
        host=address.host,
        status=status_in(status, f"{place}.response.status"),
        headers=headers,
        body=_body(response.get("body"), (headers or {}).get("content-encoding", ""), f"{place}.response.body"),
    )


def _body(given: Json, coding: str, place: str) -> bytes:
    """Returns the bytes of a body as they were before they were packed for the way."""
    parts = object_of(given)
    if isinstance(parts.get("base64_string"), str):
        raw = from_base64(str(parts["base64_string"]), f"{place}.base64_string")
    else:
        said = parts.get("string", given)
        raw = b"" if said is None else _of_text(said) if isinstance(said, str) else write_document(said)
    if coding not in CODINGS and raw.startswith(PACKED):
        coding = "gzip"
    whole = unpacked(raw, coding, UNPACKED_BYTES_MAX) if coding in CODINGS else None
    return raw if whole is None else whole


def _of_text(text: str) -> bytes:
    """Returns the bytes that a text is, or stands for where YAML's `!!binary` wrote it and it shows what an answer is."""
    try:
        raw = from_base64(text, "")
    except Unrecognised:
        return text.encode()
    return raw if raw.startswith(PACKED) or isinstance(try_document(raw), dict | list) else text.encode()


def _pairs(headers: Json) -> Json:
    """Returns headers as they are, or as an object where names and values stand in turn."""
    listed = list_of(headers)
    return dict(zip(map(str, listed[::2]), listed[1::2], strict=False)) if listed and isinstance(listed[0], str) else headers


def _written_by_nock(given: Object) -> Json:
    """Returns a body as a text, or as the JSON that it is; what came packed, or is no text, stands in hexadecimal, piece by piece."""
    response = given.get("response")
    pieces = list_of(response) or [response]
    if not all(isinstance(each, str) and _HEXADECIMAL.fullmatch(each) for each in pieces):
        return response
    raw = bytes.fromhex("".join(map(str, pieces)))
    coding = (header_names(_pairs(given.get("rawHeaders", given.get("headers")))) or {}).get("content-encoding", "")
    is_written_so = given.get("responseIsBinary") is True or coding != "" or raw.startswith(PACKED)
    return {"base64_string": b64encode(raw).decode()} if is_written_so else response
