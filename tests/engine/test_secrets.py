from datetime import timedelta

import pytest
from msgspec.structs import replace
from worlds import START, catalog, make_world, renderers

from runflow_mock.domain.commands import CreateSecret, DeleteSecret, UpdateSecret
from runflow_mock.domain.errors import LimitReached, NotFound, SecretIsCurrent
from runflow_mock.domain.identity import SecretId
from runflow_mock.domain.secrets import CallbackSecret, SecretCreated, SecretDeleted, SecretDemoted, SecretPromoted, SecretRenamed
from runflow_mock.engine.world import World


def _create(world: World, label: str = "blue") -> CallbackSecret:
    (event,) = world.execute(CreateSecret(label)).events
    assert isinstance(event, SecretCreated)
    return event.secret


def _current(world: World) -> list[str | None]:
    return [secret.label for secret in world.store.secrets.values() if secret.is_current]


def test_first_secret_is_current_and_a_later_one_is_not() -> None:
    world = make_world()
    assert [_create(world, label).is_current for label in ("a", "b", "c")] == [True, False, False]


def test_material_is_drawn_behind_the_prefix() -> None:
    world = make_world()
    secrets = [_create(world), _create(world)]
    assert all(secret.material.startswith("rf_whsec_") and len(secret.material) == 57 for secret in secrets)
    assert secrets[0].material != secrets[1].material
    assert secrets[0].material == _create(make_world()).material


def test_material_of_an_operator_is_taken_as_it_is() -> None:
    world = make_world(callback_secret="whsec_mine")
    (secret,) = world.store.secrets.values()
    assert (secret.material, secret.label, secret.is_current) == ("whsec_mine", "pre-registered", True)


def test_promotion_demotes_the_other() -> None:
    world = make_world()
    old, new = _create(world, "old"), _create(world, "new")
    world.move_to(START + timedelta(seconds=1))
    outcome = world.execute(UpdateSecret(secret_id=new.id, is_current=True))
    assert outcome.events == (SecretDemoted(old.id, world.now), SecretPromoted(new.id, world.now))
    assert _current(world) == ["new"]


def test_promoting_the_current_secret_changes_nothing() -> None:
    world = make_world()
    assert world.execute(UpdateSecret(secret_id=_create(world).id, is_current=True)).events == ()


def test_renaming_keeps_the_rest() -> None:
    world = make_world()
    secret = _create(world)
    outcome = world.execute(UpdateSecret(secret_id=secret.id, renames=True, label="green"))
    assert outcome.events == (SecretRenamed(secret.id, START, "green"),)
    assert world.store.secret(secret.id) == replace(secret, label="green")


def test_label_is_only_touched_when_it_is_sent() -> None:
    world = make_world()
    _create(world)
    second = _create(world, "second")
    world.execute(UpdateSecret(secret_id=second.id, label=None, is_current=True))
    assert _current(world) == ["second"]


def test_current_secret_cannot_be_demoted() -> None:
    world = make_world()
    secret = _create(world)
    with pytest.raises(SecretIsCurrent):
        world.execute(UpdateSecret(secret_id=secret.id, renames=True, label="green", is_current=False))
    assert world.store.secret(secret.id) == secret


def test_other_secret_may_be_told_that_it_is_not_current() -> None:
    world = make_world()
    _create(world)
    assert world.execute(UpdateSecret(secret_id=_create(world).id, is_current=False)).events == ()


def test_deleting_the_current_secret_promotes_the_newest_enabled_one() -> None:
    world = make_world()
    first, second, third = (_create(world, label) for label in ("first", "second", "third"))
    world.execute(DeleteSecret(third.id))
    outcome = world.execute(DeleteSecret(first.id))
    assert outcome.events == (SecretDeleted(first.id, START), SecretPromoted(second.id, START))


def test_deleting_another_secret_leaves_the_current_one() -> None:
    world = make_world()
    _create(world, "first")
    second = _create(world, "second")
    assert world.execute(DeleteSecret(second.id)).events == (SecretDeleted(second.id, START),)
    assert _current(world) == ["first"]


def test_after_the_last_deletion_the_next_secret_is_current_again() -> None:
    world = make_world()
    world.execute(DeleteSecret(_create(world).id))
    assert _current(world) == []
    assert _create(world).is_current


@pytest.mark.parametrize("deleted", [False, True])
def test_secret_that_is_gone_is_not_found(deleted: bool) -> None:
    world = make_world()
    secret_id = _create(world).id if deleted else SecretId("no")
    if deleted:
        world.execute(DeleteSecret(secret_id))
    for command in (UpdateSecret(secret_id=secret_id, is_current=True), DeleteSecret(secret_id)):
        with pytest.raises(NotFound, match="callback secret"):
            world.execute(command)


def test_number_of_secrets_is_limited() -> None:
    settings = make_world().settings
    world = World(replace(settings, limits=replace(settings.limits, secrets_max=2)), catalog(), renderers(), START)
    _create(world)
    _create(world)
    with pytest.raises(LimitReached, match="secrets_max is 2"):
        _create(world)
