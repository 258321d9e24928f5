import pytest
from msgspec.structs import replace
from worlds import SHIRT, START, catalog, create_batch, create_run, make_world, renderers

from runflow_mock.domain.assets import (
    Asset,
    AssetDeleted,
    AssetStored,
    AssetUpload,
    Attachment,
    BytesArrived,
    BytesReplaced,
    Content,
    UploadConfirmed,
    UploadOpened,
    UploadStatus,
    folders_of,
)
from runflow_mock.domain.commands import ConfirmUpload, DeleteAsset, HandOverOutput, OpenUpload, RecordBytes
from runflow_mock.domain.errors import BytesMissing, LimitReached, NotFound
from runflow_mock.domain.identity import AssetId, RunId, part_uuid
from runflow_mock.domain.runs import OutputHandedOver, RunCreated
from runflow_mock.engine.history import fold
from runflow_mock.engine.world import World

PICTURE = Content("a" * 64, 10, "image/png")
OTHER = Content("b" * 64, 20, "image/jpeg")
FILE = Attachment(AssetId(part_uuid(START.isoformat(), "attachment", 1)), "inline-1.png", PICTURE)


def small_world(**limits: int) -> World:
    settings = make_world().settings
    return World(replace(settings, limits=replace(settings.limits, **limits)), catalog(), renderers(), START)


def opened(world: World) -> AssetUpload:
    (event,) = world.execute(OpenUpload("shoe.png", "image/png")).events
    assert isinstance(event, UploadOpened)
    return event.upload


def confirmed(world: World, content: Content = PICTURE) -> Asset:
    upload = opened(world)
    world.execute(RecordBytes(upload.id, content))
    (event,) = world.execute(ConfirmUpload(upload.id)).events
    assert isinstance(event, UploadConfirmed)
    return event.asset


def test_upload_goes_its_way_and_becomes_an_asset() -> None:
    world = make_world(folders=("Spring",))
    (folder,) = folders_of(("Spring",), world.org_id, world.now)
    upload = opened(world)
    assert (upload.status, upload.content) == (UploadStatus.PENDING, None)
    assert world.execute(RecordBytes(upload.id, PICTURE)).events == (BytesArrived(upload.id, START, PICTURE),)
    assert world.store.upload(upload.id).status is UploadStatus.UPLOADED
    world.execute(ConfirmUpload(upload.id, folder.id))
    assert world.store.upload(upload.id).status is UploadStatus.CONFIRMED
    asset = world.store.asset(upload.id)
    assert (asset.id, asset.name, asset.content, asset.folder_id, asset.source_type) == (
        upload.id,
        "shoe.png",
        PICTURE,
        folder.id,
        "upload",
    )


def test_confirmation_before_the_bytes_is_refused_and_changes_nothing() -> None:
    world = make_world()
    upload = opened(world)
    before = world.history.encoded()
    with pytest.raises(BytesMissing):
        world.execute(ConfirmUpload(upload.id))
    assert (world.store.upload(upload.id), world.history.encoded()) == (upload, before)


def test_repeated_steps_give_no_events() -> None:
    world = make_world()
    asset = confirmed(world)
    assert world.execute(RecordBytes(asset.id, PICTURE)).events == ()
    assert world.execute(ConfirmUpload(asset.id)).events == ()


def test_other_bytes_replace_the_first_before_and_after_the_confirmation() -> None:
    world = make_world()
    asset = confirmed(world)
    assert world.execute(RecordBytes(asset.id, OTHER)).events == (BytesReplaced(asset.id, START, OTHER),)
    assert world.store.asset(asset.id).content == world.store.upload(asset.id).content == OTHER
    assert world.store.upload(asset.id).status is UploadStatus.CONFIRMED


def test_deleted_asset_is_gone_for_every_command_and_its_record_stays() -> None:
    world = make_world()
    asset = confirmed(world)
    assert world.execute(DeleteAsset(asset.id)).events == (AssetDeleted(asset.id, START, world.user_id),)
    for command in (DeleteAsset(asset.id), ConfirmUpload(asset.id), RecordBytes(asset.id, OTHER)):
        with pytest.raises(NotFound):
            world.execute(command)
    assert world.store.assets[asset.id].deleted_by == world.user_id


@pytest.mark.parametrize("source", ["run", "batch"])
def test_files_inside_a_creation_become_assets_of_it(source: str) -> None:
    world = make_world()
    command = create_run() if source == "run" else create_batch()
    events = world.execute(replace(command, attachments=(FILE,))).events
    stored = events[-1]
    assert isinstance(stored, AssetStored)
    owner = events[0].run.id if isinstance(events[0], RunCreated) else next(iter(world.store.batches))
    assert (stored.asset.id, stored.asset.source_type, stored.asset.source_id) == (FILE.id, source, owner)
    assert world.store.asset(FILE.id) == stored.asset


def test_equal_bytes_count_once() -> None:
    world = small_world(asset_bytes_max=PICTURE.size_bytes)
    confirmed(world)
    confirmed(world)
    world.execute(replace(create_run(), attachments=(FILE,)))
    assert world.store.kept_total == PICTURE.size_bytes


def test_bytes_beyond_the_limit_are_refused_and_nothing_is_created() -> None:
    world = small_world(asset_bytes_max=PICTURE.size_bytes - 1)
    upload = opened(world)
    for command in (RecordBytes(upload.id, PICTURE), replace(create_run(inputs=SHIRT), attachments=(FILE,))):
        with pytest.raises(LimitReached) as refused:
            world.execute(command)
        assert refused.value.limit == "asset_bytes_max"
    assert (world.store.runs, world.store.kept_total) == ({}, 0)


def test_numbers_of_sessions_and_assets_are_bounded() -> None:
    world = small_world(uploads_max=2, assets_max=1)
    asset, second = confirmed(world), opened(world)
    world.execute(RecordBytes(second.id, OTHER))
    for command in (OpenUpload("a", "image/png"), ConfirmUpload(second.id), replace(create_run(), attachments=(FILE,))):
        with pytest.raises(LimitReached):
            world.execute(command)
    assert list(world.store.assets) == [asset.id]


def test_output_that_was_handed_over_is_marked() -> None:
    world = make_world()
    run = world.execute(create_run()).events[0]
    assert isinstance(run, RunCreated)
    assert world.execute(HandOverOutput(run.run.id)).events == (OutputHandedOver(run.run.id, START),)
    assert world.store.run(run.run.id).handed_over
    with pytest.raises(NotFound):
        world.execute(HandOverOutput(RunId("none")))


def test_history_folds_to_the_same_assets() -> None:
    world = make_world()
    asset = confirmed(world)
    world.execute(RecordBytes(asset.id, OTHER))
    run = world.execute(replace(create_run(), attachments=(FILE,))).events[0]
    assert isinstance(run, RunCreated)
    world.execute(HandOverOutput(run.run.id))
    world.execute(DeleteAsset(asset.id))
    folded, store = fold(world.history), world.store
    assert (folded.uploads, folded.assets, folded.runs) == (store.uploads, store.assets, store.runs)
    assert (folded.kept_bytes, folded.kept_total) == (store.kept_bytes, store.kept_total)
