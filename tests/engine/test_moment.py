"""What a handler may look at while it decides."""

from datetime import timedelta

from worlds import START, make_world, renderers

from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.identity import uuid7
from runflow_mock.engine.moment import Moment


def test_ids_of_a_moment_continue_the_sequence_of_the_world() -> None:
    world, now = make_world(), START + timedelta(seconds=1)
    moment = Moment(
        store=world.store,
        settings=world.settings,
        catalog=world.catalog,
        render=renderers(),
        now=now,
        sequence=41,
        seed=world.seed,
        org_id=world.org_id,
        user_id=world.user_id,
    )
    assert [moment.issue_id(), moment.issue_id()] == [uuid7(now, 42, world.seed), uuid7(now, 43, world.seed)]
    assert [*moment.issue_ids(2), moment.issue_id()] == [uuid7(now, place, world.seed) for place in (44, 45, 46)]
    assert (moment.sequence, moment.dialect) == (46, BUNDLES["seed"])
