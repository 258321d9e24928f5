import pytest
from msgspec.structs import replace
from records import a_run, nth_id
from worlds import catalog

from runflow_mock.domain.documents import Json, read_document, write_document
from runflow_mock.domain.identity import BatchId
from runflow_mock.domain.sync_mode import addresses_in, is_synchronous, with_media_inline

SYNC, PLAIN = catalog().get("bria/background/remove"), catalog().get("runflow/background-removal")


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"sync_mode": True}, True),
        ({"sync_mode": False}, False),
        ({"sync_mode": 1}, False),
        ({}, False),
        ({"deep": {"sync_mode": True}}, False),
        ({"note": '"sync_mode":true'}, False),
    ],
)
def test_run_is_synchronous_when_its_own_input_says_so(inputs: Json, expected: bool) -> None:
    assert is_synchronous(SYNC, a_run(input=write_document(inputs))) is expected


def test_neither_other_models_nor_items_of_a_batch_are_synchronous() -> None:
    run = a_run(input=write_document({"sync_mode": True}))
    assert not is_synchronous(PLAIN, run)
    assert not is_synchronous(SYNC, replace(run, batch_id=BatchId(nth_id(9))))


def test_addresses_are_found_once_and_replaced_everywhere() -> None:
    output = write_document({"outputs": [{"url": "http://h/a", "type": "image"}], "image_urls": ["http://h/a", "https://h/b"], "seed": 1})
    assert addresses_in(output) == ("http://h/a", "https://h/b")
    inline = read_document(with_media_inline(output, {"http://h/a": "data:a"}))
    assert inline == {"outputs": [{"url": "data:a", "type": "image"}], "image_urls": ["data:a", "https://h/b"], "seed": 1}
