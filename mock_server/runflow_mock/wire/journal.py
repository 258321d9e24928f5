"""The journal on the wire of the control API: exchanges as they were, without credentials and secrets."""

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.domain.exchanges import REDACTED, SECRET_FIELDS, Exchange, redact_headers
from runflow_mock.wire.times import write_instant

_decoder: msgspec.json.Decoder[Json] = msgspec.json.Decoder()


def represent_exchange(exchange: Exchange) -> dict[str, object]:
    """Returns one exchange."""
    return {
        "id": exchange.id,
        "number": exchange.number,
        "at": write_instant(exchange.at),
        "wall": exchange.wall,
        "operation": exchange.operation,
        "request": {
            "method": exchange.method,
            "target": exchange.target,
            "headers": redact_headers(exchange.request_headers),
            "body": _body(exchange.request_body),
        },
        "response": {
            "status": exchange.status,
            "headers": redact_headers(exchange.response_headers),
            "body": _body(exchange.response_body),
        },
        "fault": exchange.fault,
        "elapsed_ms": round(exchange.elapsed_ms, 3),
    }


def _body(raw: bytes) -> Json:
    """Returns a body as JSON where it is JSON, else as text."""
    if not raw:
        return None
    try:
        return _redact(_decoder.decode(raw))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return raw.decode(errors="replace")


def _redact(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: REDACTED if name in SECRET_FIELDS and isinstance(part, str) else _redact(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_redact(part) for part in value]
    return value
