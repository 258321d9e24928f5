"""Right servers of lists: how long a page is, what a cursor looks like, and whether it leads on after the last record, is their own."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, unquote

from mutants import Asked, Body, Bug, Mutant, asked, is_of_the_api

from runflow_mock.kit.suite.carriers import Answer

# Lists that come in pages, one of which is longer than the pages of the fake.
PAGED = frozenset(("/v1/models", "/v1/public/models", "/v1/runs", "/v1/batches", "/v1/webhooks", "/v1/assets"))
CURSORS = frozenset(("first", "next", "previous", "next_pq", "prev_pq"))
# What a cursor may hold that has a meaning of its own in an address.
ODD = "+/=&% "
AFTER, FIRST = "after ", "first "


def is_page(answer: Answer) -> bool:
    """Tells whether an answer is a page of a list, and not a record that has items."""
    body = answer.json if answer.method == "GET" and answer.status == 200 and is_of_the_api(answer) else None
    return isinstance(body, dict) and body.keys() >= {"items", "next"} and "id" not in body


def _with_odd_cursors(mutant: Mutant, answer: Answer) -> Answer:
    if not is_page(answer):
        return answer
    body = {name: ODD + value if name in CURSORS and value is not None else value for name, value in answer.json.items()}
    return answer.with_body(json.dumps(body).encode())


def _without_oddity(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    path, _, query = target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name == "pq" and value.startswith(ODD) for name, value in pairs):
        return method, target, headers, body
    return method, f"{path}?{'&'.join(f'{name}={quote(value.removeprefix(ODD))}' for name, value in pairs)}", headers, body


def _tells_of_another_always(mutant: Mutant, answer: Answer) -> Answer:
    """Who does not look whether more follows has a page without records after every other."""
    return _tells_of_another(mutant, answer, is_full=lambda items, limit: True)


def _tells_of_another(
    mutant: Mutant, answer: Answer, is_full: Callable[[list[Body], str | None], bool] = lambda items, limit: limit == str(len(items))
) -> Answer:
    """Who has filled a page does not know whether more follows, and has a page without records after it."""
    target = asked(mutant)[1]
    if not is_page(answer):
        return answer
    cursor, body = dict(parse_qsl(target.partition("?")[2])).get("pq", ""), answer.json
    is_back = "from_prev=true" in target
    if cursor.startswith(AFTER) and not is_back:
        first = body["first"] or cursor.replace(AFTER, FIRST)
        body = {**body, "items": [], "first": first, "next": None, "previous": cursor}
    elif body["next"] is None and is_full(body["items"], answer.query.get("limit")) and not is_back:
        body = {**body, "next": f"{AFTER}{target}"}
    twins = {"next_pq": body["next"], "prev_pq": body["previous"]} if "next_pq" in body else {}
    return answer.with_body(json.dumps({**body, **twins}).encode())


def _from_before(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    """Cursors of the page without records are addresses of the full one, which comes before it, or is the first."""
    cursor = re.search(rf"pq=(?:{quote(AFTER)}|{quote(FIRST)})([^&]*)", target)
    return method, target if cursor is None else unquote(cursor[1]), headers, body


def _with_hundreds(method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[str, str, dict[str, str], bytes | None]:
    """Pages for which nobody asked for a size are large."""
    path, _, query = target.partition("?")
    is_page = method == "GET" and path in PAGED and "limit=" not in query
    return method, f"{path}?{query}{'&' if query else ''}limit=200" if is_page else target, headers, body


PAGED_OTHERWISE: Mapping[str, Bug] = {
    "has cursors that have to be encoded": Bug(_with_odd_cursors, _without_oddity),
    "tells of another page after a full one": Bug(_tells_of_another, _from_before),
    "tells of another page after every other": Bug(_tells_of_another_always, _from_before),
    "has two hundred records on a page unless asked": Bug(lambda mutant, answer: answer, _with_hundreds),
}
