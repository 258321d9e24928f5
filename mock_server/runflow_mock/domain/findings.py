"""Findings: what one exchange says about the client that made it, and about the fake that answered it.

Theory. A *violation* breaks the contract, whatever the fake answered. A *note* is legal and worth knowing: a field that nobody reads. A
*reliance* is legal too, on a point on which the sources disagree or say little: the client depends on one of several readings. What the
fake itself answered against the contract is kept apart as `ours`: it is never the client's fault. An exchange that no operation of the
contract covers and that led to a page beside the API has no findings.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.scrubbing import Scrubber

Location = tuple[str | int, ...]


class Severity(StrEnum):
    """How much a finding weighs."""

    VIOLATION = "violation"
    NOTE = "note"
    RELIANCE = "reliance"


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One thing that was found: where, by which rule, and in words. Messages never repeat a value of the client."""

    loc: Location
    rule: str
    message: str
    severity: Severity = Severity.VIOLATION


class Findings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All findings of one exchange; `operation` is the one that the contract names, if it names one, else `nearest` may be a route.

    `request` is about the client, and has notes on what of the answer could not be judged.
    """

    operation: str | None = None
    request: tuple[Finding, ...] = ()
    ours: tuple[Finding, ...] = ()
    nearest: str | None = None

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Returns the findings that weigh this much, without what the fake did."""
        return tuple(finding for finding in self.request if finding.severity is severity)

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What the client did against the contract."""
        return self.of(Severity.VIOLATION)


NO_FINDINGS = Findings()


def note(loc: Location, rule: str, message: str) -> Finding:
    """Returns something that is legal and worth knowing."""
    return Finding(loc, rule, message, Severity.NOTE)


def scrubbed_findings(findings: Findings, scrubber: Scrubber) -> Findings:
    """Returns findings without the secrets in the names that a client has chosen: they may be older than what is known by now."""

    def scrubbed(finding: Finding) -> Finding:
        loc = tuple(scrubber.scrub_text(part) if isinstance(part, str) else part for part in finding.loc)
        return replace(finding, loc=loc, message=scrubber.scrub_text(finding.message))

    if not (findings.request or findings.ours):
        return findings
    return replace(findings, request=tuple(map(scrubbed, findings.request)), ours=tuple(map(scrubbed, findings.ours)))


def without_repeats(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Returns the findings in order, of several at the same place the first alone: two judges may see the same thing."""
    found: dict[tuple[Location, Severity], Finding] = {}
    for finding in findings:
        found.setdefault((finding.loc, finding.severity), finding)
    return tuple(found.values())
