"""Exchanges for tests: one from a few words, and a sequence of them at wall seconds."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from worlds import START

from runflow_mock.domain.exchanges import Exchange

RUN_ID = "019b76da-a800-7000-8000-000000000007"
RUN = f"/v1/runs/{RUN_ID}"
CREATE = "/v1/models/runflow/background-removal/runs"
SHIRT = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}}

_OPERATIONS = {
    ("POST", CREATE): "create_run",
    ("GET", RUN): "get_run",
    ("GET", "/v1/billing/balance"): "get_balance",
}


def exchange(
    method: str = "GET",
    target: str = RUN,
    status: int = 200,
    *,
    number: int = 1,
    wall: float = 0.0,
    body: Any = None,
    answer: Any = None,
    headers: dict[str, str] | None = None,
    told: dict[str, str] | None = None,
    **fields: Any,
) -> Exchange:
    """An exchange with JSON bodies; `headers` are the client's and `told` the answer's."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {**({"content-type": "application/json"} if raw else {}), **(headers or {})}
    given = {"content-type": "application/json", **(told or {})}
    return Exchange(
        **{
            "id": f"x{number}",
            "number": number,
            "at": START + timedelta(seconds=wall),
            "wall": START.timestamp() + wall,
            "operation": _OPERATIONS.get((method, target.partition("?")[0])),
            "method": method,
            "target": target,
            "request_headers": tuple((name.encode(), value.encode()) for name, value in sent.items()),
            "request_body": raw,
            "status": status,
            "response_headers": tuple((name.encode(), value.encode()) for name, value in given.items()),
            "response_body": answer
            if isinstance(answer, bytes)
            else json.dumps({} if answer is None else answer, separators=(",", ":")).encode(),
            "elapsed_ms": 0.0,
            **fields,
        }
    )


def sequence(*steps: tuple[float, Exchange]) -> Sequence[Exchange]:
    """Exchanges in order, each at its wall second."""
    return [exchange_at(wall, found, number) for number, (wall, found) in enumerate(steps, 1)]


def exchange_at(wall: float, found: Exchange, number: int) -> Exchange:
    """The same exchange as the n-th of a sequence, at a wall second."""
    return replace(found, id=f"x{number}", number=number, wall=START.timestamp() + wall, at=START + timedelta(seconds=wall))


def create(status: int = 201, key: str | None = None, **more: Any) -> Exchange:
    """The creation of a run."""
    return exchange("POST", CREATE, status, body=SHIRT, headers={} if key is None else {"idempotency-key": key}, **more)


def read(state: str = "running", status: int = 200) -> Exchange:
    """The reading of a run in a state."""
    return exchange(status=status, answer={"id": RUN_ID, "status_code": state})
