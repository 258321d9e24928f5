"""Clients of HTTP/1.0: they know no chunks. Where nothing says how long an answer is, the end of the connection is its end."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def ended_by_closing(app: ASGIApp, cycle: RequestResponseCycle) -> ASGIApp:
    """Returns what answers as the application does, without chunks."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_endless = False

        async def send_plain(message: Message) -> None:
            nonlocal is_endless
            if message["type"] == "http.response.start":
                is_endless = all(name.lower() != b"content-length" for name, _ in message.get("headers", ()))
                if is_endless:
                    cycle.chunked_encoding, cycle.keep_alive = False, False
            elif is_endless:
                # Uvicorn lets no more leave than was announced: here that is as much as there is.
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, send_plain)

    return answer
