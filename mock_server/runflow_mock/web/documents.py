"""The API's own document and the viewer that shows it; no key is needed."""

from runflow_mock.openapi.public_bundle import proven_contract, public_document
from runflow_mock.packaged import VIEWER_POLICY, openapi_document, viewer_file
from runflow_mock.web.calls import Answer, Call, Handler
from runflow_mock.web.routing import Operation
from runflow_mock.web.texts import answer_packaged
from runflow_mock.wire.problems import not_found


def get_openapi(call: Call) -> Answer:
    """GET /v1/openapi.json: the contract, byte for byte as it ships, or of a strict server without what is only inferred."""
    return answer_packaged(call, proven_contract() if call.dialect.is_proven else openapi_document())


def get_public_bundle(call: Call) -> Answer:
    """GET /api/openapi.public.json: the contract without what is not for customers, at this API's address."""
    return answer_packaged(call, public_document(call.sites.api, proven=call.dialect.is_proven))


def get_docs(call: Call) -> Answer:
    """GET /v1/docs"""
    return _viewer(call, "index.html")


def get_docs_file(call: Call) -> Answer:
    """GET /v1/docs/{name}: what the page of the viewer loads."""
    return _viewer(call, call.params["name"])


def _viewer(call: Call, name: str) -> Answer:
    file = viewer_file(name)
    if file is None:
        raise not_found(f"There is no route {call.method} {call.path[:200]}.")
    return answer_packaged(call, file, policy=VIEWER_POLICY)


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", "/v1/openapi.json", get_openapi, is_public=True),
    Operation("GET", "/v1/docs", get_docs, is_public=True),
)
