"""Right servers: what a server may do otherwise than the fake, and the contract still holds. Each is a `Bug` that is none."""

import json
import re
from collections.abc import Callable, Mapping

from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, is_of_the_api, put, same, when
from right_pages import is_page

from runflow_mock.kit.suite.carriers import Answer

# What belongs to the caller, or was made by a model: a server adds nothing there.
NOT_ITS_OWN = frozenset(("input", "output", "metadata", "workflow_json", "input_attributes", "payload", "paths", "components", "errors"))
MORE: Mapping[str, Body] = {
    "_links": {"self": "/"},
    "etag": None,
    "x_region": "eu-1",
    # Called as a list that stands below a model, and none.
    "pricing": [{"unit": "image", "price": "0.1"}],
}
# Related records of which there is a list, of kinds whose lists embed.
LISTS = frozenset(("inputs", "outputs", "solution_flows", "solution_models"))
WHOLE = re.compile(rb'("(?:duration_ms|size_bytes|sort_order|sequence_index|items_total|attempt_number)":)(\d+)(?=[,}])')
SIX_DIGITS = re.compile(r"-?\d+\.\d{6}")
AMOUNT = re.compile(r"-?\d+\.\d{3}000")
INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z")


def _told(write: Callable[[Answer], bytes]) -> Bug:
    """Bodies of JSON that are written otherwise."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        is_json = is_of_the_api(answer) and answer.body and answer.json is not None
        return answer.with_body(write(answer)) if is_json else answer

    return Bug(spoil)


def _headed(change: Callable[[Answer], Mapping[str, str]]) -> Bug:
    """Headers that are others."""
    return Bug(lambda mutant, answer: replace(answer, headers=change(answer)) if answer.path.startswith("/v1/") else answer)


def _without(*names: str) -> Bug:
    return _headed(lambda answer: {name: value for name, value in answer.headers.items() if name not in names})


def _with(**more: str) -> Bug:
    return _headed(lambda answer: {**answer.headers, **{name.replace("_", "-"): value for name, value in more.items()}})


def _typed(media_type: str) -> Bug:
    return _headed(
        lambda answer: {
            name: media_type if name == "content-type" and value.startswith("application/json") else value
            for name, value in answer.headers.items()
        }
    )


def _walked(change: Callable[[Body], Body], part: Body) -> Body:
    """A content with a change of each of the server's own objects."""
    if isinstance(part, list):
        return [_walked(change, each) for each in part]
    if not isinstance(part, dict):
        return part
    return change({name: inner if name in NOT_ITS_OWN else _walked(change, inner) for name, inner in part.items()})


def _with_more(answer: Answer) -> bytes:
    """Fields that nobody can ask for by name, and that nobody gets who asks for others."""
    body, asked = answer.json, answer.query.get("fields")
    told = _walked(lambda each: {**MORE, **each} if "id" in each else each, body)
    if asked and answer.status == 200 and isinstance(told, dict):
        names = {*asked.split(","), *answer.query.get("embed", "").split(",")}
        cut = [{name: value for name, value in each.items() if name in names} for each in told.get("items", [told])]
        told = {**told, "items": cut} if "items" in told else cut[0]
    return json.dumps(told).encode()


def _turned_round(answer: Answer) -> bytes:
    return json.dumps(_walked(lambda each: dict(reversed(each.items())), answer.json)).encode()


def _finer(zeros: str) -> Bug:
    """Instants with more digits."""
    # What was sent in a callback stays as it was sent, and what was asked for as it was asked.
    kept = NOT_ITS_OWN | {"payload_bytes"}

    def finer(name: str, value: Body) -> Body:
        return INSTANT.sub(rf"\g<1>{zeros}Z", value) if isinstance(value, str) and name not in kept else value

    def change(each: Body) -> Body:
        return {name: finer(name, value) for name, value in each.items()}

    return _told(lambda answer: json.dumps(_walked(change, answer.json)).encode())


def _weakly(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    return method, target, {name: text.removeprefix("W/") if name == "If-None-Match" else text for name, text in headers.items()}, body


def _with_more_at_depth(answer: Answer) -> bytes:
    """Fields of its own in every object inside a record."""
    return json.dumps(_walked(lambda each: each if {"id", "items", "code"} & each.keys() else {**each, "x_more": 1}, answer.json)).encode()


def _with_empty_lists(answer: Answer) -> bytes:
    """Related records that nobody asked for are empty lists in place of nothing."""
    if answer.method != "GET" or not isinstance(answer.json, dict) or "items" not in answer.json or "embed=" in answer.target:
        return answer.body
    return json.dumps(_walked(lambda each: {n: [] if n in LISTS and v is None else v for n, v in each.items()}, answer.json)).encode()


def _naming_requests(mutant: Mutant, answer: Answer) -> Answer:
    """Ids of requests in another form, the same in the header and in what a request made."""
    if not is_of_the_api(answer):
        return answer
    told = answer.with_body(_naming(answer)) if answer.body and answer.json is not None else answer
    headers = {name: f"req/{value}" if name == "x-request-id" else value for name, value in told.headers.items()}
    return replace(told, headers=headers)


def _naming(answer: Answer) -> bytes:
    def change(each: Body) -> Body:
        return {name: f"req/{value}" if name == "request_id" and value is not None else value for name, value in each.items()}

    return json.dumps(_walked(change, answer.json)).encode()


def _by_its_requests(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    return method, re.sub("req(/|%2F)", "", target), headers, body


def _to_the_tenth_of_a_cent(answer: Answer) -> bytes:
    """Amounts without the zeros at their end, as far as the third digit."""
    return json.dumps(_walked(lambda each: {name: _shorter(value) for name, value in each.items()}, answer.json)).encode()


def _shorter(value: Body) -> Body:
    return value[:-3] if isinstance(value, str) and AMOUNT.fullmatch(value) else value


def _packed(answer: Answer) -> Mapping[str, str]:
    """As behind a proxy that packs, whose client unpacks: the length is that of what was sent."""
    length = {"content-length": str(len(answer.body) // 3)} if answer.body else {}
    return {**answer.headers, "content-encoding": "gzip", "vary": "accept-encoding", **length}


def _allowing(answer: Answer) -> Mapping[str, str]:
    return {**answer.headers, "allow": f"{answer.headers['allow']}, HEAD, OPTIONS"} if "allow" in answer.headers else answer.headers


def _deliveries_turned(answer: Answer) -> bytes:
    """The latest delivery first: the contract leaves the order open."""
    if not (answer.path.endswith("/callback") and isinstance(answer.json, list)):
        return answer.body
    return json.dumps(answer.json[::-1]).encode()


def _sending(change: Callable[[Body, Body], None]) -> Bug:
    """Callbacks that are sent otherwise: a change of the headers of an attempt, and of its content."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if answer.path != "/_mock/deliveries/pull":
            return answer
        told = answer.json
        for item in told["items"]:
            change(item["headers"], item)
        return answer.with_body(json.dumps(told).encode())

    return Bug(spoil)


def _in_small_letters(headers: Body, item: Body) -> None:
    item["headers"] = {name.lower(): value for name, value in headers.items()}


def _with_a_charset(headers: Body, item: Body) -> None:
    headers["Content-Type"] = "application/json; charset=utf-8"


def _with_more_headers(headers: Body, item: Body) -> None:
    headers |= {
        "X-Runflow-Event": "run",
        "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Accept-Encoding": "gzip",
    }


def _first_problem_alone(answer: Answer) -> bytes:
    """Of several problems the first is told, since whoever mends one comes again."""
    if answer.status != 422 or not answer.json.get("errors"):
        return answer.body
    return json.dumps({**answer.json, "errors": answer.json["errors"][:1]}).encode()


def _in_its_own_words(answer: Answer) -> bytes:
    told = answer.json
    if answer.status < 400 or not isinstance(told, dict) or "code" not in told:
        return answer.body
    issues = [{**issue, "msg": "Bitte prüfen.", "type": "ungueltig"} for issue in told.get("errors") or ()]
    return json.dumps({**told, "message": "Das geht so nicht.", "errors": issues or told.get("errors")}).encode()


def _saying_that_it_repeats(mutant: Mutant, answer: Answer) -> Answer:
    """Under a key that was used, a header says so."""
    method, target, sent, body = mutant.memory["request"]
    used = repr((sent.get("Authorization"), target, sent.get("Idempotency-Key"), body))
    if method != "POST" or "Idempotency-Key" not in sent or answer.status != 201:
        return answer
    is_first, mutant.memory[used] = used not in mutant.memory, True
    return answer if is_first else replace(answer, headers={**answer.headers, "idempotent-replayed": "true"})


def _saying_where_it_is(mutant: Mutant, answer: Answer) -> Answer:
    is_made = answer.status == 201 and isinstance(answer.json, dict) and "id" in answer.json
    return replace(answer, headers={**answer.headers, "location": f"/v1/runs/{answer.json['id']}"}) if is_made else answer


def _in_capitals(mutant: Mutant, answer: Answer) -> Answer:
    """Media types are the same in capitals, in answers and in callbacks."""
    if answer.path == "/_mock/deliveries/pull":
        return _sending(lambda headers, item: headers.update({"Content-Type": "Application/JSON"})).spoil(mutant, answer)
    return _typed("Application/JSON").spoil(mutant, answer)


def _with_a_realm(answer: Answer) -> Mapping[str, str]:
    return {**answer.headers, "www-authenticate": 'bearer realm="runflow"'} if "www-authenticate" in answer.headers else answer.headers


def _with_another_way(answer: Answer) -> Mapping[str, str]:
    told = answer.headers.get("www-authenticate")
    return answer.headers if told is None else {**answer.headers, "www-authenticate": f'Basic realm="a, b", {told}'}


def _with_points(answer: Answer) -> bytes:
    """Whole numbers as a language writes them that has one kind of numbers; what was sent in a callback stays as it was sent."""
    return answer.body if b"payload_bytes" in answer.body else WHOLE.sub(rb"\1\2.0", answer.body)


def _with_more_of_problems(answer: Answer) -> bytes:
    told = answer.json
    if answer.status != 422 or not told.get("errors"):
        return answer.body
    return json.dumps({**told, "errors": [{**each, "ctx": {}, "url": "https://errors.example/"} for each in told["errors"]]}).encode()


def _with_more_around(answer: Answer) -> bytes:
    """More beside what is told of errors and of pages, amounts without the zeros at their end, and slashes that are escaped."""
    told = _walked(lambda each: {name: _shortest(value) for name, value in each.items()}, answer.json)
    if answer.status >= 400 and isinstance(told, dict) and "code" in told:
        told = {**told, "request_id": "r1", "documentation": "https://errors.example/"}
    if is_page(answer):
        told = {**told, "total": 99, "has_more": told["next"] is not None}
    # What was sent in a callback stays as it was sent.
    return answer.body if b"payload_bytes" in answer.body else json.dumps(told).replace("/", "\\/").encode()


def _shortest(value: Body) -> Body:
    return value.rstrip("0").removesuffix(".") if isinstance(value, str) and SIX_DIGITS.fullmatch(value) else value


def _with_storage(answer: Answer) -> bytes:
    """Uploads are brought to somebody else, to whom the suite does not speak."""
    return answer.body.replace(b'"upload_url":"http://localhost/', b'"upload_url":"https://storage.example/')


def _one_request_for_a_key(mutant: Mutant, answer: Answer) -> Answer:
    """A key is of one request, wherever that was sent to and however it was answered."""
    method, target, headers, body = asked(mutant)
    key = headers.get("Idempotency-Key")
    if method != "POST" or key is None or answer.status == 401:
        return answer
    first = mutant.memory.setdefault(repr((headers.get("Authorization"), key)), (target, body))
    if first == (target, body):
        return answer
    conflict = json.dumps({"code": "CONFLICT", "message": "This key was used.", "errors": None}).encode()
    return replace(answer, status=409, headers={**answer.headers, "content-length": str(len(conflict))}, body=conflict)


def _with_defaults(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    """What was left out is filled in before a body is compared with that of an earlier request."""
    content: Body = json.loads(body) if body and method == "POST" and target == "/v1/evaluations" else None
    is_whole = isinstance(content, dict) and "generated_image_url" in content
    return method, target, headers, json.dumps({"job_class": "standard", **content}, sort_keys=True).encode() if is_whole else body


RIGHT: Mapping[str, Bug] = {
    # How the state of a step is spelled, and whether a file has parts, is the server's own.
    "steps are called completed": when(is_of_the_api, put("state_code", lambda state: "completed" if state == "succeeded" else state)),
    "what was left out is filled in": Bug(same, _with_defaults),
    "files have no parts": Bug(lambda mutant, answer: replace(answer, status=416, body=b"") if answer.status == 206 else answer),
    "spells media types in capitals": Bug(_in_capitals),
    "says for which realm a key is": _headed(_with_a_realm),
    "lets in by another way as well": _headed(_with_another_way),
    "writes whole numbers with a point": _told(_with_points),
    "says more of each problem": _told(_with_more_of_problems),
    "names headers of callbacks in small letters": _sending(_in_small_letters),
    "tells the charset of callbacks": _sending(_with_a_charset),
    "sends more headers with callbacks": _sending(_with_more_headers),
    "tells the first of several problems alone": _told(_first_problem_alone),
    "says in its own words what is wrong": _told(_in_its_own_words),
    "says that an answer is a repeat": Bug(_saying_that_it_repeats),
    "says where to find what was made": Bug(_saying_where_it_is),
    "sets cookies and links": _with(set_cookie="lb=a1; Path=/", link="</v1/docs>; rel=help", x_frame_options="DENY"),
    "has fields of its own": _told(_with_more),
    "writes keys in another order": _told(_turned_round),
    "writes JSON over many lines": _told(lambda answer: json.dumps(answer.json, indent=2).encode()),
    "writes JSON in ASCII": _told(lambda answer: json.dumps(answer.json, ensure_ascii=True, separators=(",", ":")).encode()),
    "ends JSON with a line": _told(lambda answer: answer.body + b"\r\n"),
    "tells time to the microsecond": _finer("000"),
    "tells time to the nanosecond": _finer("000000"),
    "tags what it tells weakly": _headed(lambda answer: {n: f"W/{v}" if n == "etag" else v for n, v in answer.headers.items()})._replace(
        on_request=_weakly
    ),
    "has fields of its own at every depth": _told(_with_more_at_depth),
    "has empty lists where nobody asked for records": _told(_with_empty_lists),
    "tells amounts to the tenth of a cent": _told(_to_the_tenth_of_a_cent),
    "says more of errors and pages, and less of zeros": _told(_with_more_around),
    "has uploads brought elsewhere": _told(_with_storage),
    "tells the charset": _typed("application/json; charset=utf-8"),
    "tells the charset without a space": _typed("application/json;charset=UTF-8"),
    "tells no length": _without("content-length"),
    "tells no date": _without("date"),
    "names no requests": _without("x-request-id"),
    "names requests in a form of its own": Bug(_naming_requests, _by_its_requests),
    "does not say how to come in": _without("www-authenticate"),
    "allows HEAD and OPTIONS by name": _headed(_allowing),
    "packs what it tells": _headed(_packed),
    "stands behind a proxy": _with(via="1.0 proxy", age="0", x_cache="MISS", connection="close"),
    "tells the latest delivery first": _told(_deliveries_turned),
    "takes a key for that of one request": Bug(_one_request_for_a_key),
    "says that it is a server": _with(server="nginx", strict_transport_security="max-age=63072000", cache_control="no-store"),
}
