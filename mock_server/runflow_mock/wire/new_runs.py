"""New runs on the wire: the record of a run that was created just now, as `wire.runs` writes it.

Each creation is answered with one, and to make and encode its forty fields takes a tenth of the work. Of a run of a model without stages
ten of them differ; they are put into a text that is otherwise the same for all, and is written once for each dialect.
"""

from functools import cache

import msgspec

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import Document
from runflow_mock.domain.identity import EPOCH, OrganizationId, RunId, UserId
from runflow_mock.domain.money import ZERO
from runflow_mock.domain.runs import Run
from runflow_mock.wire.runs import represent_run
from runflow_mock.wire.times import write_instant

NODES = (1, 0)
"""How many steps such a run has, and how many of them have succeeded."""

_encode = msgspec.json.Encoder().encode
# These may be null, or have characters that JSON escapes: they are put in with their quotes.
_AS_JSON = (b"model_id", b"client_ref", b"callback_url")


def write_new_run(run: Run, dialect: Dialect) -> bytes:
    """Returns the record of a run of a model without stages that nothing has happened to, with its documents as they are stored."""
    return _form(dialect) % {
        b"id": run.id.encode(),
        b"model_id": _encode(run.model_id),
        b"org_id": run.org_id.encode(),
        b"input": run.input,
        b"client_ref": _encode(run.client_ref),
        b"request_id": run.request_id.encode(),
        b"created_by": run.created_by.encode(),
        b"created_at": write_instant(run.created_at).encode(),
        b"callback_url": _encode(run.callback_url),
        b"metadata": run.metadata or b"null",
    }


@cache
def _form(dialect: Dialect) -> bytes:
    """Returns the record of a run whose values are the names under which those of others are put into it."""
    run = Run(
        id=RunId("%(id)b"),
        model="",
        model_id="%(model_id)b",
        org_id=OrganizationId("%(org_id)b"),
        input=Document(b"%(input)b"),
        client_ref="%(client_ref)b",
        request_id="%(request_id)b",
        created_by=UserId("%(created_by)b"),
        created_at=EPOCH,
        callback_url="%(callback_url)b",
        metadata=Document(b"%(metadata)b"),
        base_url="",
        held=ZERO,
    )
    text = _encode(represent_run(run, NODES, dialect)).replace(write_instant(EPOCH).encode(), b"%(created_at)b")
    for name in _AS_JSON:
        text = text.replace(b'"%%(%b)b"' % name, b"%%(%b)b" % name)
    return text
