from datetime import datetime
from typing import cast, get_args, get_type_hints

import msgspec
import pytest
from records import LATER, ORG, nth_id
from worlds import START

from runflow_mock.domain.identity import WebhookId
from runflow_mock.domain.records import (
    COLLECTIONS,
    PLAIN,
    Collection,
    Limits,
    PlainRecord,
    RecordChanged,
    RecordCreated,
    RecordDeleted,
    RecordEvent,
    Records,
)
from runflow_mock.domain.webhooks import Webhook

NAMES = [collection.name for collection in COLLECTIONS]
WEBHOOK = Webhook(id=WebhookId(nth_id(1)), org_id=ORG, url="https://app.example", secret="example", created_at=START, updated_at=LATER)


def test_snapshot_holds_every_collection_with_its_own_records() -> None:
    held = {name: get_args(hint)[0] for name, hint in get_type_hints(Records).items()}
    assert held == {collection.name: collection.type for collection in COLLECTIONS}


@pytest.mark.parametrize("collection", COLLECTIONS, ids=NAMES)
def test_row_says_what_its_records_have(collection: Collection[object]) -> None:
    fields = get_type_hints(collection.type)
    assert collection.limit in Limits.__struct_fields__
    assert collection.key in fields
    assert (fields.get("created_at") is datetime) == collection.is_dated
    assert ("deleted_at" in fields) == (collection.gone == "deleted_at")
    assert collection.gone is None or fields[collection.gone] == datetime | None


def test_plain_records_are_told_apart_in_a_history() -> None:
    assert set(PLAIN) == set(get_args(PlainRecord) or (PlainRecord,))
    assert all(cast(msgspec.inspect.StructType, msgspec.inspect.type_info(kind)).tag == kind.__name__ for kind in PLAIN)
    assert all(row.type is kind for kind, row in PLAIN.items())


@pytest.mark.parametrize(
    ("event", "at"), [(RecordCreated(WEBHOOK), START), (RecordChanged(WEBHOOK), LATER), (RecordDeleted(WEBHOOK), LATER)]
)
def test_event_of_a_plain_record_says_when_and_survives_a_history(event: RecordEvent, at: datetime) -> None:
    assert event.at == at
    assert msgspec.json.decode(msgspec.json.encode(event), type=RecordEvent) == event
