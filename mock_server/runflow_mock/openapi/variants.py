"""Variants: operations that a document describes several times, at paths that differ in a query, a fragment or names alone.

No version of OpenAPI allows them, and many documents have them: `/v1/conversations` and `/v1/conversations#stream`, of which the plain one
is read, or `/v1/{job}` and `/v1/{operation}`. A request does not say which is meant, so that what one refuses may be right by another.
"""

from collections.abc import Iterable, Iterator

from runflow_mock.domain.documents import list_of
from runflow_mock.domain.findings import Finding, Severity, note
from runflow_mock.openapi.contracts import Contract, Declared
from runflow_mock.openapi.parts import VARIANTS


def unless_variant(contract: Contract, declared: Declared, found: Iterable[Finding]) -> Iterator[Finding]:
    """Yields findings by an operation; violations become one note where the document has another description of it."""
    others = list_of(contract.at(("paths", declared.path, declared.method.lower())).get(VARIANTS))
    if not others:
        yield from found
        return
    told = tuple(found)
    weak = [finding for finding in told if finding.severity is not Severity.VIOLATION]
    yield from weak
    if len(weak) < len(told):
        says = f"it does not fit {declared.path}; {', '.join(map(str, others))[:200]} describes the operation as well, and was not judged"
        yield note(("contract",), "not-judged", says)
