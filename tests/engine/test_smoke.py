from doors import Door
from worlds import create_run, created, make_world, run_all

from runflow_mock.domain.runs import RunStatus


def test_run_ends_by_itself() -> None:
    world = make_world()
    run = created(world.execute(create_run()))
    run_all(world)
    assert world.store.run(run.id).status is RunStatus.SUCCEEDED


def test_door_opens() -> None:
    with Door() as door:
        assert door.get("/v1/health", key=None).json() == {"status": "ok", "ok": True}
