"""Flows of owners: what belongs to an organization is its own, comes back as it was sent, and stops being sent when it is told to."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from runflow_mock.domain.documents import write_document
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.crawls import is_served, operation_at
from runflow_mock.kit.suite.flows import Flow, Needs
from runflow_mock.kit.suite.flows_of_callbacks import every_attempt
from runflow_mock.kit.suite.flows_of_runs import create_batch, create_run, ended
from runflow_mock.kit.suite.laws_of_items import unsigned
from runflow_mock.kit.suite.readings import content_of, expect
from runflow_mock.kit.suite.requests import WRITES, Request
from runflow_mock.kit.suite.seeds import WORKFLOWS, seed, upload
from runflow_mock.kit.suite.suite_tenants import SuiteTenant
from runflow_mock.openapi.contracts import packaged_contract

# Below these paths stands what an organization made, and nothing of the catalogue.
OWN = (
    *("/v1/runs", "/v1/batches", "/v1/callback-secrets", "/v1/assets", "/v1/asset-uploads", "/v1/webhooks", "/v1/evaluations"),
    WORKFLOWS,
)
# Where what is made of something stands under the id of that.
SEEN_AT: Mapping[str, tuple[str, ...]] = {"asset-uploads": ("/v1/assets",)}
BALANCE = "/v1/billing/balance"
LABEL = "suite-inside"
NOT_LISTED = ("/v1/evaluations", "/v1/asset-uploads")
ID_LETTERS = 36
# Tenants of one seed make the same ids.
OTHER = "another organization"
OFF = "2026-01-01T00:00:00.000Z"
# What some server keeps otherwise: other alphabets, both forms of a letter, beyond the first plane, blanks, length, ends of lines, depth, a
# text without letters, nothing, and numbers at the border of what JavaScript has.
ODD_TEXT = '  Ærøskøbing Ärger\u0301 日本語 🎨 <b>&amp;</b> "quoted" \\ back\tslash/ '
ODD: dict[str, Any] = {
    "text": ODD_TEXT,
    "long": "x" * 2000,
    "lines": "one\r\ntwo\n\n",
    "": "no name",
    "Grün": [],
    "empty": {},
    "no letters": "",
    "nothing": None,
    "is": [True, False, 0, 1, 0.5, -1.5e-7, 9007199254740991],
    "deep": {"a": [{"b": [[[{"c": "end"}]]]}]},
    "id": "of the caller",
    "2026-01-01T00:00:00.000Z": "1.0",
}


def _records_are_closed_to_others(tenant: SuiteTenant) -> Iterator[str]:
    """What one organization made is not there for another one: it is neither read, listed nor changed."""
    paths = [path for path in seed(tenant) if _is_of_one_record(path)]
    mine = {path.split("/")[3] for path in paths}
    with tenant.target.open(seed=OTHER) as other:
        for path in paths:
            answer = other.get(path)
            if answer.status not in (404, 405):
                yield f"{path} belongs to somebody else, and is answered {answer.status}"
        for path in OWN:
            if path not in NOT_LISTED:
                listed = {str(item["id"]) for item in other.items(f"{path}?limit=500")}
                yield from (f"{path} lists {each}, which belongs to somebody else" for each in sorted(listed & mine)[:1])
        yield from _is_closed_by_name(tenant, other)
        yield from _is_done_by_others(tenant, other)


def _is_closed_by_name(tenant: SuiteTenant, other: SuiteTenant) -> Iterator[str]:
    """A workflow that is not public is not there for another organization under its name either."""
    owner = expect(tenant.get("/v1/auth/me"), 200)["memberships"][0]["org"]["slug"]
    for workflow in tenant.items(WORKFLOWS):
        path = f"{WORKFLOWS}/{quote(str(owner))}/{quote(str(workflow.get('slug')))}"
        if workflow.get("is_public") is not False or tenant.get(path).status != 200:
            continue
        for answer in (other.get(path), other.get(f"{path}/runs"), other.post(f"{path}/runs", {"input": {}})):
            if answer.status not in (403, 404):
                yield f"{answer.method} {answer.path} is of a workflow that somebody else has to himself: {answer.evidence}"


def _is_of_one_record(path: str) -> bool:
    """Tells whether a path is below a record that an organization made."""
    return path.startswith(OWN) and [len(part) for part in path.split("/")[3:4]] == [ID_LETTERS]


def _is_done_by_others(tenant: SuiteTenant, other: SuiteTenant) -> Iterator[str]:
    """Whatever can be done to a record is refused to others, as of what is not there, and is not done."""
    for declared in packaged_contract().operations:
        # What an administrator may do to whose records is the service's own.
        if declared.id not in WRITES or not is_served(declared, tenant) or "/admin/" in declared.path:
            continue
        path, body = WRITES[declared.id](tenant)
        if _is_of_one_record(path):
            yield from _is_closed(tenant, other, Request(declared, path, body))
    run = create_run(tenant)["id"]
    refers = {**WRITES["create_evaluation"](tenant)[1], "run_id": run}
    looked_at = (f"/v1/runs/{run}", f"/v1/runs/{run}/evaluations", BALANCE)
    before = _seen(tenant, looked_at)
    answer = other.post("/v1/evaluations", refers)
    if answer.status < 300:
        yield f"a run that belongs to somebody else is evaluated: {answer.evidence}"
    yield from _is_the_same(tenant, answer, before)


def _is_closed(tenant: SuiteTenant, other: SuiteTenant, request: Request) -> Iterator[str]:
    """To the owner a record, and what stands where the request is sent, is the same before and after somebody else tried."""
    parts = request.path.split("/")
    above = ["/".join(parts[:depth]) for depth in range(4, len(parts) + 1)]
    looked_at = (*above, *(f"{place}/{parts[3]}" for place in SEEN_AT.get(parts[2], ())), f"{above[0]}/callback", BALANCE)
    before = _seen(tenant, looked_at)
    answer = request.send(other)
    if answer.status != 404:
        yield f"{answer.method} {request.path} changes what belongs to somebody else: {answer.evidence}"
    yield from _is_the_same(tenant, answer, before)


def _is_the_same(tenant: SuiteTenant, tried: Answer, before: Mapping[str, Any]) -> Iterator[str]:
    for path, now in _seen(tenant, before).items():
        if now != before[path]:
            yield f"{tried.method} {tried.path} was tried by somebody else, and {path} is another after it: {str(now)[:300]}"


def _seen(tenant: SuiteTenant, paths: Iterable[str]) -> Mapping[str, Any]:
    """What is told at each path where something can be read."""
    answers = (tenant.get(path) for path in paths if _is_read(path))
    return {answer.path: (answer.status, unsigned(answer.json)) for answer in answers}


def _is_read(path: str) -> bool:
    addressed = packaged_contract().address(path)
    return addressed is not None and operation_at(addressed.path) is not None


def _records_are_below_their_own(tenant: SuiteTenant) -> Iterator[str]:
    """What belongs to one record is not there below another one of its kind."""
    expect(tenant.post("/v1/webhooks", {"url": f"{tenant.hook}/other", "secret": "suite"}), 201)
    paths = [path.split("/") for path in seed(tenant) if _is_of_one_record(path)]
    for parts in paths:
        if [len(part) for part in parts[5:6]] != [ID_LETTERS]:
            continue
        other = next((each[3] for each in paths if each[2] == parts[2] and each[3] != parts[3]), None)
        path = "/".join((*parts[:3], str(other), *parts[4:]))
        is_there = other is not None and tenant.get("/".join(parts)).status == 200
        answer = tenant.get(path) if is_there else None
        if answer is not None and answer.status != 404:
            yield f"{path} is answered {answer.status}, and its last part belongs to {parts[3]}"


def _inputs_are_ones_own(tenant: SuiteTenant) -> Iterator[str]:
    """What belongs to one organization is neither found by another one, nor taken by its runs, nor told to its webhooks."""
    asset = upload(tenant)
    with tenant.target.open(seed=OTHER) as other:
        webhook = {"url": other.hook, "secret": "suite-other", "event_subscriptions": [{"event_type_code": "run.completed"}]}
        expect(other.post("/v1/webhooks", webhook), 201)
        run = create_run(tenant, callback_url=tenant.hook)
        tenant.settle()
        other.control.run_until_idle()
        for attempt in other.pull():
            yield f"the webhook of one organization is told of the run {content_of(attempt).get('run_id')} of another one"
        for path, record_id in (("/v1/runs", run["id"]), ("/v1/assets", asset)):
            found = other.items(f"{path}?q=id.EQ:'{record_id}'")
            if found:
                yield f"{path}?q=id.EQ finds {found[0].get('id')}, which belongs to another organization"
        answer = other.post(other.offer.runs, {"input": {**other.offer.input, "image_url": f"runflow://assets/{asset}"}})
        if answer.status < 300 and ended(other, f"/v1/runs/{expect(answer, answer.status)['id']}")["status_code"] == "succeeded":
            yield f"a run succeeds on an asset that belongs to another organization: {answer.evidence}"


def _keys_are_ones_own(tenant: SuiteTenant) -> Iterator[str]:
    """An idempotency key that somebody else used is new to whoever has not used it."""
    headers = {"Idempotency-Key": f"{tenant.mark}-shared"}
    body = {"input": tenant.offer.input, "client_ref": tenant.mark}
    first = expect(tenant.post(tenant.offer.runs, body, headers=headers), 201)
    with tenant.target.open(seed=OTHER) as other:
        answer = other.post(tenant.offer.runs, body, headers=headers)
        if answer.status != 201 or expect(answer, 201)["id"] == first["id"]:
            yield f"a key that another organization used is answered with what that one made: {answer.evidence}"


def _odd_values_are_kept(tenant: SuiteTenant) -> Iterator[str]:
    """Whatever a caller puts into its own fields comes back to the last character, in answers, lists and callbacks."""
    sent = {"client_ref": ODD_TEXT, "metadata": ODD}
    run = create_run(tenant, callback_url=tenant.hook, **sent)
    batch = create_batch(tenant, 1, callback_url=tenant.hook, metadata=ODD)
    contents = [content_of(attempt) for attempt in every_attempt(tenant)]
    told = {content.get("run_id") or content.get("batch_id"): content for content in contents}
    for path, made in ((f"/v1/runs/{run['id']}", run), (f"/v1/batches/{batch['id']}", batch)):
        read = ended(tenant, path)
        listed = next((item for item in tenant.items(path.rpartition("/")[0]) if item["id"] == made["id"]), read)
        heard: dict[str, Any] = told.get(made["id"], {})
        for name, record in (("the answer", made), ("reading it", read), ("the list", listed), ("the callback", heard)):
            yield from _other_than_sent(f"{path}: {name}", "metadata", record.get("metadata"))
            if made is run and record.get("client_ref", ODD_TEXT) != ODD_TEXT:
                yield f"{path}: client_ref was sent as {ODD_TEXT!r}, and {name} has {record.get('client_ref')!r}"
    yield from _inputs_are_kept(tenant)


def _inputs_are_kept(tenant: SuiteTenant) -> Iterator[str]:
    """A label inside an input is a label, and what a model does not know is taken and kept as it came."""
    labelled = {**tenant.offer.input, "client_ref": LABEL}
    run = create_run(tenant, input=labelled)
    items = expect(tenant.post(tenant.offer.batches, {"input": [labelled]}), 201).get("items") or [{}]
    for what, told in (("a run", run.get("client_ref", LABEL)), ("an item", items[0].get("client_ref", LABEL))):
        if told != LABEL:
            yield f"the label {LABEL!r} was sent inside the input of {what}, which is told with {told!r}"
    more = create_run(tenant, input={**tenant.offer.input, "suite_note": ODD})
    path = f"/v1/runs/{more['id']}"
    yield from _other_than_sent(f"{path}: the input", "suite_note", expect(tenant.get(path), 200)["input"].get("suite_note"))


def _other_than_sent(place: str, what: str, told: Any) -> Iterator[str]:
    if not isinstance(told, dict) or told.keys() != ODD.keys():
        yield f"{place} has as {what} {str(told)[:200]}, and it was sent with the keys {list(ODD)}"
        return
    for name, value in ODD.items():
        # As JSON, in which true is not 1.
        if write_document(told.get(name)) != write_document(value):
            yield f"{place} has in its {what} {name!r} as {str(told.get(name))[:200]!r}, and it was sent as {str(value)[:200]!r}"


def _webhooks_stop(tenant: SuiteTenant) -> Iterator[str]:
    """A webhook that is off, deleted or asks for other events gets nothing, and one that is on again does."""
    made = []
    for name, events in (("off", ["run.completed"]), ("gone", ["run.completed"]), ("other", ["run.failed"]), ("on", ["run.completed"])):
        body = {"url": f"{tenant.hook}/{name}", "secret": "suite", "event_subscriptions": [{"event_type_code": each} for each in events]}
        made.append(expect(tenant.post("/v1/webhooks", body), 201)["id"])
    off, gone, _, on = made
    expect(tenant.send("PATCH", f"/v1/webhooks/{off}", {"disabled_at": OFF}), 200)
    expect(tenant.send("PATCH", f"/v1/webhooks/{on}", {"disabled_at": OFF}), 200)
    expect(tenant.send("PATCH", f"/v1/webhooks/{on}", {"disabled_at": None}), 200)
    if tenant.send("DELETE", f"/v1/webhooks/{gone}").status != 204:
        yield "a webhook cannot be deleted"
    create_run(tenant)
    heard = sorted(attempt.url.rpartition("/")[2] for attempt in every_attempt(tenant))
    if heard != ["on"]:
        yield f"of webhooks that are off, gone, for other events and on again, these were told of a run that succeeded: {heard}"


FLOWS: tuple[Flow, ...] = (
    Flow("record_is_ones_own", "what one organization made is not there for another one", Needs.CONTROL, _records_are_closed_to_others),
    Flow("part_is_below_its_own", "what belongs to one record is not there below another", Needs.CONTROL, _records_are_below_their_own),
    Flow("input_is_ones_own", "what belongs to others is neither found nor taken", Needs.CONTROL, _inputs_are_ones_own, 2),
    Flow("key_is_ones_own", "a key that somebody else used is new to others", Needs.CONTROL, _keys_are_ones_own),
    Flow("odd_value_is_kept", "what belongs to the caller comes back to the last character", Needs.CONTROL, _odd_values_are_kept, 5),
    Flow("webhook_stops", "a webhook that is off or gone gets nothing", Needs.CONTROL, _webhooks_stop, 1),
)
