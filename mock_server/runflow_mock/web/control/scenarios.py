"""Scenarios: put one into force, see how far its story has come, and write one of the present tenant."""

from asyncio import sleep, to_thread
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.clauses import JournalSubject
from runflow_mock.domain.documents import Json, read_document, read_object
from runflow_mock.domain.expectations import Checked, Expectation, Facts, check
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.reports import Unfired
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.engine.expectations import facts_of
from runflow_mock.runtime.reports import unfired_rules
from runflow_mock.runtime.scenarios import UnknownScenario, scenario_names, shipped_scenario
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.faults import names_in
from runflow_mock.web.control.flags import flag_in
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.control.history import history_writer
from runflow_mock.web.control.verify import SUBJECTS_AT_ONCE, checked, subjects_in
from runflow_mock.web.pieces import document_in_pieces, in_parts
from runflow_mock.web.routing import Operation
from runflow_mock.wire.clauses import convert_statement
from runflow_mock.wire.control import ControlError, as_json, refused
from runflow_mock.wire.marked_yaml import write_yaml
from runflow_mock.wire.scenario_exports import export_scenario
from runflow_mock.wire.scenarios import ScenarioError, ScenarioFileError, decode_scenario, read_scenario
from runflow_mock.wire.scenes import decode_scene, represent_scene

YAML = "application/yaml"
FORMATS = ("yaml", "json")


class Scene(NamedTuple):
    """How far the story of a scenario has come: whether all is as expected, and what is told of it, without secrets."""

    is_held: bool
    told: dict[str, object]


async def get_scenario(call: Call) -> Answer:
    """GET /_mock/scenario: the one in force, which of its expectations hold, and which rules were not reached."""
    tenant = tenant_of(call)
    if tenant.scenario is None:
        raise ControlError(404, "not_found", "this tenant was made without a scenario; PUT /_mock/scenario takes one")
    scenario = tenant.scenario
    scene = await scene_of(call, scenario, await unfired_rules(call.runtime, tenant, completion(call)))
    return answer(scene.told)


async def list_scenarios(call: Call) -> Answer:
    """GET /_mock/scenarios: those that ship, to be played by name."""
    return answer({"items": [{"name": name} for name in scenario_names()]})


async def put_scenario(call: Call) -> Answer:
    """PUT /_mock/scenario: replaces the world of the key's tenant by that of a scenario: a name, a whole one, or YAML."""
    tenant_of(call)
    # To read one, and to compile the schemas in it, takes a moment; by then another tenant may stand in the place of this one.
    scenario = await to_thread(_asked, call)
    call.tenant = tenant = call.runtime.tenants.play(tenant_of(call), scenario, len(call.body))
    scene = await scene_of(call, scenario, await unfired_rules(call.runtime, tenant, completion(call)))
    return answer(scene.told)


async def export_present(call: Call) -> Answer:
    """GET /_mock/scenario/export: the tenant's settings and rules as a scenario, in YAML or with `?format=json`; see `?history=true`."""
    tenant_of(call)
    form = call.parameters.get("format", FORMATS[0])
    if form not in FORMATS:
        raise refused(f"format {form[:80]!r} does not exist; choose one of {', '.join(FORMATS)}")
    written = await export_of(call, with_history=flag_in(call, "history"))
    if form == "json":
        return answer(written)
    return Answer(200, await to_thread(lambda: write_yaml(written).encode()), ((b"content-type", YAML.encode()),))


async def export_of(call: Call, *, with_history: bool) -> dict[str, Json | msgspec.Raw]:
    """Returns this call's tenant as a scenario."""
    tenant = call.caller
    settings = replace(tenant.settings, start=tenant.world.started_at)
    exported = export_scenario(settings, tenant.world.store.rules, tenant.scenario, tenant.blobs.get)
    parts = await document_in_pieces(in_parts(exported), call.runtime.scrubber.scrub)
    written: dict[str, Json | msgspec.Raw] = {name: read_document(msgspec.json.encode(part)) for name, part in parts.items()}
    if with_history:
        call.runtime.settle(tenant, call.timers_max)
        written["history"] = msgspec.Raw(await to_thread(history_writer(tenant.world, call.runtime.scrubber)))
    return written


def scenario_of(asked: str | dict[str, object], catalog: Catalog) -> Scenario:
    """Returns the scenario that a body names or holds.

    Raises:
        ControlError: 422 that says what is wrong, and where.
    """
    try:
        return shipped_scenario(asked, catalog) if isinstance(asked, str) else decode_scenario(as_json(asked), catalog)
    except UnknownScenario as error:
        raise refused(f"scenario: {error}") from None
    except ScenarioError as error:
        raise refused(f"scenario.{error}" if error.path else f"scenario: {error}") from None


def _asked(call: Call) -> Scenario:
    if "yaml" not in (call.header(b"content-type") or ""):
        return scenario_of(decode_scene(call.body), call.runtime.catalog)
    try:
        return read_scenario(call.body.decode(), "body", call.runtime.catalog)
    except (ScenarioFileError, UnicodeDecodeError) as error:
        raise refused(str(error)) from None


async def scene_of(call: Call, scenario: Scenario, unfired: Sequence[Unfired]) -> Scene:
    """Returns how far the story of the scenario of this call's tenant has come; `unfired` are rules that were not reached.

    What it expects of many requests is looked at, and written, while others have their turn.
    """
    asks = any(expectation.clause is not None for expectation in scenario.expectations)
    facts, entries = facts_of(call.store), await subjects_in(call) if asks else []
    found, since = list[Checked](), 0
    for expectation in scenario.expectations:
        if since > SUBJECTS_AT_ONCE:
            await sleep(0)
            since = 0
        found.append(await _checked(call, expectation, facts, entries))
        since += len(entries)
    scene = represent_scene(scenario, found, tuple(unfired))
    told = {**scene, "source": in_parts(read_object(scenario.source))}
    return Scene(scene["held"] is True, await document_in_pieces(told, call.runtime.scrubber.scrub))


async def _checked(call: Call, expectation: Expectation, facts: Facts, entries: list[JournalSubject]) -> Checked:
    if expectation.clause is None:
        return check(expectation, facts)
    verified = await checked(convert_statement(read_document(expectation.clause), names_in(call)), entries)
    return Checked(expectation, verified.holds, verified=verified)


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/scenarios", list_scenarios),
    Operation("GET", "/_mock/scenario", get_scenario, is_long=True),
    Operation("PUT", "/_mock/scenario", put_scenario),
    Operation("GET", "/_mock/scenario/export", export_present, id="export_scenario", is_long=True),
)
