"""What fault rules and magic values do to callbacks: when a delivery is made, and when one of its attempts starts.

A kind that cannot act now is not asked for: its rules are not even met. Redeliveries are somebody's wish and come when they are wished
for, so that only `callback.delay` keeps them; attempts are interfered with whoever asked for them.
"""

from collections.abc import Set

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.callback_events import CANCELLATIONS, event_of
from runflow_mock.domain.deliveries import Delivery, DeliveryCreated, DeliveryLetGo, DeliveryMoved, DeliveryPostponed
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.events import Event
from runflow_mock.domain.fault_kinds import DelayCallback, Future, LateAfterCancel, NearSignature, PreviousSecret, Reorder, Stale, Unsigned
from runflow_mock.domain.faults import AT_ATTEMPTS, NO_DECISION, Decision, choose
from runflow_mock.domain.runs import Run
from runflow_mock.domain.secrets import current_secret, previous_secret
from runflow_mock.engine.magic import magic_of, with_magic
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.subjects import callback_subject, told_by


def postpone(moment: Moment, event: DeliveryCreated) -> tuple[Event, ...]:
    """Returns how a delivery that was just made is put off, if it is."""
    delivery, told = event.delivery, told_by(moment.store, event.delivery)
    if _is_left_alone(moment, told):
        return ()
    kinds: set[type] = {DelayCallback}
    if delivery.is_automatic and event_of(told) in CANCELLATIONS:
        kinds.add(LateAfterCancel)
    # Of two neighbours one is held back and the other passes it: whoever comes while somebody waits is waited for.
    if delivery.is_automatic and not moment.store.held_back:
        kinds.add(Reorder)
    decision = _decide(moment, told, kinds)
    if not isinstance(decision.what, DelayCallback | LateAfterCancel | Reorder):
        return decision.met
    is_held_back = isinstance(decision.what, Reorder)
    return (*decision.met, DeliveryPostponed(delivery.id, moment.now, moment.now + decision.what.by, is_held_back))


def fault_of_attempt(moment: Moment, delivery: Delivery) -> Decision:
    """Returns what happens to the attempt that is about to start."""
    told = told_by(moment.store, delivery)
    return NO_DECISION if _is_left_alone(moment, told) else _decide(moment, told, _attempt_kinds(moment, delivery))


def let_go(moment: Moment, event: DeliveryMoved) -> tuple[Event, ...]:
    """Returns how a delivery that was held back follows the next one, whose first attempt has just been answered."""
    return tuple(DeliveryLetGo(held, moment.now) for held in moment.store.held_back if held < event.delivery_id)


def _is_left_alone(moment: Moment, told: Run | Batch | Evaluation) -> bool:
    """Tells whether there is nothing that could interfere, which is the usual case and costs next to nothing."""
    return not moment.store.rules and (isinstance(told, Evaluation) or magic_of(moment, told) is None)


def _decide(moment: Moment, told: Run | Batch | Evaluation, kinds: Set[type]) -> Decision:
    rules, subject = moment.store.rules, callback_subject(moment.store, told)
    decision = choose(rules.values(), kinds, subject, moment.now, moment.seed) if rules else NO_DECISION
    if decision.what is not None or isinstance(told, Evaluation):
        return decision
    name = magic_of(moment, told)
    return decision if name is None else with_magic(moment, decision, name, kinds, subject)


def _attempt_kinds(moment: Moment, delivery: Delivery) -> Set[type]:
    kinds = set(AT_ATTEMPTS)
    if not moment.render.dates_attempts:
        kinds -= {Stale, Future}
    if delivery.webhook_id is not None:
        # A webhook has one secret at a time, and what came before is not kept.
        return kinds - {PreviousSecret}
    secrets = moment.store.secrets.values()
    if current_secret(secrets) is None:
        kinds -= {Unsigned, NearSignature}
    if previous_secret(secrets) is None:
        kinds.discard(PreviousSecret)
    return kinds
