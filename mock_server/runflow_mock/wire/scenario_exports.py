"""A scenario written from a tenant as it is: its settings and rules, so that one file repeats what a failing test saw."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, cast

from runflow_mock.domain.documents import Json, read_object
from runflow_mock.domain.fault_kinds import Succeed
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.media import GivenFile
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.wire.expectations import represent_expectation
from runflow_mock.wire.faults import represent_rule
from runflow_mock.wire.tenants import SETTINGS, represent_tenant

ReadFile = Callable[[str], bytes | None]
Written = dict[str, Json]

_RULE_KEYS = frozenset(("label", "where", "what", "when"))


def export_scenario(settings: TenantSettings, rules: Mapping[Any, FaultRule], played: Scenario | None, read_file: ReadFile) -> Written:
    """Returns a scenario that makes a tenant like this one; `played` is the one that it was made from, `read_file` finds bytes by hash.

    A callback secret is not written. Models that differ from the catalog are written as the played scenario has them.
    """
    source = {} if played is None else read_object(played.source)
    story = f"Written from tenant {settings.name}." if played is None else played.story
    shown = {name: value for name, value in represent_tenant(settings, "", "", {}).items() if name in SETTINGS and value not in (None, {})}
    keys = [{"name": key.name, "scopes": list(key.scopes)} for key in settings.keys]
    written: dict[str, object] = {
        "name": source.get("name", "exported"),
        "story": story,
        **shown,
        "keys": keys or None,
        **{key: source[key] for key in ("models", "durations") if key in source},
        "faults": [_rule(rule, read_file) for rule in rules.values()],
        "expectations": [represent_expectation(expectation) for expectation in (() if played is None else played.expectations)],
        "unused": source.get("unused"),
    }
    return cast(Written, {key: value for key, value in written.items() if value not in (None, [])})


def _rule(rule: FaultRule, read_file: ReadFile) -> dict[str, object]:
    shown = represent_rule(rule)
    what = cast(dict[str, object], shown["what"])
    if isinstance(rule.what, Succeed) and rule.what.files:
        what = {**what, "files": [_file(file, read_file) for file in rule.what.files]}
    return {key: value for key, value in {**shown, "what": what}.items() if key in _RULE_KEYS and value not in (None, {})}


def _file(file: GivenFile, read_file: ReadFile) -> dict[str, object]:
    content = read_file(file.sha256)
    assert content is not None, "the bytes of a rule's files stay as long as the rule"
    return {"name": file.name, "media_type": file.media_type, "base64": b64encode(content).decode()}
