"""Browsers: what tells one that opens a page from a program, and where one that opens `/` is led."""

from starlette.types import ASGIApp, Receive, Scope, Send

from runflow_mock.domain.mime import essence
from runflow_mock.web.calls import headers_of

PAGE = "/_mock/"


def accepts_pages(accept: str | None) -> bool:
    """Tells a browser that opens a page from a program, which takes anything or asks for JSON."""
    kinds = [essence(part) for part in (accept or "").split(",")]
    return "text/html" in kinds and "application/json" not in kinds


class LeadBrowsers:
    """Leads a browser that opens `/` to the inspector; everything else goes where it always went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accept = headers_of(scope).get(b"accept", b"").decode("latin-1")
        if not (scope["path"] == "/" and scope["method"] in ("GET", "HEAD") and accepts_pages(accept)):
            await self._app(scope, receive, send)
            return
        headers = ((b"location", PAGE.encode()), (b"content-length", b"0"), (b"cache-control", b"no-store"))
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
