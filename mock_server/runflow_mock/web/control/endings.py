"""The end of a tenant: everything that a test has to be told about it, in one answer."""

from asyncio import to_thread
from collections.abc import Mapping, Sequence

import msgspec

from runflow_mock.domain.reports import Unfired
from runflow_mock.runtime.reports import has_complaints, report_on
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Call
from runflow_mock.web.control.journal import entries_of
from runflow_mock.web.control.scenarios import Scene, export_of, scene_of
from runflow_mock.web.control.timeline import steps_of
from runflow_mock.web.pieces import document_in_steps, in_one_step
from runflow_mock.wire.marked_yaml import write_yaml
from runflow_mock.wire.reports import represent_report


def last_word(call: Call, evidence: Mapping[str, object] | None, unfired: Sequence[Unfired], scene: Scene | None) -> dict[str, object]:
    """Returns report and scene, with the evidence where something is to be said about the client: most tests need none."""
    judging = call.runtime.judgings.of(call.caller)
    # Of nothing that came meanwhile anything can be said later.
    judging.catch_up()
    judging.verdicts()
    report = report_on(call.runtime, call.caller, unfired)
    said = in_one_step(document_in_steps(represent_report(report), call.runtime.scrubber.scrub))
    return {"report": said, "scene": _told(scene), "evidence": evidence if has_something_to_say(call, scene) else None}


def brief_word(scene: Scene | None) -> dict[str, object]:
    """Returns the same where nothing is to be said, not even of a rule: to put a report together takes longer than such a test."""
    return {"report": None, "scene": _told(scene), "evidence": None}


def has_something_to_say(call: Call, scene: Scene | None) -> bool:
    """Tells whether the client, or the scenario that it met, gives reason to read on."""
    return has_complaints(call.runtime, call.caller) or not (scene is None or scene.is_held)


async def scene_in(call: Call, unfired: Sequence[Unfired] = ()) -> Scene | None:
    """Returns how far the story has come by now; others have their turn while much is looked at."""
    scenario = call.caller.scenario
    return None if scenario is None else await scene_of(call, scenario, unfired)


async def evidence_on(call: Call, tenant: Tenant) -> dict[str, object]:
    """Returns what shows what happened to a tenant, without secrets; others have their turn while it is made."""
    timeline, journal = await steps_of(call, tenant), await entries_of(call, tenant)
    written = await export_of(call, with_history=True)
    scenario = await to_thread(lambda: msgspec.Raw(msgspec.json.encode(write_yaml(written))))
    return {"timeline": timeline, "journal": journal, "scenario": scenario}


def _told(scene: Scene | None) -> dict[str, object] | None:
    return None if scene is None else scene.told
