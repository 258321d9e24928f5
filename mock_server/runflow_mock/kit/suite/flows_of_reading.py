"""Flows of reading: keys, pages, filters, routes, what is gone, and input that nobody should send."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from runflow_mock.kit.suite.flows import Flow, Needs
from runflow_mock.kit.suite.flows_of_runs import create_run
from runflow_mock.kit.suite.lists import pages_of
from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.scenes import later
from runflow_mock.kit.suite.seeds import ABSENT, WORKFLOWS, upload
from runflow_mock.kit.suite.suite_tenants import SuiteTenant

READS = ("/v1/auth/me", "/v1/billing/balance", "/v1/models", "/v1/runs", "/v1/batches", "/v1/callback-secrets", "/v1/webhooks")
# As what a key is not sent.
SCHEMES = ("Basic ", "Token ", "")
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
ODD_BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b'{"input": 1}',
    b'{"input": null}',
    b'{"input": []}',
    b'{"input": {}, "metadata": "text"}',
    b'{"input": {"image_url": {"deep": [[[[[[[[]]]]]]]]}}}',
    b'{"input": {"image_url": "https://a.example/\\u0000"}, "client_ref": 1e400}',
    b'{"input": {"image_url": "https://a.example/a.png"}, "callback_url": "gopher://a"}',
    b"[" * 5000,
)
ODD_QUERIES = (
    "limit=0",
    "limit=501",
    "limit=x",
    "limit=1e3",
    "pq=%00",
    "pq=x",
    "q=%27",
    "q=(((",
    "sort_by=nonsense",
    "fields=nonsense",
)
ODD_IDS = ("0", "%00", "..", "%F0%9F%98%80", "0" * 500, ABSENT.upper(), "null")


def _keys_are_needed(tenant: SuiteTenant) -> Iterator[str]:
    yield from _others_are_no_keys(tenant)
    for path in READS:
        for key in (None, "rf_live_mock_", "nonsense"):
            answer = tenant.get(path, key=key)
            if answer.status != 401:
                yield f"GET {path} with key {key!r} is answered {answer.status}"
    unknown = tenant.get(f"/v1/runs/{ABSENT}", key=None)
    if unknown.status != 401:
        yield f"without a key, what is absent is told: {unknown.status}"
    for path in ("/v1/health", "/v1/readiness", "/v1/public/models"):
        if tenant.get(path, key=None).status != 200:
            yield f"GET {path} needs a key"


def _others_are_no_keys(tenant: SuiteTenant) -> Iterator[str]:
    """A key counts as it is written, as a bearer token, and for the head of an answer as for the whole."""
    for path in READS:
        head = tenant.send("HEAD", path, key=None)
        if head.status < 300:
            yield f"HEAD {path} is answered {head.status} without a key"
        if tenant.get(path, key=tenant.key.swapcase()).status != 401:
            yield f"GET {path} is open to the key in other capitals"
    named = schemes_in(tenant.get(READS[0], key=None).headers.get("www-authenticate", ""))
    # Whoever names another way may let in by it.
    for scheme in (each for each in SCHEMES if not each or each.strip().lower() not in named):
        answer = tenant.get(READS[0], key=None, headers={"Authorization": f"{scheme}{tenant.key}"})
        if answer.status != 401:
            yield f"a key is taken as {scheme.strip() or 'nothing'!r}, and not as a bearer token alone: {answer.evidence}"


def schemes_in(challenges: str) -> frozenset[str]:
    """Returns the schemes that challenges name, in small letters; their parameters, whatever stands in them, are none."""
    parts = (part.split() for part in QUOTED.sub('""', challenges).lower().split(","))
    return frozenset(words[0] for words in parts if words and "=" not in words[0] and words[1:2] != ["="])


def _read(tenant: SuiteTenant, path: str, limit: int) -> tuple[list[Any], bool]:
    """Returns the ids on the pages of a list, as far as they are read, and whether they are all."""
    pages = list(pages_of(tenant, f"{path}{'&' if '?' in path else '?'}limit={limit}"))
    return [item["id"] for page in pages for item in page["items"]], pages[-1].get("next") is None


def _lists_are_complete(tenant: SuiteTenant) -> Iterator[str]:
    made: list[str] = []
    for _ in range(5):
        if made:
            # In which order stands what was made in one moment is the server's own.
            later(tenant)
        made.append(create_run(tenant, client_ref=f"{tenant.mark}-page")["id"])
    # Others go on working in an account, whose list moves and may be longer than what is read of it.
    own = "/v1/runs" if tenant.has_control else f"/v1/runs?q=client_ref.EQ:'{tenant.mark}-page'"
    for limit in (1, 2, 3, 5):
        ids, _ = _read(tenant, own, limit)
        if len(ids) != len(set(ids)):
            yield f"pages of {limit} show a run twice"
        if not set(made) <= set(ids):
            yield f"pages of {limit} leave out {len(set(made) - set(ids))} of 5 runs"
    order = f"{own}{'&' if '?' in own else '?'}sort_by=created_at"
    (ascending, _), (descending, _) = (_read(tenant, f"{order}:{way}", 2) for way in ("asc", "desc"))
    if ascending != descending[::-1]:
        yield "a list sorted up is not the list sorted down, turned round"


def _catalog_is_complete(tenant: SuiteTenant) -> Iterator[str]:
    for path in ("/v1/models", "/v1/public/models"):
        whole, _ = _read(tenant, path, 500)
        parts, is_all = _read(tenant, path, 20)
        wanted = whole if is_all else whole[: len(parts)]
        if len(set(whole)) != len(whole) or sorted(parts) != sorted(wanted):
            yield f"{path} has {len(wanted)} records on large pages and {len(parts)} on pages of 20"


def _filters_find(tenant: SuiteTenant) -> Iterator[str]:
    # The others begin as the one that is sought, or are it but for capitals.
    label = f"{tenant.mark}-é1"
    runs = [create_run(tenant, client_ref=ref) for ref in (f"{label}0", label, label.upper())]
    named = quote(f"client_ref.EQ:'{label}'")
    found = expect(tenant.get(f"/v1/runs?q={named}&fields=id,status_code"), 200)["items"]
    if [item["id"] for item in found] != [runs[1]["id"]]:
        yield f"a filter for one of 3 runs finds {len(found)}"
    if any(set(item) != {"id", "status_code"} for item in found):
        yield f"two fields were asked for and came back as {[sorted(item) for item in found]}"
    # An account has many others that are not sought.
    among = " OR ".join(f"id:'{run['id']}'" for run in runs)
    sought = f"({among}) AND NOT client_ref:'{label}'"
    others = expect(tenant.get(f"/v1/runs?q={quote(sought)}"), 200)["items"]
    if {item["id"] for item in others} != {runs[0]["id"], runs[2]["id"]}:
        yield f"a filter for all but one of 3 runs finds {len(others)}"


def _routes_are_told_apart(tenant: SuiteTenant) -> Iterator[str]:
    plain, encoded = tenant.get(tenant.offer.path), tenant.get(f"/v1/models/{quote(tenant.offer.model, safe='')}")
    if (plain.status, plain.body) != (200, encoded.body):
        yield f"an id with %2F is not the id with /: {encoded.evidence}"
    # The laws hold it against the GET before it.
    for method in ("GET", "HEAD"):
        tenant.send(method, "/v1/runs")
    if "items" not in expect(tenant.get(f"{tenant.offer.path}/pricing"), 200):
        yield "the prices of a model are taken for a model"
    for method, path in (("GET", tenant.offer.runs), ("GET", tenant.offer.batches), ("DELETE", tenant.offer.path), ("PUT", "/v1/runs")):
        answer = tenant.send(method, path)
        if answer.status not in (404, 405) or (answer.status == 405 and not answer.headers.get("allow")):
            yield f"{method} {path} is answered {answer.status} with Allow {answer.headers.get('allow')!r}"
    for path in (f"{tenant.offer.runs}/", "/v1/", "/v1/nothing", "/v1/jobs/1"):
        if tenant.get(path).status != 404:
            yield f"GET {path} leads somewhere"


def _what_is_deleted_is_gone(tenant: SuiteTenant) -> Iterator[str]:
    secrets = [expect(tenant.post("/v1/callback-secrets", {"label": f"suite-{number}"}), 201) for number in range(2)]
    path = f"/v1/callback-secrets/{secrets[1]['id']}"
    beside, webhook = (
        expect(tenant.post("/v1/webhooks", {"url": tenant.hook, "secret": "suite", "event_subscriptions": []}), 201) for _ in range(2)
    )
    stays, workflow = (
        expect(tenant.post(WORKFLOWS, {"name": name, "description": "A workflow of the suite", "workflow_json": {}}), 201)
        for name in (f"{tenant.mark} stays", tenant.mark)
    )
    for gone, change in ((path, {"label": "changed"}), (f"/v1/webhooks/{webhook['id']}", {"url": f"{tenant.hook}/changed"})):
        yield from _is_deleted(tenant, gone)
        answer = tenant.send("PATCH", gone, change)
        if answer.status != 404:
            yield f"what was deleted is changed: {answer.evidence}"
    expect(tenant.get(f"{WORKFLOWS}/{workflow['id']}"), 200)
    expect(tenant.send("DELETE", f"{WORKFLOWS}/{workflow['id']}"), 204)
    if any(item["id"] == workflow["id"] for item in tenant.items(f"{WORKFLOWS}?limit=500")):
        yield "a workflow that was deleted is still listed"
    # Its record is kept, and may be read by whoever knows it; then it says that it was deleted.
    kept = tenant.get(f"{WORKFLOWS}/{workflow['id']}")
    if kept.status != 404 and expect(kept, 200).get("deleted_at") is None:
        yield f"a workflow that was deleted is read as if it were there: {kept.evidence}"
    listed = tenant.items("/v1/callback-secrets")
    if any(item["id"] == secrets[1]["id"] for item in listed):
        yield "a deleted secret is in the list"
    asset = upload(tenant)
    yield from _is_deleted(tenant, f"/v1/assets/{upload(tenant)}")
    # What was not deleted is there as it was: the laws know that it was made.
    for path in (f"/v1/callback-secrets/{secrets[0]['id']}", f"/v1/webhooks/{beside['id']}", f"{WORKFLOWS}/{stays['id']}"):
        tenant.get(path)
    tenant.get(f"/v1/assets/{asset}")


def _is_deleted(tenant: SuiteTenant, path: str) -> Iterator[str]:
    expect(tenant.get(path), 200)
    if tenant.send("DELETE", path).status != 204:
        yield f"DELETE {path} is refused"
    place, _, gone = path.rpartition("/")
    if any(item["id"] == gone for item in tenant.items(f"{place}?limit=500")):
        yield f"what was deleted is still listed at {place}"
    again = (tenant.get(path).status, tenant.send("DELETE", path).status)
    if again != (404, 404):
        yield f"what was deleted is read with {again[0]} and deleted again with {again[1]}"


def _secrets_are_shown_once(tenant: SuiteTenant) -> Iterator[str]:
    made = expect(tenant.post("/v1/callback-secrets", {"label": "suite"}), 201)
    secret = made.get("plain_secret")
    if not secret:
        yield "a new secret is not shown"
        return
    for path in ("/v1/callback-secrets", f"/v1/callback-secrets/{made['id']}"):
        if secret.encode() in tenant.get(path).body:
            yield f"GET {path} shows the secret again"


def _odd_input_is_refused(tenant: SuiteTenant) -> Iterator[str]:
    for path in (tenant.offer.runs, tenant.offer.batches, "/v1/batches", "/v1/webhooks", "/v1/asset-uploads", "/v1/evaluations"):
        for body in ODD_BODIES:
            answer = tenant.send("POST", path, raw=body or b" ")
            if not 400 <= answer.status < 500:
                yield f"{body[:60]!r} is answered {answer.status}: {answer.evidence}"
    yield from _odd_reads(tenant)


def _odd_reads(tenant: SuiteTenant) -> Iterator[str]:
    for query in ODD_QUERIES:
        answer = tenant.get(f"/v1/runs?{query}")
        if answer.status >= 500 or answer.status < 400:
            yield f"GET /v1/runs?{query} is answered {answer.status}"
    for odd in ODD_IDS:
        for noun in ("runs", "batches", "assets", "models"):
            answer = tenant.get(f"/v1/{noun}/{odd}")
            if not 400 <= answer.status < 500:
                yield f"GET /v1/{noun}/{odd[:40]} is answered {answer.status}"


def _other_organizations_are_closed(tenant: SuiteTenant) -> Iterator[str]:
    answer = tenant.get("/v1/runs", headers={"X-Organization-Id": ABSENT})
    if answer.status != 403:
        yield f"the organization of somebody else is open: {answer.evidence}"
    # A key may be that of one among several organizations of its owner.
    mine = tenant.get("/v1/billing/balance")
    own = tenant.get("/v1/billing/balance", headers={"X-Organization-Id": expect(mine, 200)["org_id"]}) if mine.status == 200 else mine
    if own.status != mine.status:
        yield f"one's own organization is closed to who names it: {own.evidence}"


FLOWS: tuple[Flow, ...] = (
    Flow("key_is_needed", "without a key that is known there is a 401, before anything else", Needs.READING, _keys_are_needed),
    Flow("catalog_is_complete", "pages of models are complete and disjoint", Needs.READING, _catalog_is_complete),
    Flow(
        "routes_are_told_apart",
        "ids with slashes, fixed words and methods are told apart",
        Needs.READING,
        _routes_are_told_apart,
    ),
    Flow("odd_read_is_refused", "odd ids and queries are refused, and nothing fails", Needs.READING, _odd_reads),
    Flow("organization_is_closed", "a key acts for its own organizations only", Needs.READING, _other_organizations_are_closed),
    Flow(
        "list_is_complete",
        "pages of runs of any size are complete and disjoint, and those sorted down are those sorted up, turned round",
        Needs.CREATING,
        _lists_are_complete,
        5,
    ),
    Flow("filter_finds", "a filter finds exactly what it says, with the fields asked for", Needs.CREATING, _filters_find, 3),
    Flow("deleted_is_gone", "what was deleted is not found, listed or deleted again", Needs.CREATING, _what_is_deleted_is_gone),
    Flow("secret_is_shown_once", "a secret is shown when it is made and never again", Needs.CREATING, _secrets_are_shown_once),
    Flow("odd_input_is_refused", "bodies that make no sense are refused, and nothing fails", Needs.CREATING, _odd_input_is_refused),
)
