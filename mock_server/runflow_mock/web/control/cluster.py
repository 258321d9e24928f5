"""What workers tell each other, for the verbs that answer for all of them."""

from urllib.parse import parse_qsl

import msgspec

from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.control.metrics import figures_of
from runflow_mock.web.control.server import health_of
from runflow_mock.web.control.tenants import tenants_here

_encode = msgspec.json.Encoder().encode


async def answer_peer(runtime: Runtime, question: str) -> bytes:
    """Returns what this worker has to say to another one; a newer one may ask what this one does not know."""
    what, _, query = question.partition("?")
    if what == "metrics":
        return _encode(list(figures_of(runtime)))
    if what == "health":
        return _encode(await health_of(runtime))
    if what == "tenants":
        return _encode(await tenants_here(runtime, dict(parse_qsl(query, keep_blank_values=True))))
    return b"null"
