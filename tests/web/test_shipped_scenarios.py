"""Each scenario that ships, played by a client that behaves as its story says: what is expected comes true, and every rule has its part.

The shop is written as somebody would write it, with nothing but HTTP; time is the only thing that it asks the kit for.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import httpx
import pytest
from answers import ANSWERS
from secure import NOBODY
from steps import BATCHES, INPUT, RUNS, TERMINAL, Body
from worlds import catalog

from runflow_mock.domain.signing import SignatureError
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.scenarios import scenario_names
from runflow_mock.testing.receiver import CallbackReceiver, Received
from runflow_mock.testing.server import RunningServer, serve

POLLS_MAX = 50
TRIES_MAX = 5
SECONDS_MAX = 10.0
REFUSED = (429, 500, 502, 503, 504)


class Shop:
    """One tenant's client; it tries again what may be tried again, always under the same Idempotency-Key."""

    def __init__(self, server: RunningServer, scenario: str) -> None:
        self.scenario = scenario
        self.http = httpx.Client(base_url=server.url, timeout=SECONDS_MAX, verify=NOBODY)
        made = self.http.post("/_mock/tenants", json={"scenario": scenario})
        assert made.status_code == 201, made.text
        self.http.headers["Authorization"] = f"Bearer {made.json()['key']}"

    def try_order(self, path: str = RUNS, *, key: str | None = None, **body: Any) -> httpx.Response:
        """The answer to one request to run something, whatever it is."""
        return self.http.post(path, json={"input": INPUT, **body}, headers={} if key is None else {"Idempotency-Key": key})

    def order(self, path: str = RUNS, *, key: str | None = None, **body: Any) -> Body:
        """Runs something: waits as long as it is told where it is refused for now, and asks again where no answer came."""
        for _ in range(TRIES_MAX):
            try:
                answer = self.try_order(path, key=key, **body)
            except httpx.TransportError:
                assert key is not None, "without a key nobody may ask twice"
                continue
            if answer.status_code not in REFUSED:
                return _ok(answer, 201)
            self.sleep(float(answer.headers.get("retry-after", "1")))
        raise AssertionError(f"no answer in {TRIES_MAX} tries")

    def order_batch(self, photos: int, **body: Any) -> Body:
        """Runs a model on several photos at once."""
        items = [{"input": INPUT, "client_ref": f"photo-{number}"} for number in range(1, photos + 1)]
        return _ok(self.http.post(BATCHES, json={"items": items, **body}), 201)

    def wait_for(self, record: Body, noun: str = "runs") -> Body:
        """Polls until a run or batch has ended; an answer that cannot be read is no answer, a status that nobody knows no end."""
        for _ in range(POLLS_MAX):
            try:
                answer = self.http.get(f"/v1/{noun}/{record['id']}")
                told: Body = answer.json()
            except (httpx.TransportError, ValueError):
                continue
            if answer.status_code == 200 and told["status_code"] in TERMINAL:
                return told
        raise AssertionError(f"{noun} {record['id']} has not ended after {POLLS_MAX} polls")

    def read(self, path: str) -> Body:
        """The object at a path."""
        return _ok(self.http.get(path))

    def download(self, url: str) -> bytes:
        """The file at an address, fetched without a key and again where it broke off."""
        for _ in range(TRIES_MAX):
            try:
                answer = httpx.get(url, timeout=SECONDS_MAX, verify=NOBODY)
            except httpx.TransportError:
                continue
            assert answer.status_code == 200, answer.text
            return answer.content
        raise AssertionError(f"{url} broke off {TRIES_MAX} times")

    def sleep(self, seconds: float) -> None:
        """Lets time pass for this tenant."""
        _ok(self.http.post("/_mock/clock/advance", json={"by": seconds}))

    def rest(self) -> None:
        """Lets everything happen that is still to come."""
        _ok(self.http.post("/_mock/clock/run-until-idle"))

    def scene(self) -> Body:
        """What became of the scenario."""
        return self.read("/_mock/scenario")

    def close(self) -> None:
        """Closes the connections."""
        self.http.close()


def _ok(answer: httpx.Response, status: int = 200) -> Body:
    assert answer.status_code == status, answer.text
    told: Body = answer.json()
    return told


VIDEO = "/v1/models/kuaishou/kling-video/v3/pro/text-to-video/runs"


async def at_once(seconds: float) -> None:
    """Sleeps no time at all: the fake's own patience is not what is tested here."""
    assert seconds >= 0


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(Config(port=0, speed=1.0), catalog=catalog(), sleep=at_once, observer=ANSWERS) as running:
        yield running
        assert not running.runtime.background_errors


def ids(received: tuple[Received, ...]) -> list[str]:
    """Whom each callback is about."""
    return [told["run_id"] for callback in received if isinstance(told := callback.json, dict) and isinstance(told["run_id"], str)]


def deliveries(received: tuple[Received, ...]) -> set[str]:
    """The deliveries that callbacks belong to."""
    return {(callback.request_id or "").rpartition("-")[0] for callback in received}


def is_genuine(callback: Received, secret: str) -> bool:
    """Whether a callback is signed with the secret and is no older than five minutes."""
    try:
        callback.verify(secret)
    except SignatureError:
        return False
    return True


def happy_path(shop: Shop) -> None:
    with CallbackReceiver() as receiver:
        shop.wait_for(shop.order(callback_url=receiver.url))
        shop.wait_for(shop.order_batch(4, callback_url=receiver.url), "batches")
        assert all(is_genuine(callback, "rf_whsec_happy_path") for callback in receiver.wait(2))


def partial_batch(shop: Shop) -> None:
    with CallbackReceiver() as receiver:
        batch = shop.wait_for(shop.order_batch(6, callback_url=receiver.url), "batches")
        receiver.wait(1)
    failed = {item["client_ref"]: item["error"]["kind"] for item in batch["output"]["items"] if "error" in item}
    assert failed == {"photo-2": "input_validation_failed", "photo-5": "upstream_failed"}


def out_of_credit_midway(shop: Shop) -> None:
    answers = [shop.try_order().status_code for _ in range(4)]
    assert answers == [201, 201, 201, 402]
    assert shop.try_order("/v1/models/runflow/background-removal/batches", input=[INPUT] * 2).status_code == 402
    assert shop.http.post("/_mock/ledger/credits", json={"amount": "5.00"}).status_code == 200
    shop.order()


def flaky_provider(shop: Shop) -> None:
    for _ in range(4):
        if shop.wait_for(shop.order())["status_code"] == "failed":
            assert shop.wait_for(shop.order())["status_code"] == "succeeded"


def rate_limited(shop: Shop) -> None:
    for number in range(6):
        shop.order(client_ref=f"photo-{number}")


def webhook_storm(shop: Shop) -> None:
    with CallbackReceiver() as receiver:
        ordered = {shop.order(callback_url=receiver.url)["id"] for _ in range(20)}
        shop.rest()
        received = tuple(receiver.wait(60))
    assert (len(received), len(deliveries(received)), set(ids(received))) == (60, 20, ordered)


def lost_callback(shop: Shop) -> None:
    with CallbackReceiver() as receiver:
        first, second = (shop.order(client_ref=ref, callback_url=receiver.url) for ref in ("first", "second"))
        shop.rest()
        assert ids(tuple(receiver.wait(1))) == [second["id"]]
    assert shop.wait_for(first)["status_code"] == "succeeded"


def duplicate_callback(shop: Shop) -> None:
    with CallbackReceiver() as receiver:
        shop.order_batch(2, callback_url=receiver.url)
        shop.rest()
        first, second = receiver.wait(2)
    assert first == second


def slow_video(shop: Shop) -> None:
    clip = shop.order(VIDEO, input={"prompt": "A paper boat drifts down a rain-filled street.", "duration": "5"})
    assert shop.wait_for(clip)["duration_ms"] > 12 * 60_000


def secret_rotation(shop: Shop) -> None:
    with CallbackReceiver(500) as receiver:
        shop.wait_for(shop.order(callback_url=receiver.url))
        receiver.wait(1)
        secret = shop.http.post("/v1/callback-secrets", json={"label": "new"}).json()
        assert shop.http.patch(f"/v1/callback-secrets/{secret['id']}", json={"is_current": True}).status_code == 200
        shop.rest()
        shop.order(client_ref="straggler", callback_url=receiver.url)
        shop.rest()
        received = receiver.wait(3)
    old, new = "rf_whsec_the_old_one", secret["secret"]
    assert [(is_genuine(callback, old), is_genuine(callback, new)) for callback in received] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def provider_outage(shop: Shop) -> None:
    assert shop.wait_for(shop.order())["failure_code"] == "DISPATCH_FAILED"
    shop.sleep(300)
    assert shop.wait_for(shop.order())["status_code"] == "succeeded"


def half_open_network(shop: Shop) -> None:
    run = shop.wait_for(shop.order(key="photo-1"))
    assert shop.download(run["output"]["image_urls"][0]).startswith(b"RIFF")


def reordered_callbacks(shop: Shop) -> None:
    with CallbackReceiver() as receiver:
        front, back = (shop.order(client_ref=ref, callback_url=receiver.url) for ref in ("front", "back"))
        shop.rest()
        assert ids(tuple(receiver.wait(2))) == [back["id"], front["id"]]


def forged_callback(shop: Shop) -> None:
    with CallbackReceiver(401, 401, 401, 401) as receiver:
        shop.order(callback_url=receiver.url)
        shop.rest()
        received = receiver.wait(5)
    assert [is_genuine(callback, "rf_whsec_forged_callback") for callback in received] == [False, False, False, False, True]


def created_but_lost(shop: Shop) -> None:
    shop.wait_for(shop.order(key="photo-1"))


def early_callback(shop: Shop) -> None:
    with CallbackReceiver() as receiver:
        run = shop.order(client_ref="hasty", callback_url=receiver.url)
        assert (ids(tuple(receiver.deliveries)), run["status_code"]) == ([run["id"]], "queued")
        shop.wait_for(run)


def receiver_outage(shop: Shop) -> None:
    with CallbackReceiver() as receiver:
        shop.order(callback_url=receiver.url)
        shop.rest()
        (callback,) = receiver.wait(1)
    assert is_genuine(callback, "rf_whsec_receiver_outage")


def busy_model(shop: Shop) -> None:
    runs = [shop.order(client_ref=f"photo-{number}") for number in range(3)]
    ended = [shop.wait_for(run) for run in runs]
    starts = [run["started_at"] for run in ended]
    assert starts == sorted(starts)
    assert all(later["started_at"] >= earlier["completed_at"] for earlier, later in pairwise(ended))


def gateway_pages(shop: Shop) -> None:
    shop.wait_for(shop.order())


def newer_api(shop: Shop) -> None:
    assert shop.wait_for(shop.order())["x_region"] == "eu-central"


STORIES: Mapping[str, Callable[[Shop], None]] = {
    "happy-path": happy_path,
    "partial-batch": partial_batch,
    "out-of-credit-midway": out_of_credit_midway,
    "flaky-provider": flaky_provider,
    "rate-limited": rate_limited,
    "webhook-storm": webhook_storm,
    "lost-callback": lost_callback,
    "duplicate-callback": duplicate_callback,
    "slow-video": slow_video,
    "secret-rotation": secret_rotation,
    "provider-outage": provider_outage,
    "half-open-network": half_open_network,
    "reordered-callbacks": reordered_callbacks,
    "forged-callback": forged_callback,
    "created-but-lost": created_but_lost,
    "early-callback": early_callback,
    "receiver-outage": receiver_outage,
    "busy-model": busy_model,
    "gateway-pages": gateway_pages,
    "newer-api": newer_api,
}


@pytest.fixture(params=STORIES)
def shop(server: RunningServer, request: pytest.FixtureRequest) -> Iterator[Shop]:
    opened = Shop(server, request.param)
    yield opened
    opened.close()


def test_story_comes_true(shop: Shop) -> None:
    STORIES[shop.scenario](shop)
    shop.rest()
    scene = shop.scene()
    assert [expectation for expectation in scene["expectations"] if not expectation["held"]] == []
    assert scene["unreached"] == []
    assert scene["held"] is True


def test_untold_story_does_not_hold_and_explains_itself(shop: Shop) -> None:
    scene = shop.scene()
    rules: list[Body] = scene["source"].get("faults", [])
    assert (scene["held"], scene["unused"]) == (False, "error")
    assert scene["name"] == scene["source"]["seed"] == shop.scenario
    assert len(scene["story"]) > 100
    assert all(rule["label"] for rule in rules)
    assert all(expectation["label"] for expectation in scene["expectations"])


def test_every_scenario_that_ships_has_its_story() -> None:
    assert set(STORIES) == set(scenario_names())
