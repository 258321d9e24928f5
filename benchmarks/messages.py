"""Messages: the bytes of the requests that the load sends, made before anything is measured."""

from collections.abc import Iterable

import msgspec

MODEL = "runflow/background-removal"
RUNS_PATH = f"/v1/models/{MODEL}/runs"
BATCHES_PATH = f"/v1/models/{MODEL}/batches"


def get(path: str, key: str) -> bytes:
    """Returns a GET with a key."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nAccept: */*\r\n\r\n".encode()


def post(path: str, key: str, body: object = None) -> bytes:
    """Returns a POST of a JSON body with a key."""
    content = b"" if body is None else msgspec.json.encode(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def delete(path: str) -> bytes:
    """Returns a DELETE."""
    return f"DELETE {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def run_body(number: int, callback_url: str | None = None) -> dict[str, object]:
    """Returns the body of a create as a shop would send it, of some 390 bytes."""
    body: dict[str, object] = {
        "input": {"image_url": f"https://cdn.example.com/products/2026/spring/collection-a/shirt-{number:06d}-front-original.jpg"},
        "client_ref": f"sku-{number:06d}-front",
        "metadata": {
            "shop": "example-outfitters",
            "campaign": "spring-2026-relaunch",
            "operator": "catalog-import@example.com",
            "attempt": 1,
            "labels": ["white-background", "front", "hero"],
            "trace": f"7f3c1a52-40be-4e0a-9d0c-{number:012d}",
        },
    }
    return body if callback_url is None else {**body, "callback_url": callback_url}


def creates(key: str, callback_url: str | None = None, different: int = 500) -> list[bytes]:
    """Returns creates of a number of different runs."""
    return [post(RUNS_PATH, key, run_body(number, callback_url)) for number in range(different)]


def polls(key: str, run_ids: Iterable[str]) -> list[bytes]:
    """Returns a poll of each run."""
    return [get(f"/v1/runs/{run_id}", key) for run_id in run_ids]
