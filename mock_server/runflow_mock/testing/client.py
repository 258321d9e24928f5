"""A small HTTP client of the fake, for the demo and for tests: one tenant's key, JSON in and out."""

from typing import Any

import urllib3

SECONDS_MAX = 60.0


class ClientError(Exception):
    """The fake answered with an error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


class Client:
    """Sends requests with a tenant's key; connections are kept."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._pool = urllib3.PoolManager(timeout=SECONDS_MAX, retries=False)

    def get(self, path: str) -> Any:
        """Returns the JSON at a path, or raises `ClientError`."""
        return self.request("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        """Returns the JSON that answers a POST, or raises `ClientError`."""
        return self.request("POST", path, body)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Returns the JSON that answers a request, or nothing for an empty answer; raises `ClientError` from status 400."""
        response = self._pool.request(method, self.url + path, headers=self._headers, json=body)
        content = response.json() if response.data else None
        if response.status >= 400:
            raise ClientError(response.status, content)
        return content

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()
