"""The end of a tenant: everything that a test has to be told about it, in one answer."""

from runflow_mock.runtime.reports import has_complaints, report_on
from runflow_mock.web.calls import Call
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.journal import represent_entries
from runflow_mock.web.control.scenarios import export_of, scene_of
from runflow_mock.web.control.timeline import steps_of
from runflow_mock.wire.marked_yaml import write_yaml
from runflow_mock.wire.reports import represent_report


def last_word(call: Call, *, is_brief: bool = False) -> dict[str, object]:
    """Returns report and scene, and the evidence where something is to be said about the client: most tests need none.

    In brief there is no report either where nothing is to be said: to put it together takes longer than such a test.
    """
    tenant = call.caller
    scene = None if tenant.scenario is None else scene_of(call, tenant.scenario)
    is_clean = not has_complaints(call.runtime, tenant) and (scene is None or bool(scene["held"]))
    if is_clean and is_brief:
        return {"report": None, "scene": scene, "evidence": None}
    report = represent_report(report_on(call.runtime, tenant, completion(call)))
    return {"report": report, "scene": scene, "evidence": None if is_clean else _evidence(call)}


def _evidence(call: Call) -> dict[str, object]:
    return {
        "timeline": steps_of(call.caller),
        "journal": represent_entries(call),
        "scenario": write_yaml(export_of(call, with_history=True)),
    }
