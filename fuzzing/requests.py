"""Requests after the documents of both APIs, with something odd in them: the path, the query, a header, the body, or its bytes."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from fuzzing.values import ODD, Maker
from runflow_mock.packaged import openapi_document
from runflow_mock.wire.control_document import control_document

METHODS = ("get", "put", "post", "delete", "patch")
TENANTS = tuple(f"fuzz{number}" for number in range(4))
KNOWN_MAX = 200
# Nobody has time to wait for what takes real time by itself.
SHORT = {"wait": {"timeout": 0.001}}


class Request(NamedTuple):
    """One request, as bytes of HTTP would have it."""

    operation: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Requests:
    """Makes requests; what answers show is used in later ones."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.known: list[str] = []
        documents = (json.loads(openapi_document().body), json.loads(control_document()))
        self._makers = [Maker(random, document, self.known) for document in documents]
        self._operations = [list(_operations(document)) for document in documents]

    def learn(self, answer: Any) -> None:
        """Takes note of what an answer shows."""
        stack, seen = [answer], 0
        while stack and seen < 100:
            part, seen = stack.pop(), seen + 1
            if isinstance(part, dict):
                stack += list(part.values())[:20]
            elif isinstance(part, list):
                stack += part[:3]
            elif isinstance(part, str) and 8 <= len(part) <= 120:
                self.known.append(part)
        del self.known[:-KNOWN_MAX]

    def make(self) -> Request:
        """Returns the next request."""
        random = self._random
        which = 0 if random.random() < 0.6 else 1
        maker, (path, method, shared, operation) = self._makers[which], random.choice(self._operations[which])
        parameters = [maker.resolved(part) for part in (*shared, *operation.get("parameters", ()))]
        name = operation.get("operationId", path)
        target = self._path(maker, path, parameters) + self._query(maker, parameters)
        body, content_type = self._body(maker, name, operation)
        return Request(name, method.upper(), target, self._headers(maker, parameters, content_type), body)

    def _path(self, maker: Maker, path: str, parameters: list[Any]) -> str:
        for part in parameters:
            if part.get("in") == "path":
                odd = self._random.random() < 0.15
                value = str(maker.odd() if odd else self._random.choice((maker.value(part.get("schema", {}), odd=0), *self.known[-8:])))
                if part.get("x-spans-slashes") and not odd:
                    value = self._random.choice(("runflow/background-removal", "openai/gpt-image-2/edit", value))
                path = path.replace("{" + part["name"] + "}", quote(value[:400], safe="/"))
        if "{tenant}" in path or self._random.random() < 0.02:
            path = path.replace("{tenant}", self._random.choice(TENANTS))
        return path

    def _query(self, maker: Maker, parameters: list[Any]) -> str:
        given = [(part["name"], maker.value(part.get("schema", {}), odd=0.3)) for part in parameters if part.get("in") == "query"]
        chosen = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in given if self._random.random() < 0.4]
        if self._random.random() < 0.05:
            chosen.append((str(maker.odd())[:40], str(maker.odd())))
        return "?" + urlencode(chosen, errors="replace")[:8_000] if chosen else ""

    def _body(self, maker: Maker, name: str, operation: Any) -> tuple[bytes, str | None]:
        contents = maker.resolved(operation.get("requestBody", {})).get("content", {})
        if not contents:
            return (b"", None) if self._random.random() < 0.9 else (b"{}", "application/json")
        content_type, media = self._random.choice(list(contents.items()))
        value = maker.value(media.get("schema", {}), odd=self._random.choice((0.0, 0.0, 0.03, 0.2)))
        if isinstance(value, dict):
            value |= SHORT.get(name, {})
        raw = json.dumps(value, ensure_ascii=self._random.random() < 0.5).encode("utf-8", "surrogatepass")
        if self._random.random() < 0.1:
            raw = mutated(self._random, raw)
        return raw, self._random.choice((content_type, content_type, content_type, "application/json", "text/plain", None))

    def _headers(self, maker: Maker, parameters: list[Any], content_type: str | None) -> tuple[tuple[str, str], ...]:
        random, tenant = self._random, self._random.choice(TENANTS)
        key = random.choice((f"rf_live_mock_{tenant}",) * 8 + (f"rf_svc_mock_{tenant}", "rf_live_mock_no such", ""))
        headers = [("host", "127.0.0.1:8787"), *([("authorization", f"Bearer {key}")] if key else [])]
        headers += [("content-type", content_type)] if content_type else []
        for part in parameters:
            if part.get("in") == "header" and random.random() < 0.3:
                headers.append((part["name"].lower(), str(maker.value(part.get("schema", {}), odd=0.3))))
        if random.random() < 0.1:
            odd = random.choice(
                ("origin", "sec-fetch-site", "range", "x-forwarded-host", "x-forwarded-proto", "if-none-match", "content-encoding")
            )
            headers.append((odd, str(maker.odd())))
        return tuple((name, "".join(each for each in value if " " <= each < "\x7f")[:3_000]) for name, value in headers)


def mutated(random: Random, raw: bytes) -> bytes:
    """Returns bytes of which some were dropped, doubled, changed or put in."""
    for _ in range(random.choice((1, 1, 2, 8))):
        at, size = random.randrange(len(raw) + 1), random.choice((0, 1, 1, 4, 30))
        piece = random.choice(
            (b"", raw[at : at + size] * 2, bytes([random.randrange(256)]), str(random.choice(ODD)).encode("utf-8", "replace")[:60])
        )
        raw = raw[:at] + piece + raw[at + size :]
    return raw


def _operations(document: Any) -> Iterator[tuple[str, str, list[Any], Any]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item.get("parameters", []), item[method]
