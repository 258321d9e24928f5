"""Lists: what every list operation does with its six parameters."""

from collections.abc import Callable, Mapping, Sequence

from runflow_mock.domain.filters import Field, RecordT
from runflow_mock.domain.pages import select
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.wire.listing import check_names, decode_listing, represent_page

NEWEST_FIRST = "created_at:desc"


def answer_list(
    call: Call,
    records: Sequence[RecordT],
    fields: Mapping[str, Field[RecordT]],
    represent: Callable[[RecordT], dict[str, object]],
    *,
    order: str = NEWEST_FIRST,
    waits: Callable[[RecordT], bool] | None = None,
) -> Answer:
    """Returns the page that a request asks for; where it shows something unfinished, the client counts as waiting."""
    listing = decode_listing(call.parameters, fields, order)
    page = select(records, fields, listing.query)
    # The records of a page show which names there are; of an empty one only the contract does.
    if listing.names is not None and not page.records:
        # An empty page alone has to be told from the document what its records would have.
        from runflow_mock.wire.item_names import item_names

        check_names(listing.names, item_names(call.path, call.dialect))
    body = represent_page(page, listing, represent, call.dialect)
    if waits is not None and any(waits(record) for record in page.records):
        call.wait_for(None)
    return answer(body)
