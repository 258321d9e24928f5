"""Flows of time: what holds later, or beside something else. Pages while records are made, filters in company, changes that take effect."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from runflow_mock.domain.signing import SignatureError
from runflow_mock.kit.suite.agreements import is_alike
from runflow_mock.kit.suite.balances import balance
from runflow_mock.kit.suite.flows import Flow, Needs
from runflow_mock.kit.suite.flows_of_callbacks import MOVES_MAX, check_signature, every_attempt
from runflow_mock.kit.suite.flows_of_runs import TERMINAL, create_batch, create_run
from runflow_mock.kit.suite.instants import is_before
from runflow_mock.kit.suite.lists import WHOLE, first_page, pages_of
from runflow_mock.kit.suite.offers import IMAGE
from runflow_mock.kit.suite.readings import content_of, expect
from runflow_mock.kit.suite.scenes import later
from runflow_mock.kit.suite.seeds import WORKFLOWS, upload
from runflow_mock.kit.suite.suite_tenants import FAIL, SuiteTenant

SIGNS = ("<", "<=", "=", ">=", ">")
# As many as a batch may have, and more than some servers put on a page.
ITEMS = 100
# What makes another record of a list.
MADE: Mapping[str, Callable[[SuiteTenant], Any]] = {
    "/v1/batches": lambda tenant: create_batch(tenant, 1),
    "/v1/callback-secrets": lambda tenant: tenant.post("/v1/callback-secrets", {"label": "suite"}),
    "/v1/webhooks": lambda tenant: tenant.post("/v1/webhooks", {"url": tenant.hook, "secret": "suite"}),
    "/v1/assets": upload,
}
# Each is refused before anything is made of it.
REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("runs", {}),
    ("runs", {"input": {"image_url": 1}}),
    ("runs", {"input": {}}),
    ("batches", {"input": []}),
    ("batches", {"input": [{"image_url": IMAGE}, {"image_url": 1}]}),
    ("batches", {"input": [{"image_url": IMAGE}], "items": [{"input": {"image_url": IMAGE}}]}),
)


def _pages_stay(tenant: SuiteTenant) -> Iterator[str]:
    """Who reads on from a cursor reads on where the page ended, whatever was made meanwhile, and in the same list."""
    made = [create_run(tenant)["id"] for _ in range(4)]
    before = [item["id"] for item in expect(tenant.get("/v1/runs?limit=500"), 200)["items"]]
    first = expect(tenant.get("/v1/runs?limit=2"), 200)
    create_run(tenant)
    second = expect(tenant.get(f"/v1/runs?limit=2&pq={quote(str(first['next']), safe='')}"), 200)
    told = [item["id"] for page in (first, second) for item in page["items"]]
    if told != before[:4]:
        yield f"a run is made between two pages, and the second page shows {len(set(told) & set(before[2:4]))} of the two that follow"
    for other in (f"q=id:'{made[0]}'", "sort_by=created_at:asc"):
        answer = tenant.get(f"/v1/runs?limit=2&pq={quote(str(first['next']), safe='')}&{other}")
        if answer.status != 422:
            yield f"a cursor of another list is taken: {answer.evidence}"
    for path, make in MADE.items():
        yield from _page_stays(tenant, path, make)


def _page_stays(tenant: SuiteTenant, path: str, make: Callable[[SuiteTenant], Any]) -> Iterator[str]:
    """In whatever order a list stands, what was on it before a page was read stands on its pages once."""
    for _ in range(4):
        make(tenant)
    before = [item["id"] for item in tenant.items(f"{path}?limit={WHOLE}")]
    first = tenant.get(f"{path}?limit=2")
    if not before and tenant.is_strict:
        return
    make(tenant)
    second = expect(tenant.get(f"{path}?limit=2&pq={quote(str(expect(first, 200)['next']), safe='')}"), 200)
    told = [item["id"] for page in (expect(first, 200), second) for item in page["items"]]
    kept = [each for each in told if each in before]
    if kept != before[: len(kept)] or len(kept) < len(told) - 1:
        yield f"something is made between two pages of {path}, and they show {len(set(told))} of what was there, or others"


def _filters_find_in_company(tenant: SuiteTenant) -> Iterator[str]:
    """A filter counts beside an order, on every page, and for every field that it names."""
    made: list[dict[str, Any]] = []
    for ref in ("suite-a", "suite b", "suite b", FAIL, "suite b"):
        if made:
            later(tenant)
        made.append(create_run(tenant, client_ref=ref))
    tenant.settle()
    wanted = [run["id"] for run in made if run["client_ref"] == "suite b"]
    sought = "q=" + quote("client_ref.EQ:'suite b'")
    for query, expected in ((f"{sought}&sort_by=created_at:asc", wanted), (f"{sought}&sort_by=created_at:desc", wanted[::-1])):
        found = [item["id"] for item in expect(tenant.get(f"/v1/runs?{query}"), 200)["items"]]
        if found != expected:
            yield f"/v1/runs?{query} finds {len(found)} runs, and {len(expected)} fit, or in another order"
    first = expect(tenant.get(f"/v1/runs?{sought}&limit=2"), 200)
    second = expect(tenant.get(f"/v1/runs?{sought}&limit=2&pq={quote(str(first['next']), safe='')}"), 200)
    paged = [item["id"] for page in (first, second) for item in page["items"]]
    if sorted(paged) != sorted(wanted):
        yield f"on two pages a filter finds {len(paged)} runs, and {len(wanted)} fit"
    yield from _goes_back(tenant, f"/v1/runs?{sought}&sort_by=created_at:asc&fields=id&limit=2", wanted)
    yield from _states_are_found(tenant, made)


def _goes_back(tenant: SuiteTenant, target: str, wanted: list[Any]) -> Iterator[str]:
    """On later pages and on the way back a filter, an order, the fields and the size of a page count as on the first."""
    first, second = list(pages_of(tenant, target, 2))
    back = expect(tenant.get(f"{target}&from_prev=true&pq={quote(str(second.get('previous')), safe='')}"), 200)
    records = [{"id": each} for each in wanted]
    for name, page, there in (
        ("first", first, records[:2]),
        ("second", second, records[2:]),
        ("first, on the way back,", back, records[:2]),
    ):
        if page["items"] != there:
            yield f"{target}: the {name} page has {str(page['items'])[:200]}, and these fit: {there}"


def _states_are_found(tenant: SuiteTenant, made: list[Any]) -> Iterator[str]:
    ended = {run["id"]: expect(tenant.get(f"/v1/runs/{run['id']}"), 200)["status_code"] for run in made}
    for state in sorted(set(ended.values())):
        found = {item["id"] for item in expect(tenant.get(f"/v1/runs?q=status_code:{state}"), 200)["items"]}
        if found != {each for each, told in ended.items() if told == state}:
            yield f"q=status_code:{state} finds {len(found)} runs, and {list(ended.values()).count(state)} are {state}"
    for up, down in (("asc", "desc"), ("desc", "asc")):
        items = expect(tenant.get(f"/v1/runs?sort_by=status_code:{up},id:{down}"), 200)["items"]
        for state in set(ended.values()):
            ids = [item["id"] for item in items if item["status_code"] == state]
            if ids != sorted(ids, reverse=down == "desc"):
                yield f"sorted by status_code:{up},id:{down} the ids of what is {state} stand in another order"


def _found_by(tenant: SuiteTenant, sought: str) -> set[str]:
    return {item["id"] for item in expect(tenant.get(f"/v1/runs?q={quote(sought, safe='')}"), 200)["items"]}


def _comparisons_find(tenant: SuiteTenant) -> Iterator[str]:
    """What lies before, at or after an instant is found by comparing with it."""
    made = []
    for _ in range(3):
        made.append(create_run(tenant))
        tenant.control.advance("2s")
    # What it is compared with is what is kept, which may be told less exactly than what was just made.
    middle = expect(tenant.get(f"/v1/runs/{made[1]['id']}"), 200)["created_at"]
    told = {sign: _found_by(tenant, f"created_at{sign}'{middle}'") for sign in SIGNS}
    first, second, third = (run["id"] for run in made)
    # Who keeps an instant more exactly than it is told finds it before or after what it is told to be: at one place, which all signs share.
    place = next((sign for sign in "<=>" if second in told[sign]), "=")
    for sign, ids in told.items():
        expected = {each for each, at in ((first, "<"), (second, place), (third, ">")) if at in sign}
        if ids != expected:
            yield f"q=created_at{sign}'{middle}' finds {len(ids)} of 3 runs, and {len(expected)} fit"
    # As texts, 10 comes before 2.
    few, many = (create_batch(tenant, items) for items in (2, 10))
    for sign, batch in ((">", many), ("<", few)):
        found = {item["id"] for item in tenant.items(f"/v1/batches?q=items_total{quote(sign)}9")}
        if found != {batch["id"]} and not tenant.is_strict:
            yield f"q=items_total{sign}9 finds {len(found)} of a batch of 2 and one of 10 items"
    tenant.items("/v1/batches?sort_by=items_total:asc")


def _pages_have_room(tenant: SuiteTenant) -> Iterator[str]:
    """A page has as many records as were asked for, where there are as many."""
    batch = create_batch(tenant, ITEMS)
    create_run(tenant)
    for path, there in ((f"/v1/batches/{batch['id']}/items", ITEMS), ("/v1/runs", ITEMS + 1)):
        items = first_page(tenant, path).items
        if len(items) != there:
            yield f"{path} has {there} records, and a page for {WHOLE} has {len(items)}"


def _changes_are_dated(tenant: SuiteTenant) -> Iterator[str]:
    """What is changed says so from then on."""
    secret = expect(tenant.post("/v1/callback-secrets", {"label": "suite"}), 201)
    workflow = expect(tenant.post(WORKFLOWS, {"name": "suite", "description": "A workflow of the suite", "workflow_json": {}}), 201)
    expect(tenant.send("PATCH", "/v1/billing/balance", {"low_balance_threshold": 4}), 200)
    for path, body in (
        (f"/v1/callback-secrets/{secret['id']}", {"label": "changed"}),
        (f"{WORKFLOWS}/{workflow['id']}", {"name": "changed"}),
        ("/v1/billing/balance", {"low_balance_threshold": 5}),
    ):
        before = expect(tenant.get(path), 200)
        tenant.control.advance("2s")
        changed = expect(tenant.send("PATCH", path, body), 200)
        was, now, kept = (record.get("updated_at") for record in (before, changed, expect(tenant.get(path), 200)))
        if None not in (was, now, kept) and not (is_before(was, now) and is_alike("updated_at", now, kept)):
            yield f"{path} was changed, and its updated_at was {was!r} and is {now!r}, and later {kept!r}"


def _refusals_are_free(tenant: SuiteTenant) -> Iterator[str]:
    """What is refused costs nothing and makes nothing."""
    before = balance(tenant)
    for noun, body in REFUSED:
        expect(tenant.post(tenant.offer.runs if noun == "runs" else tenant.offer.batches, body), 422)
    # Of a balance only the threshold of its warning can be changed; who asks for more is refused, or it is not looked at.
    tenant.send("PATCH", "/v1/billing/balance", {"low_balance_threshold": 5, "balance": str(before + 1)})
    if balance(tenant) != before:
        yield f"requests that were refused lowered the balance by {before - balance(tenant)}"
    made = len(expect(tenant.get("/v1/runs"), 200)["items"]) + len(tenant.items("/v1/batches"))
    if made:
        yield f"requests that were refused made {made} records"


def _things_happen_in_their_time(tenant: SuiteTenant) -> Iterator[str]:
    """What is made tells what time it is; the laws hold against that when something is told to have happened."""
    paths = (f"/v1/runs/{create_run(tenant)['id']}", f"/v1/batches/{create_batch(tenant, 2)['id']}")
    for _ in range(MOVES_MAX):
        expect(tenant.post("/v1/callback-secrets", {"label": "suite"}), 201)
        read = [expect(tenant.get(path), 200)["status_code"] for path in paths]
        if not tenant.control.next():
            break
    if not {*read} <= TERMINAL:
        yield f"nothing is due any more, and {', '.join(paths)} are {read}"


def _webhooks_change(tenant: SuiteTenant) -> Iterator[str]:
    """From its change on a webhook gets the events that it asks for now, where it is now, signed with the secret that it has now."""
    body: dict[str, Any] = {"url": tenant.hook, "secret": "suite-before", "event_subscriptions": [{"event_type_code": "run.failed"}]}
    path = f"/v1/webhooks/{expect(tenant.post('/v1/webhooks', body), 201)['id']}"
    place = f"{tenant.hook}/moved"
    change = {"url": place, "secret": "suite-after", "event_subscriptions": [{"event_type_code": "run.completed"}]}
    expect(tenant.send("PATCH", path, change), 200)
    runs = [create_run(tenant, client_ref=ref)["id"] for ref in ("fine", FAIL)]
    heard = every_attempt(tenant)
    if [content_of(attempt).get("run_id") for attempt in heard] != runs[:1]:
        yield f"a webhook that asks for run.completed now is sent {[content_of(attempt).get('event') for attempt in heard]}"
    for attempt in heard:
        if attempt.url != place:
            yield f"a webhook was moved to {place}, and {attempt.url} is told"
        try:
            check_signature(attempt, "suite-after")
        except SignatureError as error:
            yield f"the secret was changed: {error.evidence}"


FLOWS: tuple[Flow, ...] = (
    Flow(
        "page_stays",
        "a cursor leads on from where its page ended, whatever was made since, and in its own list alone",
        Needs.CONTROL,
        _pages_stay,
        5,
    ),
    Flow("filter_finds_in_company", "a filter counts beside an order and on every page", Needs.CONTROL, _filters_find_in_company, 5),
    Flow("comparison_finds", "what is compared with an instant is found before, at and after it", Needs.CONTROL, _comparisons_find, 3),
    Flow("page_has_room", "a page has as many records as were asked for", Needs.CONTROL, _pages_have_room, 101),
    Flow("instant_is_true", "what happens is told to have happened then", Needs.CONTROL, _things_happen_in_their_time, 3),
    Flow("change_is_dated", "what is changed says when", Needs.CONTROL, _changes_are_dated),
    Flow("refusal_is_free", "what is refused costs nothing and makes nothing", Needs.CONTROL, _refusals_are_free),
    Flow("webhook_changes", "a webhook's new address, events and secret count from their change on", Needs.CONTROL, _webhooks_change, 2),
)
