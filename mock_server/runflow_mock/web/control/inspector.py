"""The inspector: a page for people that shows what the control API says, and nothing that it does not.

Its files are the same for everybody and hold no data, so that they need no key; what the page shows it asks for with one. Nothing of this
reaches a tenant: looking at a page is no request of the client under test.
"""

from runflow_mock.packaged import INSPECTOR_POLICY, inspector_files
from runflow_mock.web.browsers import accepts_pages
from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.routing import Operation
from runflow_mock.web.texts import answer_packaged
from runflow_mock.wire.control import ControlError

_REFERRER = (b"referrer-policy", b"no-referrer")


def wants_page(call: Call) -> bool:
    """Tells whether a browser asks, and the inspector is on."""
    return call.runtime.config.inspector and accepts_pages(call.header(b"accept"))


def answer_file(call: Call, name: str) -> Answer:
    """Returns a file of the inspector.

    Raises:
        ControlError: 404.
    """
    file = inspector_files().get(name) if call.runtime.config.inspector else None
    if file is None:
        raise ControlError(404, "not_found", f"the inspector has no file {name[:80]!r}, or is switched off (--no-inspector)")
    given = answer_packaged(call, file, policy=INSPECTOR_POLICY)
    return Answer(given.status, given.body, (*given.headers, _REFERRER))


async def get_inspector_file(call: Call) -> Answer:
    """GET /_mock/inspector/{name...}: what the page for people loads."""
    return answer_file(call, call.params["name"])


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("GET", "/_mock/inspector/{name...}", get_inspector_file, spans_min=1),)
