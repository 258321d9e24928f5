"""A second server, written by itself: a few operations of the API on nothing but the standard library, right but for what is switched on.

It shares no line with the fake. The contract suite must accept it where it is right and fail exactly where it is wrong.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from runflow_mock.kit.suite.carriers import Answer

KEY = "tiny-key"
MODEL_RUNS = re.compile(r"/v1/models/([^/]+/[^/]+)/runs")
START = datetime(2026, 1, 1, tzinfo=UTC)
BALANCE = {
    "updated_at": None,
    "id": "019b76da-a800-7000-8000-000000000001",
    "org_id": "019b76da-a800-7000-8000-000000000002",
    "low_balance_threshold": None,
}
FIELDS = ("org_id", "flow_id", "comfyui_workflow_id", "duration_ms", "callback_url", "failure_code", "failure_message")


class Tiny:
    """Carries requests to itself. A run has ended after it was read twice. `wrong` names what is switched on."""

    url = "http://tiny.test"

    def __init__(self, *wrong: str) -> None:
        self.wrong = frozenset(wrong)
        self._runs: dict[str, dict[str, Any]] = {}
        self._reads: dict[str, int] = {}
        self._balance = 10.0
        self._numbers = count(1)
        self._answered: dict[str, tuple[bytes | None, Answer]] = {}

    def carry(self, method: str, target: str, headers: Any, body: bytes | None) -> Answer:
        """The answer to a request."""
        path, _, query = target.partition("?")
        code, content = self._answer(method, path, parse_qs(query), dict(headers), body)
        raw = b"" if content is None else json.dumps(content).encode()
        return Answer(method, target, code, {"content-type": "application/json"}, raw)

    def close(self) -> None:
        """Does nothing."""

    def _answer(self, method: str, path: str, query: Any, headers: dict[str, str], body: bytes | None) -> tuple[int, Any]:
        if headers.get("Authorization") != f"Bearer {KEY}":
            return 401, _error("UNAUTHORIZED", "Send a key.", wrapped="envelope" in self.wrong)
        if path == "/v1/billing/balance":
            text = f"{self._balance:.6f}"
            return 200, {**BALANCE, "balance": float(text) if "money" in self.wrong else text}
        if method == "POST" and MODEL_RUNS.fullmatch(path):
            return self._create(headers, body)
        if path == "/v1/runs":
            return 200, self._page(query)
        if path.startswith("/v1/runs/") and path[9:] in self._runs:
            return 200, self._read(path[9:])
        return 404, _error("NOT_FOUND", "No such thing.", wrapped="envelope" in self.wrong)

    def _create(self, headers: dict[str, str], body: bytes | None) -> tuple[int, Any]:
        sent = json.loads(body or b"{}")
        key = headers.get("Idempotency-Key")
        if key is not None and key in self._answered and "idempotency" not in self.wrong:
            known, answer = self._answered[key]
            return (201, answer.json) if known == body else (409, _error("CONFLICT", "Another body.", wrapped=False))
        number = next(self._numbers)
        created = START + timedelta(seconds=number)
        run = dict.fromkeys(FIELDS)
        record: dict[str, Any] = {**run, "id": _uuid(created, number), "status_code": "queued", "input": sent["input"], "output": None}
        record |= {"cost": None, "created_at": _text(created), "completed_at": None}
        record |= {"client_ref": sent.get("client_ref"), "metadata": sent.get("metadata")}
        self._runs[record["id"]] = record
        if key is not None:
            self._answered[key] = (body, Answer("POST", "", 201, {}, json.dumps(record).encode()))
        return 201, dict(record)

    def _read(self, run_id: str) -> dict[str, Any]:
        run, reads = self._runs[run_id], self._reads.get(run_id, 0) + 1
        self._reads[run_id] = reads
        if reads == 2:
            run |= {"status_code": "succeeded", "output": {"image_urls": []}, "cost": "0.270000", "completed_at": run["created_at"]}
            self._balance -= 0.54 if "charge" in self.wrong else 0.27
        if reads == 3 and "terminal" in self.wrong:
            return {**run, "status_code": "running", "output": None, "completed_at": None}
        return dict(run)

    def _page(self, query: Any) -> dict[str, Any]:
        runs = sorted(self._runs.values(), key=lambda run: str(run["id"]), reverse="asc" not in query.get("sort_by", [""])[0])
        wanted = re.search(r"client_ref.EQ:'([^']*)'", query.get("q", [""])[0])
        runs = [run for run in runs if wanted is None or run["client_ref"] == wanted[1]]
        limit, start = int(query.get("limit", ["50"])[0]), int(query.get("pq", ["0"])[0])
        end = start + limit
        onward = end + 1 if "pages" in self.wrong else end
        return {"items": runs[start:end], "first": None, "next": str(onward) if end < len(runs) else None, "previous": None}


def _error(code: str, message: str, *, wrapped: bool) -> dict[str, Any]:
    flat = {"code": code, "message": message, "errors": None}
    return {"error": flat} if wrapped else flat


def _uuid(created: datetime, number: int) -> str:
    digits = f"{int(created.timestamp() * 1000):012x}7000{0x8000000000000000 + number:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
