"""Lists: what every list operation does with its six parameters."""

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import cast

import msgspec

from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.filters import Field, RecordT
from runflow_mock.domain.pages import select_in_steps
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.pieces import Steps, answer_in_steps, list_in_steps
from runflow_mock.wire.listing import Listing, check_names, decode_listing, project, represent_page

NEWEST_FIRST = "created_at:desc"
BY_NAME = "name"
# In the place of a parent's id it stands for all parents.
ANY = "any"
PAGE_BYTES = 256 * 1024
"""After so many bytes of a page others have their turn; usual ones have fewer."""

_encode = msgspec.json.Encoder().encode


def answer_list(
    call: Call,
    records: Iterable[RecordT],
    fields: Mapping[str, Field[RecordT]],
    represent: Callable[[RecordT], dict[str, object]],
    *,
    order: str = NEWEST_FIRST,
    waits: Callable[[RecordT], bool] | None = None,
    long: str | None = None,
) -> Answer:
    """Returns the page that a request asks for; where it shows something unfinished, the client counts as waiting.

    See `select_in_steps` for the records. Of many, and of those that are large, others have their turn in between. What records have under
    the name `long` is left to be made when its turn comes, if it is there.
    """
    return answer_in_steps(_steps(call, records, decode_listing(call.parameters, fields, order), represent, waits=waits, long=long))


def find_one(call: Call, noun: str, records: Iterable[RecordT], parameter: str = "id") -> RecordT:
    """Returns the record whose id stands in the path.

    Raises:
        NotFound: there is none among these.
    """
    wanted = call.uuid(parameter)
    found = next((record for record in records if record.id == wanted), None)
    if found is None:
        raise NotFound(noun, wanted)
    return found


def write_in_steps(record: dict[str, object], long: str | None) -> Generator[None, None, msgspec.Raw]:
    """Writes a record, with what it has under the name `long` part by part."""
    values = None if long is None else cast("Iterable[object] | None", record.get(long))
    if long is not None and values is not None:
        record = {**record, long: (yield from list_in_steps(values))}
    return msgspec.Raw(_encode(record))


def _steps(
    call: Call,
    records: Iterable[RecordT],
    listing: Listing[RecordT],
    represent: Callable[[RecordT], dict[str, object]],
    *,
    waits: Callable[[RecordT], bool] | None,
    long: str | None,
) -> Steps:
    page = yield from select_in_steps(records, listing.fields, listing.query)
    # The records of a page show which names there are; of an empty one only the contract does.
    if listing.names is not None and not page.records:
        # An empty page alone has to be told from the document what its records would have.
        from runflow_mock.wire.item_names import item_names

        check_names(listing.names, item_names(call.path, call.dialect))
    items, since = list[msgspec.Raw](), 0
    for record in page.records:
        item = yield from write_in_steps(project(represent(record), listing.names), long)
        items.append(item)
        since += len(item)
        if since >= PAGE_BYTES:
            since = 0
            yield
    body = represent_page(page, listing, items, call.dialect)
    if waits is not None and any(waits(record) for record in page.records):
        call.wait_for(None)
    return answer(body)
