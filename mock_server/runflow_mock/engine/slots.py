"""Slots: how many runs of one model may be under way at once, and the line of those that wait for one.

Theory. Without a cap nothing here happens. Under a cap a run takes a slot when it is created and gives it back when it ends; a run that
finds none free stays `queued` and waits in line, in order of creation. A slot that becomes free is given to the first in line at once.
Whoever is cancelled while waiting leaves the line. The cap of `*` is that of each model without one of its own.

The API publishes no such caps: this is the kit's own.
"""

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from runflow_mock.domain.events import Event
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.paces import EVERY_OTHER
from runflow_mock.domain.runs import Run, RunMoved, SlotGiven
from runflow_mock.engine.moment import Moment

ValueT = TypeVar("ValueT")


def cap_of(concurrency: Mapping[str, int], model: str) -> int | None:
    """Returns how many runs of a model may be under way at once, or nothing when that is not limited."""
    return concurrency.get(model, concurrency.get(EVERY_OTHER))


def caps_by_id(concurrency: Mapping[str, ValueT], catalog: Catalog, tenant: str) -> dict[str, ValueT]:
    """Returns caps, or whatever else is set by model, with each model named as runs name it.

    Workflows that the tenant may deploy later are taken at their word.

    Raises:
        ModelNotFound: a name leads nowhere.
    """
    caps = {}
    for name, cap in concurrency.items():
        is_path = name == EVERY_OTHER or name in catalog.workflow_paths or name.startswith(f"{tenant}/")
        caps[name if is_path else catalog.get(name).id] = cap
    return caps


def has_free_slot(moment: Moment, model: str, ahead: int = 0) -> bool:
    """Tells whether another run of the model may begin beside those under way and `ahead` more."""
    cap = cap_of(moment.settings.concurrency, model)
    return cap is None or moment.store.slots_taken.get(model, 0) + ahead < cap


def line_up(moment: Moment, run: Run, ahead: int = 0) -> Run:
    """Returns a new run with a slot, or in line for one; `ahead` of it others of its model are created at the same time."""
    concurrency = moment.settings.concurrency
    if not concurrency or cap_of(concurrency, run.model) is None:
        return run
    if has_free_slot(moment, run.model, ahead):
        return replace(run, has_slot=True)
    return replace(run, due_at=None)


def pass_slot_on(moment: Moment, event: RunMoved) -> tuple[Event, ...]:
    """Returns how the slot of a run that has just ended goes to the first in line."""
    model = moment.store.runs[event.run_id].model
    line = moment.store.lines.get(model)
    if line is None or not has_free_slot(moment, model):
        return ()
    return (SlotGiven(next(iter(line)), moment.now, moment.now),)
