"""Where a user's document judges, and the fake, which is written to ours, did otherwise. That is never the client's fault."""

from collections.abc import Iterator

from msgspec.structs import replace

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Finding, Findings, Location, Severity
from runflow_mock.openapi.addresses import Addressed
from runflow_mock.openapi.contracts import Contract, Declared, packaged_contract
from runflow_mock.openapi.violations import REFUSALS, document_findings

Found = tuple[Finding, ...]


def told_apart(theirs: Contract, addressed: Addressed, exchange: Exchange, found: Findings) -> tuple[Found, Found]:
    """Returns what a user's document holds against the client, and what it holds against the fake, in words that say so."""
    assert theirs.source is not None
    declared = theirs.operation(addressed.path, exchange.method)
    assert declared is not None
    if own_operation(exchange) is None:
        return found.request, (Finding(("response", "status"), "not-served", f"the fake does not serve {declared.id} of {theirs.source}"),)
    disputed = _disputed(theirs, addressed, declared, exchange)
    held = tuple(finding for finding in found.request if finding.severity is not Severity.VIOLATION or finding.loc not in disputed)
    refused = (finding for finding in found.request if finding not in held)
    return held, (
        *(_refused(theirs.source, finding) for finding in refused),
        *(replace(finding, message=f"the fake's answer does not fit {theirs.source}: {finding.message}") for finding in found.ours),
    )


def own_operation(exchange: Exchange) -> Declared | None:
    """Returns the operation of our document that a request leads to, if there is one."""
    place = packaged_contract().address(exchange.path)
    return None if place is None else packaged_contract().operation(place.path, exchange.method)


def _disputed(theirs: Contract, addressed: Addressed, declared: Declared, exchange: Exchange) -> frozenset[Location]:
    """Returns the places that our document, and by it the fake, refuses in a request, while the user's document allows them."""
    ours, own = packaged_contract(), own_operation(exchange)
    place = ours.address(exchange.path)
    if place is None or own is None or exchange.status not in REFUSALS:
        return frozenset()
    allowed = _violated(document_findings(theirs, addressed, declared, exchange))
    return _violated(document_findings(ours, place, own, exchange)) - allowed


def _violated(findings: Iterator[Finding]) -> frozenset[Location]:
    return frozenset(finding.loc for finding in findings if finding.severity is Severity.VIOLATION)


def _refused(source: str, finding: Finding) -> Finding:
    where = ".".join(str(part) for part in finding.loc)
    return Finding(("response", "status"), "refused", f"the fake refused {where}, which {source} allows: {finding.message}")
