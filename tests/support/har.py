"""The HAR 1.2 format as a JSON Schema, written from its specification: what a browser needs in order to open an archive."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": -1}
SECONDS: Schema = {"type": "number", "minimum": -1}
DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def record(*required: str, **properties: Schema) -> Schema:
    """An object with fields that it must have; others only when they are named or begin with an underscore."""
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def many(items: Schema) -> Schema:
    """An array."""
    return {"type": "array", "items": items}


PAIR = record("name", "value", name=TEXT, value=TEXT, comment=TEXT)
COOKIE = record("name", "value", name=TEXT, value=TEXT, path=TEXT, domain=TEXT, expires=DATE, httpOnly={"type": "boolean"})
POST_DATA = record("mimeType", "text", "params", mimeType=TEXT, text=TEXT, params=many(record("name", name=TEXT, value=TEXT)), comment=TEXT)
CONTENT = record("size", "mimeType", size=COUNT, mimeType=TEXT, text=TEXT, encoding=TEXT, compression=COUNT, comment=TEXT)
MESSAGE: Schema = {"httpVersion": TEXT, "cookies": many(COOKIE), "headers": many(PAIR), "headersSize": COUNT, "bodySize": COUNT}
ADDRESS: Schema = {"type": "string", "pattern": "^https?://[^/]+/"}
ASKED: Schema = {"method": TEXT, "url": ADDRESS, "queryString": many(PAIR)}
REQUEST = record(*ASKED, *MESSAGE, **ASKED, **MESSAGE, postData=POST_DATA, comment=TEXT)
GIVEN: Schema = {"status": COUNT, "statusText": TEXT, "content": CONTENT, "redirectURL": TEXT}
RESPONSE = record(*GIVEN, *MESSAGE, **GIVEN, **MESSAGE, comment=TEXT)
PHASES = ("blocked", "dns", "connect", "send", "wait", "receive", "ssl")
TIMINGS = record("send", "wait", "receive", **dict.fromkeys(PHASES, SECONDS), comment=TEXT)
EVENT: Schema = {
    "startedDateTime": DATE,
    "time": SECONDS,
    "request": REQUEST,
    "response": RESPONSE,
    "cache": {"type": "object"},
    "timings": TIMINGS,
}
ENTRY = record(*EVENT, **EVENT, pageref=TEXT, serverIPAddress=TEXT, connection=TEXT, comment=TEXT)
CREATOR = record("name", "version", name=TEXT, version=TEXT, comment=TEXT)
LOG: Schema = {"version": {"const": "1.2"}, "creator": CREATOR, "entries": many(ENTRY)}
ARCHIVE = record("log", log=record(*LOG, **LOG, browser=CREATOR, pages=many({"type": "object"}), comment=TEXT))
