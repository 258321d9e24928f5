import json
from pathlib import Path
from typing import Any

import pytest
from arrows import arrows
from records import LATER, ORG, SEED, USER, nth_id
from worlds import START

from runflow_mock.domain.assets import (
    UPLOAD_TRANSITIONS,
    Asset,
    AssetUpload,
    BytesArrived,
    Content,
    UploadConfirmed,
    UploadStatus,
    asset_of,
    asset_url,
    content_of,
    evolve,
    file_name,
    upload_url,
)
from runflow_mock.domain.identity import AssetId
from runflow_mock.domain.machine import IllegalTransition, is_terminal
from runflow_mock.domain.mime import EXTENSION_OF, kind_of, sniff

MACHINES = json.loads((Path(__file__).parents[2] / "contracts" / "state_machines.json").read_text())
CONTENT = Content("a" * 64, 3, "image/png")
ID = AssetId(nth_id(1))


def an_upload(status: UploadStatus = UploadStatus.PENDING) -> AssetUpload:
    return AssetUpload(id=ID, org_id=ORG, filename="a b.png", mime_type="image/png", created_by=USER, created_at=START, status=status)


def an_asset(name: str = "a.png", mime_type: str = "image/png") -> Asset:
    return Asset(
        id=ID,
        org_id=ORG,
        name=name,
        content=Content("a" * 64, 3, mime_type),
        source_type="upload",
        created_by=USER,
        created_at=START,
        updated_at=START,
    )


EVENTS = (BytesArrived(ID, LATER, CONTENT), UploadConfirmed(ID, LATER, an_asset()))


def test_table_is_the_contracts() -> None:
    stated = MACHINES["asset_upload"]
    assert arrows(UPLOAD_TRANSITIONS) == {tuple(arrow) for arrow in stated["transitions"]}
    assert [status for status in UploadStatus if is_terminal(UPLOAD_TRANSITIONS, status)] == stated["terminal"]
    assert an_upload().status == stated["initial"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("status", UploadStatus)
def test_every_pair_of_state_and_event_is_decided_by_the_table(status: UploadStatus, event: Any) -> None:
    following = UPLOAD_TRANSITIONS[status].get(type(event))
    if following is None:
        with pytest.raises(IllegalTransition):
            evolve(an_upload(status), event)
    else:
        assert evolve(an_upload(status), event).status is following


def test_arrival_keeps_what_is_known_of_the_bytes() -> None:
    assert evolve(an_upload(), EVENTS[0]).content == CONTENT


def test_asset_of_an_upload_has_its_id_and_its_time() -> None:
    asset = asset_of(an_upload(), CONTENT, None, LATER)
    assert (asset.id, asset.name, asset.created_at, asset.updated_at) == (ID, "a b.png", START, LATER)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xdb", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00AVI ", None),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x20ftypavif", "image/avif"),
        (b"\x00\x00\x00\x20ftypheic", "image/heic"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
        (b"PK\x03\x04", "application/zip"),
        (b"%PDF-1.7", "application/pdf"),
        (b"ID3\x04", "audio/mpeg"),
        (b"OggS", "audio/ogg"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b'<?xml version="1.0"?>\n<svg>', "image/svg+xml"),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_bytes_say_what_they_are(data: bytes, expected: str | None) -> None:
    assert sniff(data) == expected
    assert expected is None or expected in EXTENSION_OF


def test_declaration_counts_only_where_bytes_say_nothing() -> None:
    assert content_of(b"GIF89a", "image/png").mime_type == "image/gif"
    assert content_of(b"??", "image/png").mime_type == "image/png"


@pytest.mark.parametrize(("media_type", "kind"), [("image/png", "image"), ("video/mp4", "video"), ("audio/wav", "audio"), ("x/y", "file")])
def test_kinds(media_type: str, kind: str) -> None:
    assert kind_of(media_type) == kind


@pytest.mark.parametrize(
    ("name", "mime_type", "expected"),
    [
        ("shoe photo.png", "image/png", "shoe_photo.png"),
        ("shoe.png", "image/webp", "shoe.webp"),
        ("no extension", "image/jpeg", "no_extension.jpg"),
        ("../../etc/passwd", "image/png", "passwd.png"),
        ("фото.jpg", "image/jpeg", "file.jpg"),
        ("a/b/", "image/png", "file.png"),
        ("x" * 500, "image/png", "x" * 80 + ".png"),
        ("data", "application/x-unknown", "data.bin"),
    ],
)
def test_address_ends_in_a_plain_name_with_the_extension_of_the_type(name: str, mime_type: str, expected: str) -> None:
    assert file_name(an_asset(name, mime_type)) == expected


def test_addresses_name_the_tenant_and_the_end_of_their_life() -> None:
    read = asset_url(an_asset(), "t", "http://h", START, SEED)
    write = upload_url(an_upload(), "t", "http://h", SEED)
    assert read.startswith(f"http://h/files/t/{ID}/a.png?expires={int(START.timestamp()) + 7 * 86400}&signature=")
    assert write.startswith(f"http://h/_upload/t/{ID}?expires={int(START.timestamp()) + 3600}&signature=")
    assert asset_url(an_asset(), "t", "http://h", LATER, SEED) != read
