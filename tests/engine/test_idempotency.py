from datetime import timedelta

from msgspec.structs import replace
from worlds import START, catalog, make_world, renderers

from runflow_mock.domain.commands import RememberAnswer
from runflow_mock.domain.idempotency import RETENTION, AnswerForgotten, AnswerRemembered, Remembered
from runflow_mock.engine.snapshots import read_snapshot
from runflow_mock.engine.world import World


def _answer(place: str, status: int = 201) -> Remembered:
    return Remembered(place=place, fingerprint="of the body", status=status, body=b"{}", expires_at=START + RETENTION)


def _small(remembered_max: int) -> World:
    settings = make_world().settings
    return World(replace(settings, limits=replace(settings.limits, remembered_max=remembered_max)), catalog(), renderers(), START)


def test_answers_are_kept_for_24_hours() -> None:
    assert timedelta(hours=24) == RETENTION


def test_answer_is_kept_under_its_place() -> None:
    world = make_world()
    assert world.execute(RememberAnswer(_answer("a"))).events == (AnswerRemembered(_answer("a")),)
    assert world.store.remembered == {"a": _answer("a")}


def test_oldest_answer_makes_room() -> None:
    world = _small(2)
    for place in ("a", "b"):
        world.execute(RememberAnswer(_answer(place)))
    outcome = world.execute(RememberAnswer(_answer("c")))
    assert outcome.events == (AnswerForgotten("a"), AnswerRemembered(_answer("c")))
    assert list(world.store.remembered) == ["b", "c"]


def test_oldest_answers_make_room_for_bytes_and_the_new_one_stays_in_any_case() -> None:
    settings = make_world().settings
    limits = replace(settings.limits, remembered_bytes_max=10)
    world = World(replace(settings, limits=limits), catalog(), renderers(), START)
    for place, body in (("a", b"1234"), ("b", b"1234"), ("c", b"12345")):
        world.execute(RememberAnswer(replace(_answer(place), body=body)))
    assert (list(world.store.remembered), world.store.remembered_bytes) == (["b", "c"], 9)
    world.execute(RememberAnswer(replace(_answer("b"), body=b"12")))
    assert (list(world.store.remembered), world.store.remembered_bytes) == (["b", "c"], 7)
    world.execute(RememberAnswer(replace(_answer("d"), body=b"x" * 50)))
    assert (list(world.store.remembered), world.store.remembered_bytes) == (["d"], 50)
    assert read_snapshot(world.snapshot()).store.remembered_bytes == 50


def test_new_answer_for_the_same_place_needs_no_room() -> None:
    world = _small(2)
    for place in ("a", "b"):
        world.execute(RememberAnswer(_answer(place)))
    world.execute(RememberAnswer(_answer("a", 200)))
    assert world.store.remembered == {"a": _answer("a", 200), "b": _answer("b")}


def test_answer_that_grows_makes_others_go_and_not_its_former_self() -> None:
    settings = make_world().settings
    world = World(replace(settings, limits=replace(settings.limits, remembered_bytes_max=10)), catalog(), renderers(), START)
    for place in ("a", "b"):
        world.execute(RememberAnswer(replace(_answer(place), body=b"1234")))
    grown = replace(_answer("a"), body=b"123456789")
    assert world.execute(RememberAnswer(grown)).events == (AnswerForgotten("b"), AnswerRemembered(grown))
    assert (list(world.store.remembered), world.store.remembered_bytes) == (["a"], 9)
