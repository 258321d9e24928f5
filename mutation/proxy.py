"""The proxy: a carrier between suite and server that plants one mutant, and counts the answers that it changed."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from msgspec.structs import replace

from mutation.changes import changed
from mutation.mutants import OF_CONTENT, Kind, Mutant
from mutation.places import PULL, Subject, loc_of, pointer_of, subject_of
from mutation.promises import PROMISES
from runflow_mock.domain.documents import try_object
from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.suite.carriers import Answer, Carrier
from runflow_mock.kit.suite.laws_of_callbacks import SUBJECTS
from runflow_mock.kit.suite.laws_of_callbacks import subject_of as callback_subject

CALLBACK = "callback "
OF_A_REQUEST = ("x-request-id", "date")
OTHER_HEADERS = {"content-type": "application/x-other", "Content-Type": "text/plain", "allow": "TRACE", "www-authenticate": "Basic"}


def without_length(answer: Answer) -> Answer:
    """Returns the same answer, which does not announce how long it is."""
    return replace(answer, headers={name: value for name, value in answer.headers.items() if name != "content-length"})


class MutantCarrier:
    """Hands requests on to a right server, and is wrong in one thing; `donors` are answers of success to give where one is refused."""

    def __init__(self, carrier: Carrier, mutant: Mutant, donors: Mapping[str, Answer]) -> None:
        self.url = carrier.url
        self.changes = 0
        self.has_changed = False
        """Whether the latest answer is not the right one."""
        self._carrier = carrier
        self._mutant = mutant
        self._donors = dict(donors)
        # A liar knows its secrets, and signs what it says.
        self._secrets: set[str] = set()

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer to a request, with the mutant in it."""
        kind = self._mutant.kind
        if kind is Kind.PARAMETER:
            return self._without_parameter(method, target, headers, body)
        if kind is Kind.PROMISE and self._mutant.to in PROMISES:
            return self._broken_promise(method, target, headers, body)
        answer = self._carrier.carry(method, target, headers, body)
        self._learn(answer, body)
        told = self._callbacks(answer) if answer.path == PULL else self._mutated(answer)
        self.has_changed = told is not answer
        self.changes += self.has_changed
        # A server that tells other content announces the length of that to HEAD as well, which nobody knows here.
        return without_length(told) if method == "HEAD" and kind in OF_CONTENT else told

    def close(self) -> None:
        """Does nothing: the carrier is somebody else's."""

    def _learn(self, answer: Answer, body: bytes | None) -> None:
        subject = subject_of(answer)
        if subject is None or answer.status >= 300 or answer.method == "HEAD":
            return
        self._donors[subject.name] = answer
        if subject.name == "create_callback_secret":
            self._secrets.add(answer.json["plain_secret"])
        if subject.name in ("create_webhook", "update_webhook"):
            self._secrets.add(str(try_object(body or b"").get("secret")))

    def _mutated(self, answer: Answer) -> Answer:
        subject, mutant = subject_of(answer), self._mutant
        if subject is None or subject.name != mutant.place.subject.name:
            return answer
        if mutant.kind is Kind.RULE:
            return self._accepted(answer) if self._has_the_problem(answer) else answer
        if subject != mutant.place.subject:
            return answer
        return self._accepted(answer) if mutant.kind is Kind.REFUSAL else spoiled(answer, mutant)

    def _has_the_problem(self, answer: Answer) -> bool:
        """Tells whether this is the problem for which a request was refused, and the only one."""
        issues = answer.json.get("errors") if 400 <= answer.status < 500 and isinstance(answer.json, dict) else None
        found = {(loc_of(issue["loc"]), issue["type"]) for issue in issues or ()}
        return found == {(self._mutant.place.way, self._mutant.to)}

    def _accepted(self, answer: Answer) -> Answer:
        donor = self._donors.get(self._mutant.place.subject.name)
        if donor is None:
            return answer
        # It was given to another request, and has another name.
        own = {name: answer.headers[name] for name in OF_A_REQUEST if name in answer.headers}
        return replace(donor, method=answer.method, target=answer.target, headers={**donor.headers, **own})

    def _without_parameter(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        name = self._mutant.to
        plain = self._carrier.carry
        asked = Answer(method, target, 200, {}, b"")
        subject = subject_of(asked)
        if subject is None or subject.name != self._mutant.place.subject.name:
            return plain(method, target, headers, body)
        path, _, query = target.partition("?")
        kept = "&".join(part for part in query.split("&") if part.partition("=")[0] != name)
        left = {each: text for each, text in headers.items() if each.lower() != name.lower()}
        is_without = kept != query or len(left) != len(headers)
        answer = plain(method, f"{path}?{kept}" if kept else path, left, body)
        if method == "GET" and is_without:
            # Where the right server answers the same without it, nothing is wrong; asking twice for anything else would do it twice.
            right = plain(method, target, headers, body)
            is_without = (right.status, right.body) != (answer.status, answer.body)
        self.changes += is_without
        return replace(answer, target=target)

    def _broken_promise(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        promise, subject = PROMISES[self._mutant.to], subject_of(Answer(method, target, 0, {}, b""))
        if subject is None or subject.name != self._mutant.place.subject.name:
            return self._carrier.carry(method, target, headers, body)
        # Whether a promise is at stake, only the right answer tells; asking twice would do things twice.
        if method == "GET":
            right = self._carrier.carry(method, target, headers, body)
            if not promise.concerns(right, headers):
                return right
        elif not promise.concerns(Answer(method, target, 204, {}, b""), headers):
            return self._carrier.carry(method, target, headers, body)
        self.changes += 1
        return promise.answer(self._carrier, (method, target, dict(headers), body))

    def _callbacks(self, answer: Answer) -> Answer:
        items, mutant = answer.json["items"], self._mutant
        if mutant.place.subject == Subject("callbacks"):
            told = changed(items, (), (), mutant.kind.value)
        else:
            told = [self._callback(item) for item in items]
        return answer if told == items else answer.with_body(json.dumps({"items": told}).encode())

    def _callback(self, item: dict[str, Any]) -> dict[str, Any]:
        mutant, body = self._mutant, b64decode(item["base64"])
        content = json.loads(body)
        named = callback_subject(content)
        if named is None or mutant.place.subject.name != CALLBACK + SUBJECTS[named]:
            return item
        headers = dict(item["headers"])
        if mutant.kind in OF_CONTENT:
            told = changed(content, ("components", "schemas", SUBJECTS[named]), mutant.place.way, mutant.kind.value)
            return item if told == content else self._signed(item, json.dumps(told, separators=(",", ":")).encode())
        if mutant.kind is Kind.HEADER_ABSENT:
            headers.pop(mutant.to, None)
        elif mutant.kind is Kind.HEADER_OTHER and mutant.to in headers:
            headers[mutant.to] = OTHER_HEADERS.get(mutant.to, f"{headers[mutant.to][:-1]}{'0' if headers[mutant.to][-1] != '0' else '1'}")
        elif mutant.to == "sent somewhere else":
            return {**item, "url": item["url"] + "/else"}
        elif mutant.to == "body changed after it was signed":
            return {**item, "base64": b64encode(body + b" ").decode()}
        return {**item, "headers": headers}

    def _signed(self, item: dict[str, Any], body: bytes) -> dict[str, Any]:
        headers = dict(item["headers"])
        for secret, (sign, again) in product(self._secrets, _signatures(b64decode(item["base64"]), body, headers)):
            if sign(secret) == headers.get("Runflow-Signature"):
                headers["Runflow-Signature"] = again(secret)
                break
        return {**item, "headers": headers, "base64": b64encode(body).decode()}


def _signatures(was: bytes, now: bytes, headers: Mapping[str, str]) -> Iterator[tuple[Any, Any]]:
    timestamp = int(headers.get("Runflow-Timestamp", 0))
    yield (lambda secret: sign_bare(was, secret)), (lambda secret: sign_bare(now, secret))
    yield (lambda secret: sign_timestamped(was, timestamp, secret)), (lambda secret: sign_timestamped(now, timestamp, secret))


def spoiled(answer: Answer, mutant: Mutant) -> Answer:
    """An answer of the mutant's subject that is wrong at its place."""
    if mutant.kind is Kind.STATUS:
        return replace(answer, status=int(mutant.to))
    if mutant.kind in (Kind.HEADER_ABSENT, Kind.HEADER_OTHER):
        return _with_header(answer, mutant)
    if mutant.kind in OF_CONTENT and answer.json is not None and answer.method != "HEAD":
        content = changed(answer.json, pointer_of(answer), mutant.place.way, mutant.kind.value)
        return answer if content == answer.json else answer.with_body(json.dumps(content).encode())
    return answer


def _with_header(answer: Answer, mutant: Mutant) -> Answer:
    if mutant.to not in answer.headers:
        return answer
    headers = dict(answer.headers)
    value = headers.pop(mutant.to)
    if mutant.kind is Kind.HEADER_OTHER:
        headers[mutant.to] = OTHER_HEADERS.get(mutant.to, str(int(value) + 1_000) if value.isdigit() else f"{value}x")
    return replace(answer, headers=headers)
