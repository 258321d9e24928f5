"""Acquittals: whether a request breaks nothing beyond doubt, for a fraction of what it takes to say what is wrong with it.

Nearly every test ends with nothing to complain of, and needs to know no more than that. What is unusual in a request is doubtful here,
and `violations` looks at it: a doubt costs time, and never a verdict. Whoever adds a violation there adds a doubt here.
"""

from runflow_mock.domain.documents import BYTE_ORDER_MARK, NOT_JSON, read_document
from runflow_mock.domain.exchanges import BODY_BYTES_MAX, REDACTED, Exchange
from runflow_mock.openapi.addresses import Addressed
from runflow_mock.openapi.contracts import ITEMS, Contract, Declared
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.media_types import chosen, read_media_type
from runflow_mock.openapi.parameters import Parameter, Style
from runflow_mock.openapi.sent_values import Sent, nodes_of, read_sent
from runflow_mock.openapi.values import has_allowed_reading
from runflow_mock.openapi.violations import REFUSALS


def is_beyond_doubt(contract: Contract, addressed: Addressed, declared: Declared, exchange: Exchange) -> bool:
    """Tells whether a request to an operation certainly has no violation."""
    if declared.security.ways or exchange.status in REFUSALS:
        return False
    sent = read_sent(addressed, exchange)
    return all(_takes(contract, declared, parameter, sent) for parameter in declared.parameters) and _takes_body(
        contract, declared, exchange.request_body, sent
    )


def _takes(contract: Contract, declared: Declared, parameter: Parameter, sent: Sent) -> bool:
    if (parameter.place == "header" and parameter.name.lower() not in sent.headers) or (parameter.place == "query" and not sent.query):
        return not parameter.is_required
    if parameter.place in ("cookie", "querystring") or parameter.style is Style.CONTENT or parameter.may_be_empty:
        return False
    others = frozenset(each.name for each in declared.parameters if each.place == "query" and each is not parameter)
    nodes = nodes_of(parameter, contract.wanted(parameter), sent, others)
    if nodes is None:
        return not parameter.is_required
    return nodes != [] and REDACTED not in nodes and has_allowed_reading(contract, parameter.schema, nodes)


def _takes_body(contract: Contract, declared: Declared, raw: bytes, sent: Sent) -> bool:
    if not raw:
        return not declared.is_body_required
    if not declared.body:
        # Nobody reads it, which is a note.
        return True
    media_type = read_media_type(sent.headers.get("content-type"))
    key = chosen(declared.body, media_type)
    if key is None or not media_type.is_json or declared.body[key][-1:] == (ITEMS,):
        return False
    if "content-encoding" in sent.headers or len(raw) >= BODY_BYTES_MAX or raw.startswith(BYTE_ORDER_MARK):
        return False
    try:
        value = read_document(raw)
    except NOT_JSON:
        return False
    return contract.allows(declared.body[key], value, Direction.REQUEST)
