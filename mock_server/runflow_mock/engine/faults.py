"""What happens to fault rules themselves; where they bite is decided where the edge is."""

from runflow_mock.domain.assets import Content
from runflow_mock.domain.commands import AddRule, MeetRules, RemoveRule
from runflow_mock.domain.errors import LimitReached
from runflow_mock.domain.events import Event
from runflow_mock.domain.fault_kinds import Succeed
from runflow_mock.domain.faults import FaultRule, RuleAdded, RuleMet, RuleRemoved
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.places import PLACES_BYTES_MAX, place_bytes
from runflow_mock.domain.records import RULES
from runflow_mock.engine.assets import admit_bytes
from runflow_mock.engine.moment import Moment


def add_rule(moment: Moment, command: AddRule) -> tuple[Event, ...]:
    """Puts a rule into force."""
    moment.admit(RULES)
    if place_bytes(command.where) + moment.store.place_bytes > PLACES_BYTES_MAX:
        raise LimitReached("place_bytes_max", PLACES_BYTES_MAX)
    files = command.what.files if isinstance(command.what, Succeed) else ()
    admit_bytes(moment, (Content(file.sha256, file.size_bytes, file.media_type) for file in files))
    rule_id = RuleId(moment.issue_id())
    return (RuleAdded(FaultRule(id=rule_id, label=command.label, where=command.where, what=command.what, when=command.when)),)


def remove_rule(moment: Moment, command: RemoveRule) -> tuple[Event, ...]:
    """Takes a rule out of force."""
    return (RuleRemoved(moment.store.rule(command.rule_id).id),)


def meet_rules(moment: Moment, command: MeetRules) -> tuple[Event, ...]:
    """Counts rules that a request has met: what they say about it was decided where its answer is made."""
    return tuple(RuleMet(moment.store.rule(rule_id).id, moment.now, fired) for rule_id, fired in command.met.items())
