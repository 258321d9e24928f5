"""What is known to be a secret only after somebody has read it: no way out shows it any more, and nobody waits for that."""

import asyncio
from typing import Any

import pytest
from doors import Door
from msgspec.structs import replace
from steps import RUNS, ok
from turns import turns_while

from runflow_mock.domain.scrubbing import mask
from runflow_mock.runtime.judging import READ_STEP_EXCHANGES, STEP_BYTES
from runflow_mock.runtime.reports import PATH_CHARACTERS_MAX

SECRET = "Kq7Zt2Lm9vBx4-callback"
WAYS_OUT = (
    "/_mock/journal?limit=9",
    "/_mock/journal?offset=0",
    "/_mock/journal?violations=true",
    "/_mock/journal.har",
    "/_mock/report",
    "/_mock/timeline",
    "/_mock/scenario/export?history=true",
    "/_mock/tenants",
)
LESSONS: dict[str, tuple[str, str, object]] = {
    "a webhook": ("POST", "/v1/webhooks", {"url": "https://example.com/hook", "secret": SECRET}),
    "a tenant": ("POST", "/_mock/tenants", {"name": "another", "callback_secret": SECRET}),
}


def _send_it(door: Door) -> None:
    door.post(RUNS, {"input": {}, "metadata": {"note": SECRET}, "client_reff": SECRET, SECRET: 1})
    for _ in range(3):
        door.get(f"/v1/{SECRET}")


def _shown(door: Door) -> list[str]:
    ids = [exchange["id"] for exchange in ok(door.get("/_mock/journal?limit=9"))["items"]]
    return [path for path in (*WAYS_OUT, *(f"/_mock/journal/{each}" for each in ids)) if SECRET in door.get(path).text]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("lesson", LESSONS)
def test_secret_that_is_known_late_is_in_no_way_out(lesson: str) -> None:
    with Door() as door:
        _send_it(door)
        assert set(WAYS_OUT[:4]) <= set(_shown(door))
        method, path, body = LESSONS[lesson]
        ok(door.request(method, path, json=body), 201)
        assert _shown(door) == []
        asked = {"path": "/v1/nothing"}
        assert SECRET not in door.post("/_mock/verify", asked).text
        assert SECRET not in door.delete("/_mock/tenants/test?tell=true").text


def _journal_of(door: Door, exchanges: int, body: bytes = b"") -> Any:
    """Returns a journal of many like one."""
    _send_it(door)
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    model = tenant.journal.latest(1)[0]
    tenant.journal.clear()
    for number in range(1, exchanges + 1):
        tenant.journal.record(replace(model, id=f"req-{number}", number=number, request_body=body))
    return tenant.journal


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("secret", ["background-removal", "application/json", "image_url", "completed"])
def test_client_that_was_right_is_right_whatever_becomes_a_secret(door: Door, secret: str) -> None:
    """What is masked is no longer what was sent, and would be judged otherwise."""
    ok(door.post("/v1/models/runflow/background-removal/runs", {"input": {"image_url": "https://example.com/a.png"}}), 201)
    ok(door.get("/v1/runs?status=completed"))
    assert ok(door.get("/_mock/journal?violations=true"))["items"] == []
    ok(door.post("/_mock/tenants", {"name": "another", "callback_secret": secret}), 201)
    assert ok(door.get("/_mock/journal?violations=true"))["items"] == []
    assert secret not in str([each["request"]["target"] for each in ok(door.get("/_mock/journal"))["items"]])
    assert ok(door.get("/_mock/report"))["violations"] == []
    assert ok(door.delete("/_mock/tenants/test?tell=true&brief=true"))["evidence"] is None


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("kind", ["answer", "fail", "callback.drop"])
def test_what_came_nearest_to_a_rule_shows_no_secret(door: Door, kind: str) -> None:
    what = {"kind": kind, **({"status": 500} if kind == "answer" else {})}
    rule = ok(door.post("/_mock/faults", {"where": {"client_ref": "nobody"}, "what": what}), 201)["id"]
    sent = {"input": {"image_url": "https://example.com/a.png"}, "client_ref": SECRET, "callback_url": "https://example.com/hook"}
    ok(door.post(RUNS, sent), 201)
    door.settle()
    assert SECRET in door.get(f"/_mock/faults/{rule}").text
    door.runtime.scrubber.learn(SECRET)
    shown = door.get(f"/_mock/faults/{rule}")
    assert SECRET not in shown.text
    assert ok(shown)["nearest"]["differences"][0]["seen"] == mask(len(SECRET)).decode()


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/_mock/verify", {"operation": "get_run", "client_ref": "nobody"}, 409),
        ("/_mock/wait", {"for": {"journal": {"operation": "get_run", "client_ref": "nobody"}}, "timeout": 0}, 408),
    ],
    ids=["verify", "wait"],
)
def test_what_the_world_adds_to_a_request_is_shown_without_secrets(door: Door, path: str, asked: object, status: int) -> None:
    run = ok(door.post(RUNS, {"input": {"image_url": "https://example.com/a.png"}, "client_ref": SECRET}), 201)["id"]
    ok(door.get(f"/v1/runs/{run}"))
    assert SECRET in door.post(path, asked).text
    door.runtime.scrubber.learn(SECRET)
    shown = door.post(path, asked)
    assert (shown.status_code, SECRET in shown.text, mask(len(SECRET)).decode() in shown.text) == (status, False, True)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["/_mock/journal?limit=1000", "/_mock/journal.har?limit=1000", "/_mock/verify"])
def test_others_have_a_turn_while_what_was_read_is_scrubbed_again(door: Door, path: str) -> None:
    exchanges = 40 * READ_STEP_EXCHANGES
    method, content, status = ("POST", b'{"path": "/v1/nothing"}', 409) if path == "/_mock/verify" else ("GET", b"", 200)
    journal = _journal_of(door, exchanges)
    # What is loaded beside the loop, and judged for the first time, would count as well.
    door.request(method, path, content=content or None)
    usual = turns_while(door, method, path, content=content, status=status)
    door.runtime.scrubber.learn(SECRET)
    assert turns_while(door, method, path, content=content, status=status) >= usual + exchanges // READ_STEP_EXCHANGES // 2
    assert all(map(journal.is_up_to_date, journal.as_read()))


@pytest.mark.slow(is_covering=True)
def test_others_have_a_turn_between_long_exchanges_that_are_scrubbed_again(door: Door) -> None:
    exchanges, asked = 20, b'{"path": "/v1/nothing"}'
    _journal_of(door, exchanges, b" " * STEP_BYTES)
    door.post("/_mock/verify", content=asked)
    usual = turns_while(door, "POST", "/_mock/verify", content=asked, status=409)
    door.runtime.scrubber.learn(SECRET)
    assert turns_while(door, "POST", "/_mock/verify", content=asked, status=409) >= usual + exchanges // 2


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("before", ["/v1/nowhere/", "/v1/runs/"])
def test_path_of_a_report_is_not_cut_within_a_secret(door: Door, before: str) -> None:
    for _ in range(12):
        door.get((before + "x" * PATH_CHARACTERS_MAX)[: PATH_CHARACTERS_MAX - 10] + SECRET)
    assert SECRET[:10] in door.get("/_mock/report").text
    door.runtime.scrubber.learn(SECRET)
    assert SECRET[:10] not in door.get("/_mock/report").text


@pytest.mark.slow(is_covering=True)
def test_page_has_no_more_scrubbed_again_than_it_shows(door: Door) -> None:
    journal = _journal_of(door, 100)
    ok(door.get("/_mock/journal?limit=1000"))
    door.runtime.scrubber.learn(SECRET)
    assert SECRET not in door.get("/_mock/journal?limit=3").text
    assert sum(map(journal.is_up_to_date, journal.as_read())) == 3


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["/_mock/journal?limit=1000", "/_mock/journal.har?limit=1000"])
def test_secret_that_becomes_known_while_a_list_is_written_is_masked_in_its_rest(door: Door, path: str) -> None:
    _journal_of(door, 400)
    ok(door.get(path))

    async def learned_meanwhile() -> Any:
        asking = asyncio.ensure_future(door.fetch(path))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not asking.done()
        door.runtime.scrubber.learn(SECRET)
        return ok(await asking)

    told = door.run(learned_meanwhile())
    shows = [SECRET in str(entry) for entry in (told["items"] if "items" in told else told["log"]["entries"])]
    # Some were written before; behind the first that is masked none holds it, in whatever part of it.
    assert shows[0]
    assert not any(shows[shows.index(False) :])
    assert SECRET not in door.get(path).text
