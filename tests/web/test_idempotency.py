from base64 import b64encode

import httpx
import pytest
from doors import Door
from steps import BATCHES, INPUT, RUNS, Body, advance, finished_run, get_run, history_length, ok, places, problem
from worlds import CALLBACK_URL


def post(door: Door, body: Body | None = None, *, key: str = "k1", path: str = RUNS) -> httpx.Response:
    return door.post(path, {"input": INPUT} if body is None else body, headers={"Idempotency-Key": key})


def count(door: Door) -> int:
    return len(door.get("/v1/runs").json()["items"])


def test_same_key_and_body_replay_the_same_bytes_and_create_nothing(door: Door) -> None:
    first = post(door)
    before = history_length(door)
    again = post(door)
    assert (again.status_code, again.content, again.headers["content-type"]) == (201, first.content, "application/json")
    assert (count(door), history_length(door)) == (1, before)


def test_of_a_key_nothing_but_its_digest_is_in_anything_that_holds_the_tenant(door: Door) -> None:
    key = "anything-at-all-in-a-key"
    ok(post(door, key=key), 201)
    held = [door.get(f"/_mock/{path}").content for path in ("snapshot", "history", "journal", "scenario/export?history=true")]
    for form in (key.encode(), *(b64encode(b"." * before + key.encode())[4:-4] for before in range(3))):
        assert not any(form in each for each in held)
    assert post(door, key=key).status_code == 201
    assert count(door) == 1


def test_replay_shows_the_run_as_it_was_created(door: Door) -> None:
    run = ok(post(door), 201)
    door.settle()
    assert get_run(door, run)["status_code"] == "succeeded"
    assert ok(post(door), 201) == run


def test_another_body_under_the_key_is_a_conflict(door: Door) -> None:
    post(door)
    problem(post(door, {"input": INPUT, "client_ref": "x"}), 409, "CONFLICT")
    assert count(door) == 1


def test_another_key_and_no_key_create_again(door: Door) -> None:
    made = {ok(response, 201)["id"] for response in (post(door), post(door, key="k2"), door.post(RUNS, {"input": INPUT}))}
    assert len(made) == count(door) == 3


def test_answer_is_forgotten_after_24_hours_of_virtual_time(door: Door) -> None:
    run = ok(post(door), 201)
    advance(door, "23h59m59s")
    assert ok(post(door), 201)["id"] == run["id"]
    advance(door, "1s")
    assert ok(post(door), 201)["id"] != run["id"]


def test_expired_key_may_carry_another_body(door: Door) -> None:
    post(door)
    advance(door, "24h")
    assert ok(post(door, {"input": INPUT, "client_ref": "x"}), 201)["client_ref"] == "x"


def test_key_counts_for_its_path_alone(door: Door) -> None:
    run = ok(post(door), 201)
    other = ok(post(door, path="/v1/models/runflow/background-replace/runs", body={"input": {"prompt": "x"}}), 201)
    batch = ok(post(door, {"input": [INPUT]}, path=BATCHES), 201)
    assert len({run["id"], other["id"], batch["id"]}) == 3


def test_only_success_is_remembered(door: Door) -> None:
    problem(post(door, {"input": {}}), 422, "VALIDATION_ERROR")
    assert ok(post(door), 201)["status_code"] == "queued"


def test_refusal_for_want_of_credit_is_not_remembered(door: Door) -> None:
    ok(door.post("/_mock/ledger/credits", {"amount": "-10"}))
    problem(post(door), 402, "INSUFFICIENT_CREDITS")
    ok(door.post("/_mock/ledger/credits", {"amount": "1"}))
    assert ok(post(door), 201)["status_code"] == "queued"


def test_replay_charges_nothing(door: Door) -> None:
    post(door)
    post(door)
    assert door.get("/_mock/ledger").json()["held"] == "0.270000"


@pytest.mark.parametrize(("length", "status"), [(255, 201), (256, 422)])
def test_key_has_at_most_255_characters(door: Door, length: int, status: int) -> None:
    response = post(door, key="k" * length)
    assert response.status_code == status
    if status == 422:
        assert places(response) == [(["header", "Idempotency-Key"], "string_too_long")]
        assert count(door) == 0


def test_header_is_honoured_on_every_post(door: Door) -> None:
    secret = ok(post(door, {"label": "x"}, path="/v1/callback-secrets"), 201)
    assert ok(post(door, {"label": "x"}, path="/v1/callback-secrets"), 201) == secret
    run = finished_run(door, callback_url=CALLBACK_URL)
    path = f"/v1/runs/{run['id']}/callback-redeliveries"
    assert ok(post(door, {}, path=path), 201) == ok(post(door, {}, path=path), 201)


def test_keys_of_two_tenants_are_apart(door: Door) -> None:
    first = ok(post(door), 201)
    other = ok(door.post("/_mock/tenants", {"seed": "other"}), 201)["key"]
    second = ok(door.post(RUNS, {"input": INPUT}, key=other, headers={"Idempotency-Key": "k1"}), 201)
    assert first["id"] != second["id"]


def test_lower_case_header_name_is_the_same(door: Door) -> None:
    run = ok(post(door), 201)
    assert ok(door.post(RUNS, {"input": INPUT}, headers={"idempotency-key": "k1"}), 201) == run


@pytest.mark.parametrize("key", ["two words", "tab\there", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_key_has_visible_ascii_characters_only(door: Door, key: str) -> None:
    response = door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": key.encode("latin-1")})
    assert places(response) == [(["header", "Idempotency-Key"], "string_pattern_mismatch")]


def test_empty_key_counts_as_none(door: Door) -> None:
    assert ok(post(door, key=""), 201)["id"] != ok(post(door, key=""), 201)["id"]
