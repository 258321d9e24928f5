"""Rounds of `kill -9`: clients create runs as fast as they can, the server is killed among them, and a new one must have all it has told.

Run as a program it does as many rounds as it is told: `python tests/support/kills.py 1000`.
"""

import json
import os
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import quote

import urllib3
from commands import sandbox

from runflow_mock.testing import CallbackReceiver

CLIENTS = 4
KEY = "rf_live_mock_killed"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
CREATE = "/v1/models/runflow/background-removal/runs"


class Round(NamedTuple):
    """What was acknowledged before the server died, and whatever is wrong after it was started again."""

    acknowledged: int
    wrong: Sequence[str]


class Load:
    """Clients at work until the server is gone."""

    def __init__(self, url: str, callback_url: str, label: str, kill_after: int, pid: int) -> None:
        self.acknowledged: list[str] = []
        self._pool = urllib3.PoolManager(retries=False, maxsize=CLIENTS, timeout=10)
        self._url = url
        self._callback_url = callback_url
        self._label = label
        self._kill_after = kill_after
        self._pid = pid
        self._lock = threading.Lock()

    def run(self) -> None:
        """Returns when the server has been killed and every client has noticed."""
        threads = [threading.Thread(target=self._create, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._pool.clear()

    def _create(self, client: int) -> None:
        for number in range(10_000):
            body = {
                "input": {"image_url": "https://cdn.example.com/a.png"},
                "client_ref": f"{self._label}-{client}-{number}",
                "callback_url": self._callback_url,
            }
            try:
                answer = self._pool.request("POST", self._url + CREATE, headers=HEADERS, body=json.dumps(body).encode())
            except urllib3.exceptions.HTTPError:
                return
            assert answer.status == 201, (answer.status, answer.data[:300])
            with self._lock:
                self.acknowledged.append(str(answer.json()["id"]))
                if len(self.acknowledged) == self._kill_after:
                    # The others are in the middle of something.
                    os.kill(self._pid, signal.SIGKILL)


def rounds(count: int, folder: Path, seed: str = "0") -> list[Round]:
    """Kills a server on a folder so many times; between two of them it is looked at."""
    acknowledged: set[str] = set()
    told: list[Round] = []
    options = ("--keep", str(folder), "--speed", "1000", "--balance", "100000", "--log-level", "warning", "--runs-max", "1000000")
    with CallbackReceiver() as receiver:
        for number in range(count):
            with sandbox(*options) as running:
                wrong = _wrong(running.url, acknowledged, receiver)
                kill_after = 1 + sha256(f"{seed}:{number}".encode()).digest()[0] % 60
                load = Load(running.url, receiver.url, f"{seed}-{number}", kill_after, running.process.pid)
                load.run()
            acknowledged.update(load.acknowledged)
            told.append(Round(len(load.acknowledged), wrong))
        with sandbox(*options) as running:
            told.append(Round(0, _wrong(running.url, acknowledged, receiver)))
    return told


def _wrong(url: str, acknowledged: set[str], receiver: CallbackReceiver) -> list[str]:
    pool = urllib3.PoolManager(retries=False, timeout=30, headers=HEADERS)

    def read(path: str) -> Any:
        answer = pool.request("GET", url + path, headers=HEADERS)
        assert answer.status == 200, (path, answer.status, answer.data[:300])
        return answer.json()

    there: set[str] = set()
    listed = read("/v1/runs?limit=100&fields=id")
    there.update(str(run["id"]) for run in listed["items"])
    while listed["next"]:
        listed = read(f"/v1/runs?limit=100&fields=id&pq={quote(listed['next'])}")
        there.update(str(run["id"]) for run in listed["items"])
    ledger = read("/_mock/ledger")
    pool.clear()
    wrong = [f"run {run} was acknowledged and is gone" for run in sorted(acknowledged - there)]
    wrong += [f"invariant {each['name']}: {each.get('evidence')}" for each in ledger["invariants"] if not each["held"]]
    ids: dict[str, set[str]] = defaultdict(set)
    for received in receiver.deliveries:
        message, request_id = received.json, received.request_id
        assert isinstance(message, dict)
        assert request_id is not None
        ids[str(message.get("run_id") or message.get("id"))].add(request_id.rpartition("-")[0])
    return wrong + [f"run {run} was told under {len(found)} delivery ids" for run, found in ids.items() if len(found) > 1]


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        results = rounds(int(sys.argv[1]), Path(place) / "kept", seed=sys.argv[2] if len(sys.argv) > 2 else "0")
    told = sum(each.acknowledged for each in results)
    wrong = [text for each in results for text in each.wrong]
    sys.stdout.write("\n".join((*wrong, f"{len(results) - 1} kills, {told} runs acknowledged, {len(wrong)} wrong\n")))
    sys.exit(bool(wrong))
