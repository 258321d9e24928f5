import pytest
from contract import fits
from doors import Door
from msgspec.structs import replace
from steps import ABSENT, Body, advance, history_length, ok, places, problem
from uploads import ASSETS, JPEG, PNG, UPLOADS, assets, at, confirm, open_upload, put, upload

from runflow_mock.domain.assets import FILE_BYTES_MAX
from runflow_mock.domain.records import Limits
from runflow_mock.engine.history import fold


def confirmations(session: Body) -> str:
    return f"{UPLOADS}/{session['asset_id']}/confirmations"


def test_upload_in_three_steps_makes_an_asset_of_the_same_id(door: Door) -> None:
    session = open_upload(door)
    assert set(session) == {"asset_id", "upload_url"}
    assert put(door, session).status_code == 200
    asset = confirm(door, session, folder_id=None)
    assert asset["id"] == session["asset_id"]
    assert (asset["name"], asset["mime_type"], asset["size_bytes"], asset["asset_type"]) == ("shoe photo.png", "image/png", 100, "image")
    assert at(door, asset["url"]).content == PNG


@pytest.mark.parametrize(
    ("change", "loc", "kind"),
    [
        ({"filename": ""}, "filename", "string_too_short"),
        ({"filename": "x" * 501}, "filename", "string_too_long"),
        ({"filename": 1}, "filename", "string_type"),
        ({"mime_type": ""}, "mime_type", "string_too_short"),
        ({"mime_type": "image/" + "x" * 250}, "mime_type", "string_too_long"),
        ({"mime_type": "html"}, "mime_type", "unsupported_mime_type"),
        ({"mime_type": "text/html\r\nx: y"}, "mime_type", "unsupported_mime_type"),
        ({"size_bytes": 0}, "size_bytes", "greater_than_equal"),
        ({"size_bytes": FILE_BYTES_MAX + 1}, "size_bytes", "less_than_equal"),
        ({"size_bytes": "100"}, "size_bytes", "int_type"),
    ],
)
def test_bad_session_is_422_and_opens_nothing(door: Door, change: Body, loc: str, kind: str) -> None:
    before = history_length(door)
    response = door.post(UPLOADS, {"filename": "a.png", "mime_type": "image/png", "size_bytes": 1, **change})
    assert places(fits(response, "create_asset_upload")) == [(["body", loc], kind)]
    assert history_length(door) == max(before, 1)


@pytest.mark.parametrize(
    "change", [{"filename": "x" * 500}, {"size_bytes": FILE_BYTES_MAX}, {"size_bytes": 1}, {"mime_type": "IMAGE/WEBP"}]
)
def test_limits_themselves_are_allowed(door: Door, change: Body) -> None:
    open_upload(door, **change)


def test_everything_wrong_with_a_session_is_told_at_once(door: Door) -> None:
    assert {kind for _, kind in places(door.post(UPLOADS, {}))} == {"missing"}
    assert len(places(door.post(UPLOADS, {}))) == 3


def test_every_listed_type_can_be_uploaded(door: Door) -> None:
    for entry in ok(door.get(f"{ASSETS}/types"))["items"]:
        open_upload(door, mime_type=entry["code"])


def test_real_size_and_type_are_recorded(door: Door) -> None:
    asset = upload(door, JPEG, mime_type="image/png", size_bytes=5)
    assert (asset["mime_type"], asset["size_bytes"]) == ("image/jpeg", len(JPEG))
    served = at(door, asset["url"])
    assert served.headers["content-type"] == "image/jpeg"
    assert asset["url"].partition("?")[0].endswith(".jpg")


def test_confirmation_before_the_bytes_is_422(door: Door) -> None:
    session = open_upload(door)
    response = fits(door.post(confirmations(session)), "confirm_asset_upload")
    assert places(response) == [(["path", "asset_upload_id"], "not_uploaded")]
    assert put(door, session).status_code == 200
    confirm(door, session)


def test_repeated_confirmation_answers_the_same_again(door: Door) -> None:
    session = open_upload(door)
    put(door, session)
    first = confirm(door, session)
    assert confirm(door, session) == first
    assert len(assets(door)) == 1


def test_put_may_be_repeated_and_the_last_bytes_count(door: Door) -> None:
    session = open_upload(door)
    for data in (PNG, PNG, JPEG):
        assert put(door, session, data).status_code == 200
    assert confirm(door, session)["mime_type"] == "image/jpeg"
    put(door, session, PNG)
    asset = ok(door.get(f"{ASSETS}/{session['asset_id']}"))
    assert (asset["mime_type"], asset["size_bytes"]) == ("image/png", len(PNG))
    assert at(door, asset["url"]).content == PNG


def test_pending_and_unconfirmed_uploads_are_not_shown(door: Door) -> None:
    session = open_upload(door)
    put(door, session)
    assert assets(door) == []
    problem(door.get(f"{ASSETS}/{session['asset_id']}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize(
    ("declared", "name", "served", "suffix"),
    [
        ("application/octet-stream", "photo.png", "application/octet-stream", ".png"),
        ("application/json", "workflow.json", "application/json", ".json"),
        ("text/plain", "prompts.txt", "text/plain", ".txt"),
        ("model/gltf-binary", "chair.glb", "model/gltf-binary", ".glb"),
        ("application/x-safetensors", "weights", "application/x-safetensors", ".bin"),
        ("text/html; charset=utf-8", "page.html", "text/html", ".html"),
    ],
)
def test_any_media_type_can_be_uploaded(dialect: str, declared: str, name: str, served: str, suffix: str) -> None:
    with Door(dialect=dialect) as door:
        asset = upload(door, b"plain bytes", mime_type=declared, filename=name)
        assert asset["mime_type"] == served
        assert asset["url"].partition("?")[0].endswith(suffix)
        assert at(door, asset["url"]).headers["content-type"] == served


def test_what_the_bytes_show_goes_before_a_type_that_says_nothing(door: Door) -> None:
    asset = upload(door, PNG, mime_type="application/octet-stream")
    assert (asset["mime_type"], asset["asset_type"]) == ("image/png", "image")


def test_types_can_be_those_of_the_list_by_a_switch() -> None:
    with Door(switches={"upload_types": "listed"}) as door:
        response = door.post(UPLOADS, {"filename": "a", "mime_type": "application/octet-stream", "size_bytes": 1})
        assert places(fits(response, "create_asset_upload")) == [(["body", "mime_type"], "unsupported_mime_type")]
        open_upload(door, mime_type="image/png")


def test_folders_are_listed_and_take_assets(door: Door) -> None:
    key = ok(door.post("/_mock/tenants", {"name": "filer", "folders": ["Spring", "Masks"]}), 201)["key"]
    listed = ok(fits(door.get("/v1/asset-folders?sort_by=name", key=key), "list_asset_folders"))["items"]
    assert [folder["name"] for folder in listed] == ["Masks", "Spring"]
    session = ok(door.post(UPLOADS, {"filename": "a.png", "mime_type": "image/png", "size_bytes": 1}, key=key), 201)
    put(door, session)
    asset = ok(door.post(confirmations(session), {"folder_id": listed[0]["id"].upper()}, key=key), 201)
    assert asset["folder_id"] == listed[0]["id"]
    assert ok(door.get("/v1/asset-folders"))["items"] == []


def test_folder_that_is_not_there_is_404_and_one_that_is_no_uuid_422(door: Door) -> None:
    session = open_upload(door)
    put(door, session)
    assert places(door.post(confirmations(session), {"folder_id": "x"})) == [(["body", "folder_id"], "uuid_parsing")]
    problem(fits(door.post(confirmations(session), {"folder_id": ABSENT}), "confirm_asset_upload"), 404, "NOT_FOUND")
    assert assets(door) == []
    assert confirm(door, session, folder_id=None)["folder_id"] is None
    problem(door.post(confirmations(session), {"folder_id": ABSENT}), 404, "NOT_FOUND")


@pytest.mark.parametrize("folders", [[""], ["x" * 201], ["x"] * 101])
def test_folders_have_names_and_a_limit(door: Door, folders: list[str]) -> None:
    assert door.post("/_mock/tenants", {"folders": folders}).status_code == 422


def test_unknown_and_foreign_ids_are_404(door: Door) -> None:
    asset = upload(door)
    for path, key in ((f"{ASSETS}/{ABSENT}", ""), (f"{ASSETS}/{asset['id']}", "rf_live_mock_other")):
        problem(fits(door.get(path, key=key), "get_asset"), 404, "NOT_FOUND")
        problem(fits(door.delete(path, key=key), "delete_asset"), 404, "NOT_FOUND")
    problem(fits(door.post(f"{UPLOADS}/{ABSENT}/confirmations"), "confirm_asset_upload"), 404, "NOT_FOUND")
    assert places(door.get(f"{ASSETS}/nothing")) == [(["path", "id"], "uuid_parsing")]


def test_deleted_asset_cannot_be_read_listed_confirmed_or_fetched(door: Door) -> None:
    session = open_upload(door)
    put(door, session)
    asset = confirm(door, session)
    assert fits(door.delete(f"{ASSETS}/{asset['id']}"), "delete_asset").status_code == 204
    problem(door.get(f"{ASSETS}/{asset['id']}"), 404, "NOT_FOUND")
    problem(door.delete(f"{ASSETS}/{asset['id']}"), 404, "NOT_FOUND")
    problem(door.post(confirmations(session)), 404, "NOT_FOUND")
    assert assets(door) == []
    assert at(door, asset["url"]).status_code == 404
    assert put(door, session).status_code == 404


def test_url_is_signed_anew_by_every_read(door: Door) -> None:
    asset = upload(door)
    advance(door, "1h")
    assert ok(door.get(f"{ASSETS}/{asset['id']}"))["url"] != asset["url"]


def test_creator_is_embedded_when_asked_for(door: Door) -> None:
    asset = upload(door)
    assert asset["created_by_user"] is None
    path = f"{ASSETS}/{asset['id']}"
    user = ok(fits(door.get(path, params={"embed": "created_by_user"}), "get_asset"))["created_by_user"]
    assert set(user) == {"id", "email", "first_name", "last_name", "avatar_url"}
    assert user["id"] == asset["created_by"]
    assert assets(door, embed="created_by_user")[0]["created_by_user"] == user
    assert places(door.get(path, params={"embed": "folder"})) == [(["query", "embed"], "value_error")]


def test_list_is_in_the_order_of_the_sessions_and_obeys_its_parameters(door: Door) -> None:
    sessions = [open_upload(door, filename=f"{name}.png") for name in "abc"]
    for session in reversed(sessions):
        put(door, session)
        confirm(door, session)
    assert [asset["name"] for asset in assets(door)] == ["c.png", "b.png", "a.png"]
    assert [asset["name"] for asset in assets(door, q="name.eq:'b.png'")] == ["b.png"]
    assert assets(door, fields="name", sort_by="name", limit=1) == [{"name": "a.png"}]
    page = ok(door.get(ASSETS, params={"limit": 2}))
    assert [asset["name"] for asset in assets(door, limit=2, pq=page["next"])] == ["a.png"]


def test_every_answer_fits_the_contract(door: Door) -> None:
    body = {"filename": "shoe photo.png", "mime_type": "image/png", "size_bytes": 100}
    session = fits(door.post(UPLOADS, body), "create_asset_upload").json()
    put(door, session)
    asset = fits(door.post(confirmations(session), {}), "confirm_asset_upload").json()
    fits(door.get(ASSETS), "list_assets")
    fits(door.get(f"{ASSETS}/types"), "list_asset_types")
    fits(door.get(f"{ASSETS}/{asset['id']}"), "get_asset")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", UPLOADS, "assets:create"),
        ("POST", f"{UPLOADS}/{ABSENT}/confirmations", "assets:create"),
        ("GET", ASSETS, "assets:read"),
        ("GET", f"{ASSETS}/types", "assets:read"),
        ("GET", "/v1/asset-folders", "assets:read"),
        ("GET", f"{ASSETS}/{ABSENT}", "assets:read"),
        ("DELETE", f"{ASSETS}/{ABSENT}", "assets:delete"),
    ],
)
def test_scope_is_needed(door: Door, method: str, path: str, scope: str) -> None:
    ok(door.post("/_mock/tenants", {"name": "narrow", "scopes": ["runs:read"]}), 201)
    response = door.request(method, path, key="rf_live_mock_narrow")
    problem(response, 403, "PERMISSION_DENIED")
    assert scope in response.json()["message"]


def test_bytes_are_bounded_and_not_part_of_the_history() -> None:
    with Door(limits=replace(Limits(), asset_bytes_max=len(PNG) + 1)) as door:
        session = open_upload(door)
        assert put(door, session).status_code == 200
        assert put(door, open_upload(door)).status_code == 200
        full = put(door, session, JPEG)
        assert (full.status_code, "asset_bytes_max" in full.text) == (503, True)
        assert confirm(door, session)["mime_type"] == "image/png"
        tenant = door.runtime.tenants.get("test")
        assert tenant is not None
        assert PNG not in tenant.world.history.encoded()
        folded = fold(tenant.world.history)
        assert (folded.assets, folded.uploads, folded.kept_total) == (tenant.world.store.assets, tenant.world.store.uploads, len(PNG))


def test_sessions_and_assets_are_bounded() -> None:
    with Door(limits=replace(Limits(), uploads_max=1)) as door:
        open_upload(door)
        response = door.post(UPLOADS, {"filename": "a", "mime_type": "image/png", "size_bytes": 1})
        problem(fits(response, "create_asset_upload"), 503, "SERVICE_UNAVAILABLE")
    with Door(limits=replace(Limits(), assets_max=1)) as door:
        upload(door)
        session = open_upload(door)
        put(door, session)
        problem(door.post(confirmations(session)), 503, "SERVICE_UNAVAILABLE")


def test_same_steps_give_the_same_records_and_addresses() -> None:
    records = []
    for _ in range(2):
        with Door() as door:
            records.append(upload(door))
    assert records[0] == records[1]
