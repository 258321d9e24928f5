"""Forms in which a side of the server tells a problem: the API's JSON, and the XML of the storage beside it, as object storages speak.

Source: `errors.envelope`. Inferred: the XML.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from html import escape

import msgspec

from runflow_mock.domain.exchanges import Headers
from runflow_mock.wire.problems import Problem, represent_problem

WITHOUT_BODY = (204, 304)
"""Statuses whose answers have no body, and no length, which would be that of another answer (RFC 9110, 8.6)."""

_encoder = msgspec.json.Encoder()


class ErrorForm(Enum):
    """Which form it is."""

    JSON = auto()
    XML = auto()


class Reply(msgspec.Struct, frozen=True):
    """An answer in bytes: status, body and headers with names in lower case."""

    status: int
    body: bytes = b""
    headers: Headers = ()


def render_problem(problem: Problem, form: ErrorForm) -> Reply:
    """Returns a problem as it leaves, the headers that belong to it included."""
    media_type, body = _RENDERERS[form](problem)
    extra = tuple((name.lower().encode(), value.encode()) for name, value in problem.headers.items())
    return Reply(problem.status, body, ((b"content-type", media_type), *extra))


def _json(problem: Problem) -> tuple[bytes, bytes]:
    return b"application/json", _encoder.encode(represent_problem(problem))


def _xml(problem: Problem) -> tuple[bytes, bytes]:
    text = f"<Error><Code>{problem.code}</Code><Message>{escape(problem.message)}</Message></Error>"
    return b"application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


_RENDERERS: Mapping[ErrorForm, Callable[[Problem], tuple[bytes, bytes]]] = {ErrorForm.JSON: _json, ErrorForm.XML: _xml}
