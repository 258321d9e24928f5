"""Magic inputs on the wire: a value that nobody documented is an error of its own, because a misspelt one would silently do nothing."""

from runflow_mock.domain.commands import CreateBatch
from runflow_mock.domain.magic import MAGIC, METADATA_KEY, spelled
from runflow_mock.wire.problems import FieldError, Location, invalid


def check_batch_magic(command: CreateBatch, key: str) -> None:
    """Raises the 422 for a value that does not exist; `key` is the caller's word for the items."""
    check_magic(("body",), None, command.metadata, None)
    for index, item in enumerate(command.items):
        check_magic(("body", key, index), item.client_ref, None, item.input)


def check_magic(place: Location, client_ref: str | None, metadata: bytes | None, inputs: bytes | None) -> None:
    """Raises the 422 for a value that does not exist, in what stands at a place of the body."""
    name = spelled(client_ref, metadata, inputs)
    if name is None or name in MAGIC:
        return
    in_ref, in_metadata = spelled(client_ref, None, None) is not None, spelled(None, metadata, None) is not None
    where: Location = ("client_ref",) if in_ref else ("metadata", METADATA_KEY) if in_metadata else ("input",)
    way_out = f"choose one of {', '.join(MAGIC)}, or start the server with --no-magic"
    raise invalid(FieldError((*place, *where), f"there is no magic value {name[:80]!r}: {way_out}", "magic_unknown"))
