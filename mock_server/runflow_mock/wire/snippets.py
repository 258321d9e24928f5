"""Snippets: what was seen as something to run again: a request as a curl command and as a test, an attempt as a curl command.

Credentials are never in them: the journal does not keep them, and a snippet names the variable that holds the key.
"""

import re
from collections.abc import Iterable, Mapping
from pprint import pformat
from shlex import quote

from runflow_mock.domain.documents import Json, object_of, write_document
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.wire.journal import represent_body

# Headers of a request that change what it means; curl makes the others itself.
KEPT = frozenset(("content-type", "idempotency-key", "accept", "x-organization-id"))
_TEST = """\
import requests


def test_{name}(runflow):
{body}    url = runflow.base_url + {target!r}
    response = requests.request({method!r}, url, headers=runflow.headers{sent})
    assert response.status_code == {status}
"""


def exchange_as_curl(exchange: Exchange, base_url: str) -> str:
    """Returns the request of an exchange as a command for a shell."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in exchange.request_headers]
    kept = [(name, value) for name, value in headers if name.lower() in KEPT]
    body = represent_body(exchange.request_body)
    text = body if body is None or isinstance(body, str) else write_document(body).decode()
    return _curl(exchange.method, base_url + exchange.target, ('-H "Authorization: Bearer $RUNFLOW_API_KEY"', *map(_header, kept)), text)


def exchange_as_test(exchange: Exchange) -> str:
    """Returns an exchange as a test with the fixtures of runflow-mock: the same request gets the same status."""
    body = represent_body(exchange.request_body)
    is_json = isinstance(body, dict | list)
    written = "" if body is None else f"    body = {pformat(body, width=100, sort_dicts=False)}\n".replace("\n ", "\n            ")
    name = re.sub(r"\W+", "_", exchange.operation or "request", flags=re.ASCII)
    sent = "" if body is None else ", json=body" if is_json else ", data=body"
    return _TEST.format(name=name, body=written, target=exchange.target, method=exchange.method, sent=sent, status=exchange.status)


def attempt_as_curl(url: str, attempt: Mapping[str, Json]) -> str:
    """Returns an attempt in full, as the control API shows it, as a command that sends the same bytes with the same headers."""
    headers = attempt["headers"]
    sent = [(name, str(value)) for name, value in headers.items()] if isinstance(headers, dict) else []
    return _curl("POST", url, map(_header, sent), str(attempt["body"]))


def differences(before: Mapping[str, Json], now: Mapping[str, Json]) -> list[list[Json]]:
    """Returns what is not the same in two attempts: the name of each thing, as it was, as it is."""
    parts = [(f"header {name}", _of(before, name), _of(now, name)) for name in {**_headers(before), **_headers(now)}]
    parts += [("body", before["body"], now["body"]), ("answer", _answer(before), _answer(now))]
    return [[name, was, is_] for name, was, is_ in parts if was != is_]


def _headers(attempt: Mapping[str, Json]) -> dict[str, Json]:
    headers = attempt["headers"]
    return object_of(headers)


def _of(attempt: Mapping[str, Json], name: str) -> Json:
    return _headers(attempt).get(name)


def _answer(attempt: Mapping[str, Json]) -> Json:
    return attempt["status_code"] or attempt["error"]


def _curl(method: str, url: str, headers: Iterable[str], body: str | None) -> str:
    parts = [f"curl -sS -X {quote(method)} {quote(url)}", *headers, *(() if body is None else (f"--data-raw {quote(body)}",))]
    return " \\\n  ".join(parts)


def _header(header: tuple[str, str]) -> str:
    return f"-H {quote(': '.join(header))}"
