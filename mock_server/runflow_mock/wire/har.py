"""HAR 1.2: exchanges in the form that the network panels of browsers import, with what the kit knows in fields of its own.

Fields that begin with an underscore are the format's way to carry more. Instants are wall time; credentials and secrets are left out as
in the journal. The address is built from the Host header, because the journal knows no scheme.
"""

from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec

from runflow_mock.domain.exchanges import Exchange, Headers, redact_headers
from runflow_mock.domain.findings import Findings
from runflow_mock.wire.journal import represent_body, represent_findings
from runflow_mock.wire.times import write_instant

VERSION = "1.2"
HTTP_VERSION = "HTTP/1.1"
UNKNOWN = -1

_encoder = msgspec.json.Encoder()


def represent_har(entries: object, version: str) -> dict[str, object]:
    """Returns the archive of entries, which may be JSON already; `version` is that of the kit."""
    return {"log": {"version": VERSION, "creator": {"name": "runflow-mock", "version": version}, "entries": entries}}


def represent_entry(exchange: Exchange, findings: Findings) -> dict[str, object]:
    """Returns one exchange as an entry of an archive."""
    started = datetime.fromtimestamp(exchange.began, UTC)
    wait = round(exchange.elapsed_ms, 3)
    return {
        "startedDateTime": write_instant(started),
        "time": wait,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": 0},
        "_id": exchange.id,
        "_operation": exchange.operation,
        "_at": write_instant(exchange.at),
        "_fault": exchange.fault,
        "_violations": represent_findings(findings.violations),
    }


def _request(exchange: Exchange) -> dict[str, object]:
    request: dict[str, object] = {
        "method": exchange.method,
        "url": f"http://{exchange.request_header('host') or '127.0.0.1'}{exchange.target}",
        "httpVersion": HTTP_VERSION,
        "cookies": [],
        "headers": _headers(exchange.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(exchange.query, keep_blank_values=True)],
        "headersSize": UNKNOWN,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        media_type = exchange.request_header("content-type") or ""
        request["postData"] = {"mimeType": media_type, "text": _text(exchange.request_body), "params": []}
    return request


def _response(exchange: Exchange) -> dict[str, object]:
    body = exchange.response_body
    content: dict[str, object] = {"size": len(body), "mimeType": exchange.response_header("content-type") or "x-unknown"}
    if _is_text(body):
        content["text"] = _text(body)
    else:
        content |= {"text": b64encode(body).decode(), "encoding": "base64"}
    return {
        "status": exchange.status,
        "statusText": _PHRASES.get(exchange.status, ""),
        "httpVersion": HTTP_VERSION,
        "cookies": [],
        "headers": _headers(exchange.response_headers),
        "content": content,
        "redirectURL": "",
        "headersSize": UNKNOWN,
        "bodySize": len(body),
    }


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for pair in headers for name, value in redact_headers((pair,)).items()]


def _text(body: bytes) -> str:
    shown = represent_body(body)
    return shown if isinstance(shown, str) and not body.startswith(b'"') else "" if shown is None else _encoder.encode(shown).decode()


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


_PHRASES = {
    200: "OK",
    201: "Created",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
