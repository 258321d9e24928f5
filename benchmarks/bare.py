"""Bare Starlette: what the framework gives on the same server when nothing is behind it.

One route answers a GET with a run; one reads the JSON of a POST and answers 201 with a run. Nothing is checked, kept or recorded. Both
answers are encoded from the same record that the fake has answered with, so that they have the same size. It imports nothing of the fake:
its start and its memory are the framework's alone.
"""

import sys
from pathlib import Path
from socket import socket

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def create_app(run: object) -> Starlette:
    """Returns the application that knows one run."""

    async def get_run(request: Request) -> Response:
        return Response(_encode(run), media_type="application/json")

    async def create_run(request: Request) -> Response:
        _decode(await request.body())
        return Response(_encode(run), 201, media_type="application/json")

    return Starlette(
        routes=[
            Route("/v1/runs/{id}", get_run, methods=["GET"]),
            Route("/v1/models/{model:path}/runs", create_run, methods=["POST"]),
        ]
    )


class _Server(uvicorn.Server):
    """A uvicorn server that prints its address when it is ready."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets is not None
        host, port = sockets[0].getsockname()
        print(msgspec.json.encode({"url": f"http://{host}:{port}"}).decode(), flush=True)


def main(sample: Path, port: int = 0) -> None:
    """Serves the run in a file, with the same settings of uvicorn as `runflow-mock serve`."""
    config = uvicorn.Config(
        create_app(_decode(sample.read_bytes())),
        port=port,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    _Server(config).run(sockets=[config.bind_socket()])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
