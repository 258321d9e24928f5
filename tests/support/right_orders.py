"""Right servers of another build: signatures in paths, other orders and cursors, stricter or poorer where the contract leaves it open."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, changed, is_of_the_api, put, records, same, when
from signed_callbacks import PULL, known_secrets, resent

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_lists import TWINS, items_of
from runflow_mock.kit.suite.memories import packaged_walk
from runflow_mock.openapi.contracts import Declared, packaged_contract

SIGNED = re.compile(r"/media/([^?\"\s]+)\?expires=(\d+)&signature=([0-9a-f]+)")
SIGNED_IN_ITS_PATH = re.compile(r"/media/s/(\d+)/([0-9a-f]+)/([^?\"\s]+)")
OWN = frozenset(("/v1/webhooks", "/v1/batches", "/v1/assets", "/v1/callback-secrets", "/v1/comfyui-workflows"))
# By these every list can be filtered and sorted, and by others not.
FEW = frozenset(("id", "code", "created_at", "status_code", "client_ref", "sort_order", "sequence_index", "items_total", "slug"))
NAMES = re.compile(r"\b([a-z_]+)(?=\.[A-Za-z]+:|[:=<>])")
QUOTED = re.compile(r"'[^']*'")


def _written(change: Callable[[str], str]) -> Callable[[Mutant, Answer], Answer]:
    """A change of texts, in answers and in callbacks alike, which are signed as they are sent."""

    def sent(item: Body, secrets: list[str]) -> Body:
        return resent(item, change(b64decode(item["base64"]).decode()).encode(), secrets)

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        secrets = known_secrets(mutant, answer)
        if answer.path == PULL:
            return changed(answer, lambda body: {"items": [sent(item, secrets) for item in body["items"]]})
        return answer.with_body(change(answer.body.decode()).encode()) if is_of_the_api(answer) and b"/media/" in answer.body else answer

    return spoil


def _signed_in_its_query(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    def back(text: str) -> str:
        return SIGNED_IN_ITS_PATH.sub(r"/media/\3?expires=\1&signature=\2", text)

    return method, back(target), headers, back(body.decode()).encode() if body and b"/media/s/" in body else body


def _newest_first(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    path, _, query = target.partition("?")
    is_open = method == "GET" and path in OWN and "sort_by=" not in query
    return method, f"{path}?{query}{'&' if query else ''}sort_by=created_at:desc" if is_open else target, headers, body


def _anew(mutant: Mutant, answer: Answer) -> Answer:
    """Cursors are others at each reading, and lead to the same."""
    if items_of(answer) is None or not is_of_the_api(answer):
        return answer
    number = mutant.memory["reading"] = mutant.memory.get("reading", 0) + 1
    told = {name: f"{number}.{answer.json[name]}" if answer.json.get(name) is not None else None for name in ("first", "next", "previous")}
    told |= {twin: told[name] for name, twin in TWINS.items() if twin in answer.json}
    return changed(answer, lambda body: {**body, **told})


def _as_before(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    return method, re.sub(r"(?<=[?&]pq=)\d+\.", "", target), headers, body


def _refused(answer: Answer, name: str) -> Answer:
    issue = {"loc": ["query", name], "msg": "This is not read.", "type": "value_error"}
    content = {"code": "VALIDATION_ERROR", "message": "The request is wrong.", "errors": [issue]}
    return replace(answer.with_body(json.dumps(content).encode()), status=422)


def _by_few(mutant: Mutant, answer: Answer) -> Answer:
    query = dict(parse_qsl(asked(mutant)[1].partition("?")[2]))
    if answer.status != 200 or not is_of_the_api(answer):
        return answer
    named = {
        "q": set(NAMES.findall(QUOTED.sub("''", query.get("q", "")))),
        "sort_by": set(re.findall(r"[a-z_]+(?=:)", query.get("sort_by", ""))),
    }
    return next((_refused(answer, name) for name, fields in named.items() if fields - FEW), answer)


def _knowing_its_parameters(mutant: Mutant, answer: Answer) -> Answer:
    method, target, _, _ = asked(mutant)
    addressed = packaged_contract().address(answer.path)
    declared = None if addressed is None else packaged_contract().operation(addressed.path, method)
    if declared is None or answer.status >= 300 or not is_of_the_api(answer):
        return answer
    known = {parameter.name for parameter in declared.parameters}
    names = dict(parse_qsl(target.partition("?")[2], keep_blank_values=True))
    return next((_refused(answer, name) for name in names if name not in known), answer)


def _knowing_its_fields(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    """A body with a key that the contract does not describe is refused before anything is made of it, whatever the request's own key."""
    try:
        content: Body = json.loads(body or b"null")
    except (ValueError, RecursionError):
        return method, target, headers, body
    addressed = packaged_contract().address(target.partition("?")[0])
    declared = None if addressed is None else packaged_contract().operation(addressed.path, method)
    if declared is None or not isinstance(content, dict) or _knows_all(declared, content):
        return method, target, headers, body
    return method, target, {name: text for name, text in headers.items() if name != "Idempotency-Key"}, b"[1]"


def _knows_all(declared: Declared, content: Body) -> bool:
    pointer = declared.body.get("application/json")
    if pointer is None:
        return not content
    # What has no properties is the caller's own, and some bodies may hold the fields of a model.
    return all(
        part.value.keys() <= part.described.properties.keys()
        or not part.described.properties
        or packaged_contract().at(part.described.place).get("additionalProperties") is True
        for part in packaged_walk().objects(pointer, content)
    )


def _with_hosts(record: Body) -> None:
    if isinstance(record.get("links"), dict):
        record["links"] = {name: f"https://api.example{path}" for name, path in record["links"].items()}


def _attempts_turned(record: Body) -> None:
    if "max_attempts" in record and isinstance(record.get("attempts"), list):
        record["attempts"] = record["attempts"][::-1]


def _without(mark: str, name: str) -> Bug:
    def change(record: Body) -> None:
        if mark in record and name in record:
            record[name] = None

    return when(is_of_the_api, records(change))


def _headless(mutant: Mutant, answer: Answer) -> Answer:
    if answer.method != "HEAD" or not is_of_the_api(answer) or answer.status >= 400:
        return answer
    addressed = packaged_contract().address(answer.path)
    allowed = () if addressed is None else packaged_contract().methods_of(addressed.path)
    return replace(answer, status=405, headers={"allow": ", ".join(allowed)}, body=b"")


def _by_fingerprint(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    return method, re.sub("sha256(:|%3A)", "", target), headers, body


BUILT_OTHERWISE: Mapping[str, Bug] = {
    "signs addresses in their path": Bug(_written(lambda text: SIGNED.sub(r"/media/s/\2/\3/\1", text)), _signed_in_its_query),
    "keeps its files elsewhere": Bug(_written(lambda text: text.replace("http://localhost/media/", "https://cdn.example/media/"))),
    "lists everything newest first": Bug(same, _newest_first),
    "has other cursors at each reading": Bug(_anew, _as_before),
    "sends callbacks in another order": when(lambda answer: answer.path == PULL, lambda body: {"items": body["items"][::-1]}),
    "tells the latest attempt first": when(is_of_the_api, records(_attempts_turned)),
    "has links with hosts": when(is_of_the_api, records(_with_hosts)),
    "does not know HEAD": Bug(_headless),
    "writes fingerprints with their algorithm": when(
        is_of_the_api, put("secret_fingerprint", lambda text: text and f"sha256:{text}")
    )._replace(on_request=_by_fingerprint),
    "filters and sorts by a few fields": Bug(_by_few),
    "refuses parameters that it does not know": Bug(_knowing_its_parameters),
    "refuses fields that it does not know": Bug(same, _knowing_its_fields),
    # Every field of a record may be null.
    "does not say when what succeeded began": _without("status_code", "started_at"),
    "does not say when it sends again": _without("max_attempts", "next_attempt_at"),
    "does not say when it tells webhooks again": _without("attempt_number", "next_retry_at"),
    # Of an asset that is always told.
    "does not say who made what": when(
        is_of_the_api, put("created_by", lambda value: None, where=lambda record: "created_at" in record and "mime_type" not in record)
    ),
    "breaks no cost down": _without("nodes_total", "cost_breakdown"),
    "keeps no answers of receivers": _without("attempt_number", "response_body"),
}
