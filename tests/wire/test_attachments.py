from typing import Any

import pytest
from msgspec.structs import replace
from worlds import ORIGIN, create_batch, create_run

from runflow_mock.domain.assets import REFERENCE_PREFIX
from runflow_mock.domain.commands import CreateRun, NewItem
from runflow_mock.domain.documents import Json, read_document, write_document
from runflow_mock.domain.identity import is_uuid
from runflow_mock.wire.attachments import show_references, take_batch_files, take_run_files
from runflow_mock.wire.problems import Problem

KNOWN = "019b76da-a800-7000-8001-d2a3fffaf480"
DATA = "data:image/gif;base64,R0lGODlh"
MODEL = "runflow/background-removal"


def knows(asset_id: str) -> bool:
    return asset_id == KNOWN


def a_run(inputs: Json, metadata: Json = None) -> CreateRun:
    return replace(create_run(MODEL, inputs), metadata=None if metadata is None else write_document(metadata))


@pytest.mark.parametrize("inputs", [{"image_url": "https://a.example/b.png"}, {}, {"note": "a runflow data sheet"}])
def test_documents_without_files_pass_as_they_are(inputs: Json) -> None:
    command = a_run(inputs, {"a": 1})
    assert take_run_files(command, knows) == (command, ())


def test_file_is_taken_out_wherever_it_stands() -> None:
    command, files = take_run_files(a_run({"a": [{"b": DATA}], DATA: 1}, {"c": DATA + "YQ"}), knows)
    first, second = command.attachments
    assert files == (b"GIF89a", b"GIF89aa")
    assert read_document(command.input) == {"a": [{"b": REFERENCE_PREFIX + first.id}], DATA: 1}
    assert read_document(command.metadata or b"") == {"c": REFERENCE_PREFIX + second.id}
    assert (first.name, first.content.mime_type, first.content.size_bytes) == ("inline-1.gif", "image/gif", 6)


def test_ids_follow_from_the_request_alone() -> None:
    first = [attachment.id for attachment in take_run_files(a_run({"a": DATA, "b": "data:text/plain,x"}), knows)[0].attachments]
    again = [attachment.id for attachment in take_run_files(a_run({"a": DATA, "b": "data:text/plain,y"}), knows)[0].attachments]
    assert first == again == sorted(first)
    assert all(map(is_uuid, first))
    elsewhere = replace(a_run({"a": DATA}), origin=replace(ORIGIN, request_id="019b76da-a800-7000-8000-000000000002"))
    assert take_run_files(elsewhere, knows)[0].attachments[0].id not in first


def test_equal_files_of_a_batch_are_one() -> None:
    items = tuple(NewItem(write_document({"image_url": DATA}), str(number)) for number in range(3))
    command, files = take_batch_files(replace(create_batch(), items=items), "input", knows)
    assert (len(files), len(command.attachments)) == (1, 1)
    assert len({item.input for item in command.items}) == 1
    assert [item.client_ref for item in command.items] == ["0", "1", "2"]


def test_reference_is_kept_in_lower_case() -> None:
    command, _ = take_run_files(a_run({"image_url": REFERENCE_PREFIX + KNOWN.upper()}), knows)
    assert read_document(command.input) == {"image_url": REFERENCE_PREFIX + KNOWN}


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(Problem) as refused:
        take_run_files(a_run({"a": "runflow://x", "b": ["data:a/b;base64,*"]}), knows)
    assert [field.loc for field in refused.value.fields or ()] == [("body", "input", "a"), ("body", "input", "b", 0)]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": REFERENCE_PREFIX + KNOWN}, {"a": "http://h/x?a=1&b=2"}),
        ([REFERENCE_PREFIX + KNOWN], ["http://h/x?a=1&b=2"]),
        ({"a": REFERENCE_PREFIX + KNOWN[:-1] + "1"}, {"a": REFERENCE_PREFIX + KNOWN[:-1] + "1"}),
        ({REFERENCE_PREFIX + KNOWN: 1}, {REFERENCE_PREFIX + KNOWN: 1}),
        ({"a": f'"{REFERENCE_PREFIX}{KNOWN}"'}, {"a": f'"{REFERENCE_PREFIX}{KNOWN}"'}),
        ({"a": f"{REFERENCE_PREFIX}{KNOWN} "}, {"a": f"{REFERENCE_PREFIX}{KNOWN} "}),
        ({"a": "https://a.example"}, {"a": "https://a.example"}),
    ],
)
def test_only_whole_values_that_refer_to_a_known_asset_are_shown_signed(document: Any, expected: Any) -> None:
    shown = show_references(write_document(document), lambda asset_id: "http://h/x?a=1&b=2" if knows(asset_id) else None)
    assert read_document(bytes(shown)) == expected
