"""The headers of a request by name: the side that answers, the size of the body and its handler all ask for some."""

from starlette.types import Scope

_PLACE = "runflow_mock.headers"


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Returns the headers by name; of a repeated one the first counts."""
    # Read once for each request, and kept where everybody has it who is asked about this request.
    headers: dict[bytes, bytes] | None = scope.get(_PLACE)
    if headers is None:
        headers = scope[_PLACE] = dict(reversed(scope["headers"]))
    return headers
