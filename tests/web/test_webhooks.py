import pytest
from contract import fits
from doors import Door
from steps import ABSENT, Body, advance, history_length, ok, places, problem
from webhooks import CREATED, SECRET, URL, WEBHOOKS, change, new, read, subscriptions


def test_new_webhook_is_enabled_and_subscribed(door: Door) -> None:
    webhook = new(door, event_subscriptions=subscriptions("run.failed", "run.completed", "run.failed"))
    assert (webhook["url"], webhook["disabled_at"], webhook["last_triggered_at"], webhook["deliveries"]) == (URL, None, None, None)
    assert webhook["event_subscriptions"] == [
        {"webhook_id": webhook["id"], "event_type_code": code} for code in ("run.failed", "run.completed")
    ]
    assert read(door, webhook) == webhook


@pytest.mark.parametrize("given", [{}, {"event_subscriptions": None}, {"event_subscriptions": []}])
def test_without_subscriptions_it_has_none(door: Door, given: Body) -> None:
    assert new(door, **given)["event_subscriptions"] == []


def test_secret_is_never_shown_and_told_apart_by_its_fingerprint(door: Door) -> None:
    first = door.post(WEBHOOKS, CREATED)
    webhook, other = ok(first, 201), new(door, secret="another")
    assert webhook["secret_fingerprint"] != other["secret_fingerprint"]
    assert webhook["secret_fingerprint"] == new(door)["secret_fingerprint"]
    change(door, webhook, secret=f"{SECRET}_2")
    looks = (WEBHOOKS, f"{WEBHOOKS}/{webhook['id']}", *(f"/_mock/{name}" for name in ("deliveries", "history", "journal", "clock")))
    assert SECRET not in first.text + "".join(door.get(path).text for path in looks)


@pytest.mark.parametrize(
    ("change", "loc", "kind"),
    [
        ({"url": "http://elsewhere.example/hook"}, ["url"], "url_scheme"),
        ({"url": "nonsense"}, ["url"], "url_parsing"),
        ({"url": "https://x/" + "y" * 2048}, ["url"], "string_too_long"),
        ({"url": None}, ["url"], "string_type"),
        ({"secret": ""}, ["secret"], "string_too_short"),
        ({"secret": "x" * 256}, ["secret"], "string_too_long"),
        ({"event_subscriptions": subscriptions("batch.succeeded")}, ["event_subscriptions", 0, "event_type_code"], "enum"),
        ({"event_subscriptions": [{}]}, ["event_subscriptions", 0, "event_type_code"], "missing"),
        ({"event_subscriptions": "run.failed"}, ["event_subscriptions"], "list_type"),
    ],
)
def test_bad_field_is_named_at_creation_and_change(door: Door, change: Body, loc: list[str | int], kind: str) -> None:
    webhook = new(door)
    before = history_length(door)
    for response in (
        fits(door.post(WEBHOOKS, {**CREATED, **change}), "create_webhook"),
        fits(door.patch(f"{WEBHOOKS}/{webhook['id']}", change), "update_webhook"),
    ):
        assert places(response) == [(["body", *loc], kind)]
    assert history_length(door) == before


def test_url_and_secret_are_required(door: Door) -> None:
    assert places(door.post(WEBHOOKS, {})) == [(["body", "url"], "missing"), (["body", "secret"], "missing")]


def test_strict_tenant_takes_https_only() -> None:
    with Door() as door:
        ok(door.post("/_mock/tenants", {"name": "exact", "strict": True}), 201)
        response = door.post(WEBHOOKS, CREATED, key="rf_live_mock_exact")
        assert places(response) == [(["body", "url"], "url_scheme")]


def test_change_leaves_what_is_not_given(door: Door) -> None:
    webhook = new(door, event_subscriptions=subscriptions("run.failed"))
    advance(door, 1)
    moved = change(door, webhook, url="https://app.example/v2")
    assert moved == {**webhook, "url": "https://app.example/v2", "updated_at": moved["updated_at"]}
    assert moved["updated_at"] > webhook["updated_at"]


def test_secret_and_subscriptions_are_replaced(door: Door) -> None:
    webhook = new(door, event_subscriptions=subscriptions("run.failed"))
    changed = change(door, webhook, secret="another", event_subscriptions=subscriptions("run.completed", "run.cancelled"))
    assert changed["secret_fingerprint"] != webhook["secret_fingerprint"]
    assert [each["event_type_code"] for each in changed["event_subscriptions"]] == ["run.completed", "run.cancelled"]
    assert change(door, webhook, event_subscriptions=None)["event_subscriptions"] == []


def test_instant_switches_off_and_null_switches_on(door: Door) -> None:
    webhook = new(door)
    assert change(door, webhook, disabled_at="2026-01-01T09:00:00+01:00")["disabled_at"] == "2026-01-01T08:00:00.000Z"
    assert change(door, webhook, url=URL)["disabled_at"] == "2026-01-01T08:00:00.000Z"
    assert change(door, webhook, disabled_at=None)["disabled_at"] is None
    assert places(door.patch(f"{WEBHOOKS}/{webhook['id']}", {"disabled_at": "soon"})) == [(["body", "disabled_at"], "datetime_parsing")]


def test_change_of_what_has_changed_meanwhile_is_a_conflict(door: Door) -> None:
    webhook = new(door)
    advance(door, 1)
    changed = change(door, webhook, url="https://app.example/v2", updated_at=webhook["updated_at"])
    stale = door.patch(f"{WEBHOOKS}/{webhook['id']}", {"url": URL, "updated_at": webhook["updated_at"]})
    problem(fits(stale, "update_webhook"), 409, "CONFLICT")
    assert read(door, webhook) == changed


def test_deleted_webhook_is_gone_everywhere(door: Door) -> None:
    webhook = new(door)
    path = f"{WEBHOOKS}/{webhook['id']}"
    assert fits(door.delete(path), "delete_webhook").status_code == 204
    for again, operation in (
        (door.get(path), "get_webhook"),
        (door.patch(path, {}), "update_webhook"),
        (door.delete(path), "delete_webhook"),
        (door.get(f"{path}/deliveries"), "list_webhook_deliveries"),
    ):
        problem(fits(again, operation), 404, "NOT_FOUND")
    assert ok(door.get(WEBHOOKS))["items"] == []


def test_webhooks_are_listed_newest_first_and_filtered(door: Door) -> None:
    first, second = new(door), new(door, url="https://app.example/other")
    items = ok(fits(door.get(WEBHOOKS), "list_webhooks"))["items"]
    assert items == [second, first]
    found = ok(fits(door.get(f"{WEBHOOKS}?q=url:'https://app.example/other'&fields=id,deliveries&embed=deliveries"), "list_webhooks"))
    assert found["items"] == [{"id": second["id"], "deliveries": []}]
    assert places(door.get(f"{WEBHOOKS}?embed=secret")) == [(["query", "embed"], "value_error")]


def test_repeated_key_makes_one_webhook(door: Door) -> None:
    first, second = (door.post(WEBHOOKS, CREATED, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.content) == (201, second.content)
    assert len(ok(door.get(WEBHOOKS))["items"]) == 1


def test_event_types_are_listed_and_read_by_code(door: Door) -> None:
    items = ok(fits(door.get(f"{WEBHOOKS}/event-types"), "list_webhook_event_types"))["items"]
    assert [item["code"] for item in items] == ["run.cancelled", "run.completed", "run.failed"]
    for item in items:
        assert ok(fits(door.get(f"{WEBHOOKS}/event-types/{item['code']}"), "get_webhook_event_type")) == item
    problem(fits(door.get(f"{WEBHOOKS}/event-types/run.vanished"), "get_webhook_event_type"), 404, "NOT_FOUND")
    assert [item["code"] for item in ok(door.get(f"{WEBHOOKS}/event-types?limit=1&sort_by=code:desc"))["items"]] == ["run.failed"]


def test_absent_webhook_is_404_and_a_malformed_id_422(door: Door) -> None:
    problem(fits(door.get(f"{WEBHOOKS}/{ABSENT}"), "get_webhook"), 404, "NOT_FOUND")
    assert places(fits(door.get(f"{WEBHOOKS}/nonsense"), "get_webhook")) == [(["path", "id"], "uuid_parsing")]


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("webhooks:create", "POST", WEBHOOKS),
        ("webhooks:read", "GET", f"{WEBHOOKS}/any/deliveries"),
        ("webhooks:edit", "PATCH", f"{WEBHOOKS}/{ABSENT}"),
        ("webhooks:delete", "DELETE", f"{WEBHOOKS}/{ABSENT}"),
    ],
)
def test_each_verb_needs_its_scope(scope: str, method: str, path: str) -> None:
    with Door() as door:
        ok(door.post("/_mock/tenants", {"name": "narrow", "scopes": ["runs:read"]}), 201)
        problem(door.request(method, path, key="rf_live_mock_narrow"), 403, "PERMISSION_DENIED")
        ok(door.post("/_mock/tenants", {"name": "wide", "scopes": [scope]}), 201)
        assert door.request(method, path, key="rf_live_mock_wide").status_code != 403


def test_webhooks_of_one_tenant_are_unknown_to_another(door: Door) -> None:
    webhook = new(door)
    problem(door.get(f"{WEBHOOKS}/{webhook['id']}", key="rf_live_mock_other"), 404, "NOT_FOUND")
