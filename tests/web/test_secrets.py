import pytest
from doors import Door
from steps import ABSENT, Body, callback_run, ok, places, problem

SECRETS = "/v1/callback-secrets"
RECORD = {"id", "org_id", "key_prefix", "is_current", "label", "disabled_at", "last_used_at", "created_at", "updated_at"}


def new(door: Door, label: str | None = None) -> Body:
    return ok(door.post(SECRETS, {"label": label}), 201)


def read(door: Door, secret: Body) -> Body:
    return ok(door.get(f"{SECRETS}/{secret['id']}"))


def test_material_is_shown_once_under_both_names(door: Door) -> None:
    secret = new(door, "web")
    assert set(secret) == RECORD | {"secret", "plain_secret"}
    assert secret["secret"] == secret["plain_secret"]
    assert secret["secret"].startswith("rf_whsec_")
    assert secret["key_prefix"] == secret["secret"][:12]
    shown = read(door, secret)
    assert shown == {name: secret[name] for name in RECORD}
    assert secret["secret"] not in door.get(SECRETS).text


def test_body_may_be_left_out(door: Door) -> None:
    assert ok(door.post(SECRETS), 201)["label"] is None


def test_two_secrets_differ(door: Door) -> None:
    assert new(door)["secret"] != new(door)["secret"]


def test_first_is_current_and_a_later_one_waits_for_promotion(door: Door) -> None:
    first, second = new(door), new(door)
    assert (first["is_current"], second["is_current"]) == (True, False)
    assert ok(door.patch(f"{SECRETS}/{second['id']}", {"is_current": True}))["is_current"]
    assert read(door, first)["is_current"] is False


def test_demoting_the_current_one_is_refused(door: Door) -> None:
    first = new(door)
    assert places(door.patch(f"{SECRETS}/{first['id']}", {"is_current": False})) == [(["body", "is_current"], "value_error")]
    assert read(door, first)["is_current"]


def test_renaming_leaves_the_rest(door: Door) -> None:
    secret = new(door, "old")
    renamed = ok(door.patch(f"{SECRETS}/{secret['id']}", {"label": "new"}))
    assert renamed == {**read(door, secret), "label": "new"}
    assert renamed["is_current"]
    assert ok(door.patch(f"{SECRETS}/{secret['id']}", {"label": None}))["label"] is None


def test_change_without_a_label_keeps_it(door: Door) -> None:
    new(door)
    second = new(door, "kept")
    assert ok(door.patch(f"{SECRETS}/{second['id']}", {"is_current": True}))["label"] == "kept"


def test_deleting_the_current_one_promotes_the_newest_left(door: Door) -> None:
    first, second, third = new(door), new(door), new(door)
    assert door.delete(f"{SECRETS}/{first['id']}").status_code == 204
    assert (read(door, second)["is_current"], read(door, third)["is_current"]) == (False, True)


def test_deleted_secret_is_gone_everywhere(door: Door) -> None:
    secret = new(door)
    response = door.delete(f"{SECRETS}/{secret['id']}")
    assert (response.status_code, response.content) == (204, b"")
    for again in (
        door.get(f"{SECRETS}/{secret['id']}"),
        door.patch(f"{SECRETS}/{secret['id']}", {"is_current": True}),
        door.delete(f"{SECRETS}/{secret['id']}"),
    ):
        problem(again, 404, "NOT_FOUND")
    assert ok(door.get(SECRETS))["items"] == []


@pytest.mark.parametrize("label", ["x" * 256, 7, []])
def test_label_has_at_most_255_characters(door: Door, label: object) -> None:
    assert [loc for loc, _ in places(door.post(SECRETS, {"label": label}))] == [["body", "label"]]
    assert new(door, "x" * 255)["label"] == "x" * 255


def test_secret_that_has_signed_says_when(door: Door) -> None:
    secret = new(door)
    callback_run(door)
    door.settle()
    assert read(door, secret)["last_used_at"] == door.get("/_mock/deliveries").json()["items"][0]["attempts"][0]["at"]


def test_secrets_are_listed_newest_first_and_filtered(door: Door) -> None:
    first, second = new(door, "a"), new(door, "b")
    assert [item["id"] for item in ok(door.get(SECRETS))["items"]] == [second["id"], first["id"]]
    assert [item["id"] for item in ok(door.get(f"{SECRETS}?q=is_current:true"))["items"]] == [first["id"]]


def test_absent_secret_is_404_and_a_malformed_id_422(door: Door) -> None:
    problem(door.get(f"{SECRETS}/{ABSENT}"), 404, "NOT_FOUND")
    assert places(door.get(f"{SECRETS}/nonsense")) == [(["path", "id"], "uuid_parsing")]


def test_pre_registered_secret_is_there_from_the_start() -> None:
    with Door(callback_secret="rf_whsec_known_before") as door:
        (secret,) = ok(door.get(SECRETS))["items"]
    assert (secret["label"], secret["is_current"], secret["key_prefix"]) == ("pre-registered", True, "rf_whsec_kno")
