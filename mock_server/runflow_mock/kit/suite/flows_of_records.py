"""Flows of records: noun by noun, everything that can be read is read, in every way in which it can be read."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from runflow_mock.kit.suite import scenes
from runflow_mock.kit.suite.agreements import is_alike
from runflow_mock.kit.suite.crawls import Crawl, is_served, operation_at
from runflow_mock.kit.suite.flows import Flow, Needs, Play
from runflow_mock.kit.suite.lists import WHOLE, first_page, list_is_kept
from runflow_mock.kit.suite.offers import INPUT, MODEL, RUNS
from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.seeds import PUBLISHED, WORKFLOWS
from runflow_mock.kit.suite.suite_tenants import SuiteTenant

MODELS_PATH, CREATORS, SOLUTIONS = "/v1/models", "/v1/model-creators", "/v1/solutions"
FLOWS_PATH, SUMMARIES = "/v1/flows", "/v1/flow-summaries"
# A scene makes at most so many of a noun.
ITEMS_MADE_MAX = 8
# There are few creators, and what one of them alone has is seen where each is read.
CREATORS_MAX = 50
# A catalogue may be long, and a service is asked twice in a second.
MODELS_READ_MAX = 60
# Of the examples under `any`, so many with each name of an input are read by themselves, so many whose input has none, and one of a model.
EXAMPLES_OF_A_NAME = 2
NAMELESS = ("",)
# Where a noun stands, and what is made in the tenant before it is read.
MADE: Mapping[str, tuple[tuple[str, ...], Callable[[SuiteTenant], None]]] = {
    "runs": (("/v1/runs",), scenes.fill_runs),
    "batches": (("/v1/batches",), scenes.fill_batches),
    "callback_secrets": (("/v1/callback-secrets",), scenes.fill_secrets),
    "assets": (("/v1/assets",), scenes.fill_assets),
    "webhooks": (("/v1/webhooks",), scenes.fill_webhooks),
}


def _reads(paths: tuple[str, ...], fill: Callable[[SuiteTenant], None] | None = None, *, items_max: int = ITEMS_MADE_MAX) -> Play:
    """Returns what fills a tenant and reads everything below some paths."""

    def play(tenant: SuiteTenant) -> Iterator[str]:
        if fill is not None:
            fill(tenant)
        for path in paths:
            yield from Crawl(tenant, items_max=items_max).below(path, path)

    return play


def _reads_models(tenant: SuiteTenant) -> Iterator[str]:
    yield from Crawl(tenant, {MODELS_PATH: (tenant.offer.model,)}).below(MODELS_PATH, MODELS_PATH)
    # The order of several outputs is seen where a model has several.
    listed = tenant.get(f"{MODELS_PATH}?limit=500&embed=inputs,outputs")
    models = expect(listed, 200)["items"] if listed.status == 200 else []
    for model in [each for each in models if len(each.get("outputs") or ()) > 1][:1]:
        tenant.get(f"{MODELS_PATH}/{model['id']}?embed=outputs")
    yield from _each_is_there(tenant, models or first_page(tenant, MODELS_PATH).items)


def _each_is_there(tenant: SuiteTenant, models: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What is listed is there under its name, as the list has it."""
    for path, model in islice(paths_of_models(models, first_page(tenant, CREATORS).items), MODELS_READ_MAX):
        answer = tenant.get(path)
        if answer.status != 200 or expect(answer, 200).get("id") != model.get("id"):
            yield f"{path} is listed as {model.get('id')}, and answered {answer.evidence}"


def paths_of_models(models: Iterable[Mapping[str, Any]], creators: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Returns the path of each model under the name of who made it, where both have a name."""
    owners = {str(creator["id"]): creator.get("slug") for creator in creators}
    for model in models:
        owner, slug = owners.get(str(model.get("model_creator_id"))), model.get("slug")
        if isinstance(owner, str) and isinstance(slug, str):
            yield f"{MODELS_PATH}/{owner}/{slug}", model


def _reads_creators(tenant: SuiteTenant) -> Iterator[str]:
    """Whoever made a model that is listed stands in the list of those who make models."""
    declared = operation_at(CREATORS)
    if declared is None or not is_served(declared, tenant):
        return
    yield from Crawl(tenant, items_max=CREATORS_MAX).below(CREATORS, CREATORS)
    page = first_page(tenant, CREATORS)
    listed = {creator["id"] for creator in page.items}
    models = {
        str(model["model_creator_id"]): model["id"] for model in first_page(tenant, MODELS_PATH).items if model.get("model_creator_id")
    }
    for creator in sorted(models.keys() - listed) if page.is_all else ():
        yield f"{CREATORS} has no {creator}, and the model {models[creator]} is its"


def _reads_public_models(tenant: SuiteTenant) -> Iterator[str]:
    yield from Crawl(tenant).below("/v1/public", "/v1/public")
    shown, known = first_page(tenant, "/v1/public/models"), first_page(tenant, MODELS_PATH)
    listed = {model["id"]: model for model in known.items}
    if shown.is_all and known.is_all:
        ids = {model["id"] for model in shown.items}
        wanted = {key for key, model in listed.items() if model.get("is_public") and model.get("status_code") == "active"}
        closed = {key for key, model in listed.items() if model.get("is_public") is False or model.get("status_code") == "inactive"}
        yield from (f"everybody reads no {each}, which is a public and active model" for each in sorted(wanted - ids))
        yield from (f"everybody reads {each}, which is no public and active model" for each in sorted(ids & closed))
    # Which outputs a model has is a matter of dialect.
    related = "inputs,outputs" if tenant.speaks_as_its_server else "inputs"
    expect(tenant.get(f"/v1/models?limit={WHOLE}&embed={related}"), 200)


def _reads_account(tenant: SuiteTenant) -> Iterator[str]:
    scenes.fill_account(tenant)
    for path in ("/v1/auth", "/v1/billing", "/v1/credit-balances"):
        yield from Crawl(tenant).below(path, path)
    balance = expect(tenant.get("/v1/billing/balance"), 200)
    listed = expect(tenant.get("/v1/credit-balances"), 200)["items"]
    if len(listed) != 1 or not all(is_alike(name, listed[0].get(name), told) for name, told in balance.items()):
        yield f"the balance is {balance}, and the list of balances says {listed}"
    if not all(is_alike("balance_usd", each.get("balance_usd", balance["balance"]), balance["balance"]) for each in listed):
        yield f"the balance is {balance['balance']!r}, and the list of balances says {listed}"
    owner = balance.get("org_id")
    mine = [each["org"]["id"] for each in expect(tenant.get("/v1/auth/me"), 200)["memberships"]]
    if owner is not None and owner not in mine:
        yield f"the balance is that of the organization {owner}, and the key belongs to {mine}"


def _reads_flows(tenant: SuiteTenant) -> Iterator[str]:
    for path in (FLOWS_PATH, SUMMARIES):
        yield from Crawl(tenant).below(path, path)
    pages = [first_page(tenant, path) for path in (FLOWS_PATH, SUMMARIES)]
    told, in_short = ({flow["id"] for flow in page.items} for page in pages)
    if pages[1].is_all and told - in_short:
        yield f"{FLOWS_PATH} has {len(told)} flows, and {SUMMARIES} has {len(told - in_short)} of them not"
    for flow in expect(tenant.get(f"{FLOWS_PATH}?limit=1"), 200)["items"]:
        for node in expect(tenant.get(f"{FLOWS_PATH}/{flow['id']}/nodes"), 200)["items"][:2]:
            expect(tenant.get(f"/v1/flow-nodes/{node['id']}"), 200)


def _reads_evaluations(tenant: SuiteTenant) -> Iterator[str]:
    scenes.fill_evaluations(tenant)
    yield from Crawl(tenant).below("/v1/evaluations", "/v1/evaluations")
    for run in expect(tenant.get("/v1/runs?limit=5"), 200)["items"]:
        for each in expect(tenant.get(f"/v1/runs/{run['id']}/evaluations"), 200)["items"]:
            expect(tenant.get(f"/v1/evaluations/{each['id']}"), 200)
            expect(tenant.get(f"/v1/evaluations/{each['id']}?embed=judges"), 200)


def _reads_workflows(tenant: SuiteTenant) -> Iterator[str]:
    scenes.fill_workflows(tenant)
    yield from Crawl(tenant).below(WORKFLOWS, WORKFLOWS)
    template = f"{WORKFLOWS}/{{owner}}/{{slug}}"
    yield from Crawl(tenant).below(template, PUBLISHED)
    published = expect(tenant.get(PUBLISHED), 200)["id"]
    # What others published can be read by its id as well, where the server shows it.
    for path in (f"{WORKFLOWS}/{published}", f"{WORKFLOWS}/{published}/inputs"):
        tenant.get(path)
    other = scenes.make(tenant, RUNS, {"input": INPUT}, "/v1/runs")
    for run in expect(tenant.get(f"{PUBLISHED}/runs"), 200)["items"]:
        if run["id"] == other["id"]:
            yield f"{PUBLISHED}/runs lists {run['id']}, which is a run of {MODEL}"
        expect(tenant.get(f"/v1/runs/{run['id']}"), 200)


def _any_is_all(tenant: SuiteTenant) -> Iterator[str]:
    """Under `any` stands what stands under each."""
    scenes.fill_runs(tenant)
    for noun, parts in (("runs", ("logs", "node-runs")), ("flows", ("nodes", "inputs")), ("solutions", ("flows", "models"))):
        ids = [item["id"] for item in tenant.items(f"/v1/{noun}?limit={WHOLE}")]
        # A strict server has parts of what it has no list of.
        for part in () if tenant.is_strict and not ids else parts:
            path = f"/v1/{noun}/any/{part}"
            under_any = {item["id"] for item in expect(tenant.get(f"{path}?limit={WHOLE}"), 200)["items"]}
            lists = [expect(tenant.get(f"/v1/{noun}/{parent}/{part}?limit={WHOLE}"), 200)["items"] for parent in ids]
            each = {item["id"] for items in lists for item in items}
            if under_any != each and len(ids) < WHOLE and len(under_any) < WHOLE:
                yield f"{path} has {len(under_any)} records, and there are {len(each)} under each of the {noun}"
            # Where no list has an order of its own, that of all of them has.
            if all(len(items) < 2 for items in lists):
                yield from list_is_kept(tenant, path, first_page(tenant, path))
    yield from _any_model_is_all(tenant)


def _any_model_is_all(tenant: SuiteTenant) -> Iterator[str]:
    """There are too many models to ask for the parts of each."""
    path = f"{MODELS_PATH}/{tenant.offer.model}"
    model_id = expect(tenant.get(path), 200)["id"]
    for part in ("examples", "pricing"):
        listed = tenant.items(f"{MODELS_PATH}/any/{part}?limit={WHOLE}")
        under_any = {item["id"] for item in listed if item.get("model_id") == model_id}
        own, by_id = ({item["id"] for item in tenant.items(f"{each}/{part}?limit={WHOLE}")} for each in (path, f"{MODELS_PATH}/{model_id}"))
        if by_id != own:
            yield f"{MODELS_PATH}/{model_id}/{part} has {len(by_id)} records, and {len(own)} stand under the name of the model"
        if under_any != own and len(listed) < WHOLE:
            yield f"{MODELS_PATH}/any/{part} has {len(under_any)} records of {path}, and that has {len(own)}"
    for example in _of_each_name(tenant.items(f"{MODELS_PATH}/any/examples?limit={WHOLE}")):
        expect(tenant.get(f"{MODELS_PATH}/any/examples/{example['id']}"), 200)


def _of_each_name(examples: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The examples whose input has a name that few before have: of two lists under one name the second may be the longer.

    And one of each model, since a list may have lost a name altogether.
    """
    met: Counter[str] = Counter()
    models = set[Any]()
    for example in examples:
        names = tuple(example["input"]) or NAMELESS
        if example.get("model_id") not in models or any(met[name] < EXAMPLES_OF_A_NAME for name in names):
            met.update(names)
            models.add(example.get("model_id"))
            yield example


FLOWS: tuple[Flow, ...] = (
    *(
        Flow(f"{noun}_agree", f"whatever is read of {noun.replace('_', ' ')} agrees", Needs.CONTROL, _reads(paths, fill))
        for noun, (paths, fill) in MADE.items()
    ),
    Flow("model_creators_agree", "whatever is read of model creators agrees", Needs.READING, _reads_creators),
    Flow("solutions_agree", "whatever is read of solutions agrees", Needs.READING, _reads((SOLUTIONS,))),
    Flow("account_agree", "whatever is read of the account agrees", Needs.CONTROL, _reads_account),
    Flow("public_models_agree", "what everybody may read of models agrees with the rest", Needs.READING, _reads_public_models),
    Flow("models_agree", "whatever is read of models agrees", Needs.READING, _reads_models),
    Flow("flows_agree", "whatever is read of flows agrees", Needs.READING, _reads_flows),
    Flow("evaluations_agree", "whatever is read of evaluations agrees", Needs.CONTROL, _reads_evaluations),
    Flow("workflows_agree", "whatever is read of workflows agrees", Needs.CONTROL, _reads_workflows),
    Flow("any_is_all", "under any stands what stands under each", Needs.CONTROL, _any_is_all),
)
