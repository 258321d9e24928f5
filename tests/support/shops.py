"""A shop for tests: a client of the API as somebody would write it, with nothing but HTTP; time is the only thing it asks the kit for."""

from typing import Any

import httpx
from secure import NOBODY
from steps import BATCHES, INPUT, RUNS, TERMINAL, Body

from runflow_mock.testing.server import RunningServer

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
