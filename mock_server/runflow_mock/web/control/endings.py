"""The end of a tenant: everything that a test has to be told about it, in one answer."""

from runflow_mock.runtime.reports import has_complaints, report_on
from runflow_mock.web.calls import Call
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.journal import represent_entries
from runflow_mock.web.control.scenarios import export_of, scene_of
from runflow_mock.web.control.timeline import steps_of
from runflow_mock.wire.marked_yaml import write_yaml
from runflow_mock.wire.reports import represent_report


def last_word(call: Call) -> dict[str, object]:
    """Returns report and scene, and the evidence where something is to be said about the client: most tests need none."""
    nothing = word_on_nothing(call)
    report = represent_report(report_on(call.runtime, call.caller, completion(call)))
    return {"report": report, "scene": _scene(call), "evidence": _evidence(call) if nothing is None else None}


def word_on_nothing(call: Call) -> dict[str, object] | None:
    """Returns the same in brief, without a report, if nothing is to be said: to put one together takes longer than such a test."""
    scene = _scene(call)
    if has_complaints(call.runtime, call.caller) or not (scene is None or scene["held"]):
        return None
    return {"report": None, "scene": scene, "evidence": None}


def _scene(call: Call) -> dict[str, object] | None:
    scenario = call.caller.scenario
    return None if scenario is None else scene_of(call, scenario)


def _evidence(call: Call) -> dict[str, object]:
    return {
        "timeline": steps_of(call.caller),
        "journal": represent_entries(call),
        "scenario": write_yaml(export_of(call, with_history=True)),
    }
