"""The judge: everything that can be found out about one exchange alone, against a contract and the models on offer.

A judge is a value of two things that may be replaced, the document and the way from a path to a model. It reads; it never decides what
the fake answers. By a user's document the client is judged as far as it describes what was asked for; where the fake, which is written to
ours, did otherwise, that is the fake's affair.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import read_object
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import NO_FINDINGS, Finding, Findings, Severity, note
from runflow_mock.domain.models import Model
from runflow_mock.domain.outputs import MEDIA_PREFIX
from runflow_mock.openapi.acquittals import is_beyond_doubt
from runflow_mock.openapi.addresses import Addressed
from runflow_mock.openapi.ambiguities import JudgedExchange, reliance_findings
from runflow_mock.openapi.answers import answer_findings
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.explanations import FINDINGS_MAX
from runflow_mock.openapi.fake_differences import own_operation, told_apart
from runflow_mock.openapi.nearest_routes import nearest_route
from runflow_mock.openapi.request_facts import RequestFacts, read_facts
from runflow_mock.openapi.violations import request_findings

# What has no key and is no operation: files go by signed addresses.
FILE_PREFIXES = (MEDIA_PREFIX, "/files/", "/_upload/")


class Runnable(msgspec.Struct, frozen=True):
    """What a path runs: a model, or a workflow in the role of one."""

    model: Model
    is_workflow: bool = False


FindRunnable = Callable[[str], Runnable | None]


class Judge:
    """Judges exchanges one by one."""

    def __init__(self, contract: Contract, find: FindRunnable) -> None:
        self.contract = contract
        self._find = find

    @property
    def _name(self) -> str:
        return self.contract.source or "the contract"

    def judge(self, exchange: Exchange) -> Findings:
        """Returns the findings of an exchange."""
        if exchange.path.startswith(FILE_PREFIXES):
            return NO_FINDINGS
        addressed = self.contract.address(exchange.path, exchange.method)
        declared = None if addressed is None else self.contract.operation(addressed.path, exchange.method)
        if addressed is None or declared is None:
            return self._without_operation(addressed, exchange)
        facts = read_facts(exchange)
        runs = None if facts.model is None or not facts.inputs else self._find(facts.model)
        judged = JudgedExchange(
            exchange=exchange,
            # Points of reliance know operations by our names.
            declared=declared if self.contract.source is None else replace(declared, id=exchange.operation or declared.id),
            facts=facts,
            parameters=dict(parse_qsl(exchange.query)),
            model=None if runs is None else runs.model,
            is_workflow=runs is not None and runs.is_workflow,
        )
        request = request_findings(self.contract, addressed, declared, exchange)
        answer = answer_findings(self.contract, declared, exchange)
        ours = tuple(finding for finding in answer if finding.severity is Severity.VIOLATION)
        unjudged = (finding for finding in answer if finding.severity is not Severity.VIOLATION)
        if self.contract.source is not None:
            request, ours = told_apart(self.contract, addressed, exchange, Findings(operation=declared.id, request=request, ours=ours))
        unread = () if judged.model is None else islice(_unknown_inputs(judged.model, facts), FINDINGS_MAX)
        # Points of reliance are about our operations, and not about others that have a parameter of such a name.
        is_ours = self.contract.source is None or own_operation(exchange) is not None
        relied = reliance_findings(judged) if is_ours else ()
        # That another description of the operation was not judged may be said of the request and of the answer.
        found = tuple(dict.fromkeys((*request, *unread, *unjudged, *relied)))
        return Findings(operation=declared.id, request=found, ours=ours)

    def acquits(self, exchange: Exchange) -> bool:
        """Tells whether the client has done nothing against the contract, for much less than the findings of the exchange."""
        addressed = self.contract.address(exchange.path, exchange.method)
        declared = None if addressed is None else self.contract.operation(addressed.path, exchange.method)
        if addressed is None or declared is None or self.contract.source is not None or exchange.path.startswith(FILE_PREFIXES):
            return not self.judge(exchange).violations
        if is_beyond_doubt(self.contract, addressed, declared, exchange):
            return True
        # The other findings weigh less, whatever the exchange: notes, reliances, and what is ours.
        return all(finding.severity is not Severity.VIOLATION for finding in request_findings(self.contract, addressed, declared, exchange))

    def _without_operation(self, addressed: Addressed | None, exchange: Exchange) -> Findings:
        """Returns the findings of an exchange that leads to no operation of the document."""
        if exchange.is_stubbed:
            return NO_FINDINGS
        is_unread = addressed is not None and self.contract.unread(addressed.path) is not None
        if is_unread or (self.contract.source is not None and own_operation(exchange) is not None):
            return Findings(request=(self._undescribed(exchange),))
        if addressed is None and exchange.operation is not None:
            return NO_FINDINGS
        # Looked for once and kept: a report on hundreds that lead nowhere would otherwise take a second.
        nearest = nearest_route(self.contract, exchange.method, exchange.path)
        found = self._unknown_route(exchange) if addressed is None else self._unknown_method(addressed, exchange)
        hint = "" if nearest is None else f"; the nearest is {nearest}"
        return Findings(request=(replace(found, message=found.message + hint),), nearest=nearest)

    def _undescribed(self, exchange: Exchange) -> Finding:
        told = f"{self.contract.source} does not describe {exchange.method} {exchange.path[:200]}; nothing of this exchange was judged"
        return note(("path",), "undescribed", told)

    def _unknown_route(self, exchange: Exchange) -> Finding:
        return Finding(("path",), "route", f"{self._name} has no path {exchange.path[:200]}")

    def _unknown_method(self, addressed: Addressed, exchange: Exchange) -> Finding:
        known = ", ".join(addressed.methods)
        return Finding(("method",), "method", f"{addressed.path} takes {known}, not {exchange.method[:20]}")


def _unknown_inputs(model: Model, facts: RequestFacts) -> Iterator[Finding]:
    schema = read_object(model.input_schema)
    known = schema.get("properties")
    if not isinstance(known, dict) or not known:
        return
    for loc, inputs in facts.inputs:
        for name in inputs:
            # A label is no input, wherever it stands.
            if name not in known and name != "client_ref":
                yield note((*loc, name[:80]), "unknown-field", f"{model.id} has no such input; it is accepted and ignored")
