import pytest
from doors import Door
from steps import Body, advance, ok
from uploads import PNG, at, confirm, open_upload, put, upload

from runflow_mock.domain.assets import FILE_BYTES_MAX


@pytest.fixture
def asset(door: Door) -> Body:
    return upload(door)


def with_query(url: str, old: str, new: str) -> str:
    assert old in url
    return url.replace(old, new)


def test_put_needs_no_key_and_takes_any_content_type(door: Door) -> None:
    session = open_upload(door)
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "image/png"}, {"Authorization": "Bearer nonsense"}):
        assert put(door, session, headers=headers).status_code == 200


@pytest.mark.slow(is_covering=True)
def test_file_of_the_largest_size_is_taken_and_one_byte_more_is_413() -> None:
    with Door() as door:
        session = open_upload(door)
        assert put(door, session, bytes(FILE_BYTES_MAX + 1)).status_code == 413
        assert put(door, session, bytes(FILE_BYTES_MAX)).status_code == 200
        assert confirm(door, session)["size_bytes"] == FILE_BYTES_MAX


@pytest.mark.parametrize(
    ("old", "new"),
    [("signature=", "signature=0"), ("expires=", "expires=9"), ("_upload/test", "_upload/other"), ("?", "x?"), ("expires=", "e=")],
)
def test_changed_upload_address_is_403(door: Door, old: str, new: str) -> None:
    session = open_upload(door)
    door.get("/v1/runs", key="rf_live_mock_other")
    response = at(door, with_query(session["upload_url"], old, new), "PUT", content=PNG)
    assert (response.status_code, response.headers["content-type"]) == (403, "application/xml")


def test_upload_address_expires_in_the_tenants_time(door: Door) -> None:
    session = open_upload(door)
    advance(door, 3599)
    assert put(door, session).status_code == 200
    advance(door, 1)
    assert put(door, session).status_code == 403
    confirm(door, session)


def test_asset_address_works_for_seven_days(door: Door, asset: Body) -> None:
    advance(door, "6d")
    assert at(door, asset["url"]).status_code == 200
    advance(door, "1d")
    assert at(door, asset["url"]).status_code == 403


@pytest.mark.parametrize(("old", "new"), [("shoe_photo", "other"), ("signature=", "signature=é"), ("expires=1", "expires=²")])
def test_changed_asset_address_is_403(door: Door, asset: Body, old: str, new: str) -> None:
    assert at(door, with_query(asset["url"], old, new)).status_code == 403


@pytest.mark.parametrize("path", ["/files/", "/files/test", "/files/test/../../etc/passwd", "/_upload/", "/files/nobody/x/y"])
def test_unsigned_paths_lead_nowhere(door: Door, path: str) -> None:
    door.get("/v1/runs")
    method = "PUT" if path.startswith("/_upload") else "GET"
    assert door.request(method, path, key=None).status_code in (403, 404, 401)


def test_each_side_takes_its_own_methods(door: Door, asset: Body) -> None:
    assert at(door, asset["url"], "PUT", content=PNG).status_code == 405
    assert at(door, open_upload(door)["upload_url"]).status_code == 405


def test_head_is_get_without_the_body(door: Door, asset: Body) -> None:
    whole, head = at(door, asset["url"]), at(door, asset["url"], "HEAD")
    assert (head.status_code, head.content, dict(head.headers)) == (200, b"", dict(whole.headers))
    assert whole.headers["content-length"] == str(len(PNG))


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-3", 206, 0, 3),
        ("bytes=90-", 206, 90, 99),
        ("bytes=-10", 206, 90, 99),
        ("bytes=90-5000", 206, 90, 99),
        ("bytes=-5000", 206, 0, 99),
        ("bytes=99-99", 206, 99, 99),
        ("bytes=5-2", 200, 0, 99),
        ("bytes=-", 200, 0, 99),
        ("bytes=0-1,4-5", 200, 0, 99),
        ("items=0-1", 200, 0, 99),
    ],
)
def test_range_gives_the_part(door: Door, asset: Body, asked: str, status: int, first: int, last: int) -> None:
    response = at(door, asset["url"], headers={"Range": asked})
    assert (response.status_code, response.content) == (status, PNG[first : last + 1])
    if status == 206:
        assert response.headers["content-range"] == f"bytes {first}-{last}/100"


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_range_outside_is_416(door: Door, asset: Body, asked: str) -> None:
    response = at(door, asset["url"], headers={"Range": asked})
    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */100")


def test_etag_answers_conditions(door: Door, asset: Body) -> None:
    tag = at(door, asset["url"]).headers["etag"]
    for condition, status in ((tag, 304), (f'"x", W/{tag}', 304), ("*", 304), ('"x"', 200), ('"x", *', 200)):
        assert at(door, asset["url"], headers={"If-None-Match": condition}).status_code == status
    for condition, status in ((tag, 206), ('"x"', 200)):
        assert at(door, asset["url"], headers={"If-Range": condition, "Range": "bytes=0-1"}).status_code == status


def test_journal_has_what_went_to_the_storage(door: Door, asset: Body) -> None:
    at(door, asset["url"])
    items = ok(door.get("/_mock/journal"))["items"]
    assert {"PUT", "GET"} <= {item["request"]["method"] for item in items if item["operation"] is None}


def test_storage_sends_cors_headers_only_where_that_was_asked_for() -> None:
    for cors in (False, True):
        with Door(cors=cors) as door:
            response = put(door, open_upload(door), headers={"Origin": "https://app.example"})
            assert ("access-control-allow-origin" in response.headers) is cors
