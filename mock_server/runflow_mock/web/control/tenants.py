"""Tenants: list, make, drop, reset."""

from asyncio import to_thread
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from runflow_mock.domain.deliveries import DeliveryStatus
from runflow_mock.domain.money import format_money
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.runtime.catching_up import catch_up
from runflow_mock.runtime.keepers import Cluster, Elsewhere
from runflow_mock.runtime.reports import unfired_rules
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call, answer, no_content, scrubbed
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.endings import brief_word, evidence_on, has_something_to_say, last_word, scene_in
from runflow_mock.web.control.flags import flag_in
from runflow_mock.web.control.guard import carries_key_of, check_server_wide, tenant_of
from runflow_mock.web.control.scenarios import scenario_of
from runflow_mock.web.pieces import list_in_pieces, look
from runflow_mock.web.routing import Operation
from runflow_mock.wire.control import ControlError, refused
from runflow_mock.wire.journal import represent_exchange_in_short
from runflow_mock.wire.tenants import represent_tenant, requested_name, requested_scenario
from runflow_mock.wire.times import write_instant
from runflow_mock.wire.windows import LIMIT_MAX, read_window, represent_window

RESETS = ("all", "journal", "faults")
# A look at all tenants must not judge whole journals, nor much of very many, but of each at least one: so every look gets further with it.
JUDGED_MAX = 100
JUDGED_OF_ONE_MAX = 25
# What follows from names, and what has a list of its own.
_ISSUED = frozenset(("key", "admin_key", "keys", "scopes"))
EVIDENCE_TRIES = 3
"""How often evidence is made anew because more has happened meanwhile; the report beside it knows of all in any case."""


async def list_tenants(call: Call) -> Answer:
    """GET /_mock/tenants: all of them; with `limit` a window with figures of each, the latest first."""
    check_server_wide(call)
    if call.runtime.cluster is not None:
        return answer(await _tenants_anywhere(call.runtime, call.runtime.cluster, call.parameters))
    return answer(await tenants_here(call.runtime, call.parameters))


async def tenants_here(runtime: Runtime, parameters: Mapping[str, str]) -> dict[str, object]:
    """Returns the list of the tenants of this server, or the window of it that is asked for."""
    window = read_window(parameters)
    known = tuple(runtime.tenants)
    if window is None:
        return {"items": await list_in_pieces(map(_body, known), runtime.scrubber.scrub)}
    found, total = await look(known, window, lambda tenant: window.finds(tenant.settings.name))
    await runtime.judgings.prepared()
    # Of each some exchanges are judged: that is a piece by itself.
    return represent_window(await list_in_pieces(_rows(runtime, found), runtime.scrubber.scrub, piece_bytes=1), total)


async def _tenants_anywhere(runtime: Runtime, cluster: Cluster, parameters: Mapping[str, str]) -> dict[str, object]:
    """Returns the same of all workers; a tenant that no worker has is brought here, so that it is told as well."""
    window = read_window(parameters)
    names = {tenant["tenant"] for said in await _ask(cluster, "tenants") for tenant in said["items"]}
    for name in await cluster.names():
        if name not in names:
            await cluster.bring(name)
    if window is None:
        return {"items": [each for said in await _ask(cluster, "tenants") for each in said["items"]]}
    wider = {**parameters, "limit": str(min(window.offset + window.limit, LIMIT_MAX)), "offset": "0"}
    told = await _ask(cluster, f"tenants?{urlencode(wider)}")
    items = [each for said in told for each in said["items"]]
    return represent_window(items[window.offset : window.offset + window.limit], sum(said["total"] for said in told))


async def _ask(cluster: Cluster, question: str) -> list[dict[str, Any]]:
    told = await cluster.ask(question)
    if told.silent:
        raise Elsewhere(f"workers {', '.join(told.silent)} have not answered")
    return [msgspec.json.decode(told.answers[worker]) for worker in sorted(told.answers)]


async def create_tenant(call: Call) -> Answer:
    """POST /_mock/tenants"""
    tenants = call.runtime.tenants
    name = await _free_name(call)
    _check_name(call, name)
    asked = requested_scenario(call.body)
    scenario = tenants.usual if asked is None else await to_thread(scenario_of, asked, call.runtime.catalog)
    return _created(call, name, scenario)


def create_at_once(call: Call) -> Answer | None:
    """Makes a tenant as `create_tenant` does, where no scenario has to be read for it."""
    if requested_scenario(call.body) is not None:
        return None
    tenants = call.runtime.tenants
    return _created(call, requested_name(call.body) or tenants.unused_name(), tenants.usual)


def _check_name(call: Call, name: str) -> None:
    """Lets somebody make a tenant of a name that none has."""
    if not carries_key_of(call, name):
        check_server_wide(call)
    if call.runtime.tenants.get(name) is not None:
        way_out = "choose another name, leave the name out, or delete the tenant first"
        raise ControlError(409, "exists", f"tenant {name!r} exists already; {way_out}")


def _created(call: Call, name: str, scenario: Scenario | None) -> Answer:
    # Also behind a pause: while a scenario was read, somebody else may have made one.
    _check_name(call, name)
    call.tenant = call.runtime.tenants.create(call.runtime.config.tenant(name), scenario, call.body, len(call.body))
    return _shown(call, call.tenant, 201)


async def _free_name(call: Call) -> str:
    """Returns the name that is asked for, or one that no tenant has, also none of another worker."""
    cluster, asked = call.runtime.cluster, requested_name(call.body)
    name = asked or call.runtime.tenants.unused_name()
    if cluster is not None:
        await cluster.bring(name)
        while asked is None and call.runtime.tenants.get(name) is not None:
            name = call.runtime.tenants.unused_name()
            await cluster.bring(name)
    return name


async def get_tenant(call: Call) -> Answer:
    """GET /_mock/tenants/{tenant}"""
    return _shown(call, _named(call))


async def delete_tenant(call: Call) -> Answer:
    """DELETE /_mock/tenants/{tenant}: drops one with everything in it; with `?tell=true` the answer is the last word on its client."""
    name, tenants = call.params["tenant"], call.runtime.tenants
    if tenants.keeper is not None and tenants.get(name) is None:
        check_server_wide(call)
        if tenants.keeper.make_room(name):
            return no_content()
        tenants.refuse_unreadable(name)
    is_brief = flag_in(call, "brief")
    told = answer(await _last_word(call, is_brief=is_brief)) if flag_in(call, "tell") else no_content()
    tenants.drop(_named(call).settings.name)
    return told


def end_at_once(call: Call) -> Answer | None:
    """Drops a tenant of whose client nothing has to be said, as most tests want it: with the last word in brief."""
    if not (flag_in(call, "brief") and flag_in(call, "tell")):
        return None
    # The path may name another tenant than the key.
    tenant = _named(call)
    if not call.runtime.settle(tenant, YIELD_EVERY_TIMERS) or not call.runtime.judgings.acquits_now(tenant):
        return None
    # How far a story has come is looked at with pauses.
    if call.caller.scenario is not None or has_something_to_say(call, None):
        return None
    told = answer(brief_word(None))
    call.runtime.tenants.drop(call.caller.settings.name)
    return told


async def _last_word(call: Call, *, is_brief: bool) -> dict[str, object]:
    """Returns the last word on a client. Once it is known, nobody else has a turn before the tenant is dropped."""
    judgings = call.runtime.judgings
    await catch_up(call.runtime, _named(call))
    if is_brief and await judgings.acquitted(_named(call)):
        # Asked for again after every pause, in which the tenant may have been replaced.
        tenant = _named(call)
        scene = await scene_in(call)
        if _named(call) is tenant and not has_something_to_say(call, scene):
            return brief_word(scene)
    evidence, shown, scene = None, None, None
    for _ in range(EVIDENCE_TRIES):
        unfired = await unfired_rules(call.runtime, _named(call), completion(call))
        await judgings.caught_up(_named(call))
        _named(call)
        scene = await scene_in(call, unfired)
        tenant = _named(call)
        now = (tenant, tenant.journal.total, tenant.world.history.total)
        if shown == now or not has_something_to_say(call, scene):
            break
        # While evidence is made, others have their turn, and may do what it does not show.
        evidence, shown = await evidence_on(call, tenant), now
    _named(call)
    return last_word(call, evidence, unfired, scene)


async def reset(call: Call) -> Answer:
    """POST /_mock/reset: replaces the world of the key's tenant; `?what=journal` or `?what=faults` for that part alone."""
    tenant = tenant_of(call)
    what = call.parameters.get("what", "all")
    if what not in RESETS:
        raise refused(f"what {what[:80]!r} cannot be reset; choose one of {', '.join(RESETS)}")
    call.runtime.reset(tenant, what)
    fresh = call.runtime.tenants.get(tenant.settings.name)
    assert fresh is not None
    return _shown(call, fresh)


def _named(call: Call) -> Tenant:
    name = call.params["tenant"]
    if not carries_key_of(call, name):
        check_server_wide(call)
    tenant = call.runtime.tenants.get(name)
    if tenant is None:
        raise ControlError(404, "not_found", f"there is no tenant {name[:80]!r}")
    call.tenant = tenant
    return tenant


def _rows(runtime: Runtime, tenants: Sequence[Tenant]) -> Iterator[dict[str, object]]:
    share = min(JUDGED_OF_ONE_MAX, max(1, JUDGED_MAX // max(1, len(tenants))))
    for tenant in tenants:
        violations = runtime.judgings.of(tenant).count_violations(share)
        yield {**_body(tenant), **_figures(runtime, tenant, violations)}


def _figures(runtime: Runtime, tenant: Tenant, violations: int) -> dict[str, object]:
    """Returns what a list of tenants shows of one; it settles nothing, so that looking at all of them moves none."""
    store, latest = tenant.world.store, tenant.journal.latest(1)
    return {
        "now": write_instant(runtime.now(tenant)),
        "rate": tenant.clock.rate,
        "runs": len(store.runs),
        "runs_open": store.runs_open,
        "deliveries_failed": store.deliveries_by_status.get(DeliveryStatus.FAILED, 0),
        "deliveries_waiting": store.deliveries_open,
        "available": format_money(store.ledger.available),
        "credits": format_money(store.ledger.balance),
        "requests": tenant.journal.total,
        "violations": violations,
        "last_request": represent_exchange_in_short(latest[0]) if latest else None,
    }


def _shown(call: Call, tenant: Tenant, status: int = 200) -> Answer:
    """Returns what there is to know about a tenant, without secrets.

    To look for them takes longer than to make a tenant, and keys and scopes, whose names look like those of secrets, are the server's own
    words: where nothing is hidden in what was said of the tenant, they are shown as they are. That another tenant has made its secret of
    such a word alone, or of the beginning of a key and a name, keeps nobody from reading the own key.
    """
    body = _body(tenant)
    told = {name: value for name, value in body.items() if name not in _ISSUED} | {"named": [key.name for key in tenant.settings.keys]}
    given, plain = answer(body, status), msgspec.json.encode(told)
    return given if call.runtime.scrubber.scrub(plain) == plain else scrubbed(call, given)


def _body(tenant: Tenant) -> dict[str, object]:
    named = {principal.name: principal.key for principal in tenant.principals.values()}
    # How a tenant came to be and when it was last asked: one that a misspelt key has made is seen by that.
    last = tenant.journal.last
    return {
        **represent_tenant(tenant.settings, tenant.key, tenant.admin_key, named),
        "made_by": "use" if tenant.is_made_by_use else "control",
        "requests": tenant.journal.total,
        "last_request_at": None if last is None else write_instant(datetime.fromtimestamp(last.wall, UTC)),
    }


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/tenants", list_tenants, is_long=True),
    Operation("POST", "/_mock/tenants", create_tenant, at_once=create_at_once),
    Operation("GET", "/_mock/tenants/{tenant}", get_tenant),
    Operation("DELETE", "/_mock/tenants/{tenant}", delete_tenant, is_long=True, at_once=end_at_once),
    Operation("POST", "/_mock/reset", reset),
)
