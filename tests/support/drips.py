"""A server of few bytes: what it says is no whole answer, or none of HTTP at all."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def answering(first: bytes, then: bytes, pause: float = 0.01, *, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Answers with the first bytes, and then with the others again and again, for as long as somebody listens."""
    is_over = threading.Event()

    def answer(client: socket.socket) -> None:
        with suppress(OSError), client if context is None else context.wrap_socket(client, server_side=True) as connection:
            connection.recv(65_536)
            connection.sendall(first)
            while not is_over.wait(pause):
                connection.sendall(then)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            is_over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
