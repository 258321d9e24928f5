"""CORS, for sandboxes of browsers: pages of any origin may use the API where that was asked for."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from runflow_mock.web.calls import refusal
from runflow_mock.wire.problems import bad_request


class ForPages(CORSMiddleware):
    """A side of the application that pages may use; a preflight that asks for what there is not gets the API's envelope."""

    def __init__(self, side: ASGIApp) -> None:
        anything = ["*"]
        super().__init__(
            side,
            allow_origins=anything,
            allow_methods=anything,
            allow_headers=anything,
            expose_headers=anything,
            allow_private_network=True,  # A page in the internet may call what runs on the machine of its reader.
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Returns the answer to a preflight."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        told = refusal(bad_request(f"{bytes(answer.body).decode()}: {request_headers['access-control-request-method'][:80]!r}."))
        kept = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
        return Response(told.body, told.status, kept, "application/json")
