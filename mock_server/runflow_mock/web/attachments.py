"""Files inside requests: creating runs, batches and evaluations with them, and showing documents that refer to them."""

from msgspec import Raw

from runflow_mock.domain.assets import asset_url
from runflow_mock.domain.commands import CreateBatch, CreateRun, SubmitEvaluation
from runflow_mock.domain.documents import Document
from runflow_mock.domain.identity import AssetId
from runflow_mock.engine.world import Outcome
from runflow_mock.web.calls import Call
from runflow_mock.wire.attachments import Show, show_references, take_batch_files, take_evaluation_files, take_run_files
from runflow_mock.wire.problems import not_now


def execute_with_files(call: Call, command: CreateRun | CreateBatch | SubmitEvaluation, key: str = "input") -> Outcome:
    """Carries out a creation, with the files in its documents stored as assets; `key` is the caller's word for a batch's items.

    Raises:
        Problem: 422 for a reference to an asset that cannot be read, or a `data:` URI that cannot; 503 where there is no room.
    """
    knows = lambda asset_id: _address(call, asset_id) is not None  # noqa: E731 - a predicate of one line
    files: tuple[bytes, ...]
    if isinstance(command, CreateRun):
        command, files = take_run_files(command, knows)
    elif isinstance(command, SubmitEvaluation):
        command, files = take_evaluation_files(command, call.request_id, knows)
    else:
        command, files = take_batch_files(command, key, knows)
    objection = call.runtime.holdings.objection_to_files(call.caller, files) if files else None
    if objection is not None:
        raise not_now(objection)
    outcome = call.execute(command)
    # Only now: a creation that is refused leaves no bytes behind.
    for data in files:
        call.caller.blobs.keep(data)
    return outcome


def show_in(call: Call) -> Show:
    """Returns how this call shows stored documents: with signed addresses in the place of references."""
    # Without assets no document refers to one, and its bytes go out as they are kept.
    if not call.store.assets:
        return Raw

    def show(document: Document) -> Raw:
        return show_references(document, lambda asset_id: _address(call, asset_id))

    return show


def _address(call: Call, asset_id: str) -> str | None:
    asset = call.store.assets.get(AssetId(asset_id))
    if asset is None or asset.deleted_at is not None:
        return None
    world = call.caller.world
    return asset_url(asset, call.caller.settings.name, call.base_url, world.now, world.seed)
