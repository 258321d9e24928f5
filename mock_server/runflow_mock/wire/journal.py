"""The journal on the wire of the control API: exchanges as they were, without credentials and secrets, and what was found out about
them.
"""

import re
from collections.abc import Iterable, Sequence

from runflow_mock.domain.documents import NOT_JSON, Json, read_document
from runflow_mock.domain.exchanges import REDACTED, SECRET_FIELDS, Exchange, redact_headers
from runflow_mock.domain.findings import Finding, Findings, Severity
from runflow_mock.domain.verdicts import Judgement, Observation, Verdict
from runflow_mock.wire.times import write_instant

_SECRET_NAMES = tuple(f'"{name}"'.encode() for name in sorted(SECRET_FIELDS))
# The same fields where the rest cannot be read.
_UNREAD = re.compile(rb'("(?:%b)"\s*+:\s*+")(?!\[redacted)(?:[^"\\]|\\.)++' % "|".join(sorted(SECRET_FIELDS)).encode(), re.DOTALL)


def represent_exchange(exchange: Exchange, findings: Findings, broken: Iterable[dict[str, object]]) -> dict[str, object]:
    """Returns one exchange with its findings, and the rules that it shows to be broken."""
    return {
        "id": exchange.id,
        "number": exchange.number,
        "at": write_instant(exchange.at),
        "wall": exchange.wall,
        "operation": exchange.operation,
        "request": {
            "method": exchange.method,
            "target": exchange.target,
            "headers": redact_headers(exchange.request_headers),
            "body": represent_body(exchange.request_body),
        },
        "response": {
            "status": exchange.status,
            "headers": redact_headers(exchange.response_headers),
            "body": represent_body(exchange.response_body),
        },
        "fault": exchange.fault,
        "elapsed_ms": round(exchange.elapsed_ms, 3),
        "violations": represent_findings(findings.violations),
        "notes": represent_findings(findings.of(Severity.NOTE)),
        "relies_on": represent_findings(findings.of(Severity.RELIANCE)),
        "ours": represent_findings(findings.ours),
        "verdicts": list(broken),
    }


def represent_exchange_in_short(exchange: Exchange) -> dict[str, object]:
    """Returns one line about an exchange: no headers, no bodies, no findings."""
    return {
        "id": exchange.id,
        "exchange": exchange.number,
        "at": write_instant(exchange.at),
        "wall": exchange.wall,
        "operation": exchange.operation,
        "method": exchange.method,
        "target": exchange.target,
        "status": exchange.status,
        "fault": exchange.fault,
        "elapsed_ms": round(exchange.elapsed_ms, 3),
    }


def represent_line(exchange: Exchange, findings: Findings, broken: Iterable[dict[str, object]]) -> dict[str, object]:
    """Returns one line about an exchange with how much was found out about it."""
    return {
        **represent_exchange_in_short(exchange),
        "operation": findings.operation or exchange.operation,
        "violations": [finding.rule for finding in findings.violations],
        "broken": [told["rule"] for told in broken],
    }


def represent_findings(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Returns findings of one severity."""
    return [
        {"loc": list(finding.loc), "rule": finding.rule, "message": finding.message, "severity": finding.severity.value}
        for finding in findings
    ]


def represent_verdict(verdict: Verdict) -> dict[str, object]:
    """Returns a verdict with its evidence."""
    return {
        "rule": verdict.rule,
        "verdict": verdict.judgement.value,
        "held": verdict.held,
        "broken": verdict.broken,
        "evidence": [_represent_observation(observation) for observation in verdict.evidence],
        "reason": verdict.reason,
        "pauses": [list(pauses) for pauses in verdict.pauses],
    }


def broken_by(verdicts: Sequence[Verdict]) -> dict[str, list[dict[str, object]]]:
    """Returns what is broken by the id of each exchange that shows it."""
    found: dict[str, list[dict[str, object]]] = {}
    for verdict in verdicts:
        for observation in verdict.evidence if verdict.judgement is Judgement.BROKEN else ():
            told: dict[str, object] = {"rule": verdict.rule, "verdict": Judgement.BROKEN.value, **_represent_observation(observation)}
            for exchange_id in observation.exchanges:
                found.setdefault(exchange_id, []).append(told)
    return found


def represent_body(raw: bytes) -> Json:
    """Returns a body as JSON where it is JSON, else as text, without secrets."""
    if not raw:
        return None
    try:
        value = read_document(raw)
    except NOT_JSON:
        return _UNREAD.sub(rb"\1" + REDACTED.encode(), raw).decode(errors="replace")
    # Hardly any text has a field that holds a secret, and to look at each value takes long.
    return _redact(value) if b"\\u" in raw or any(name in raw for name in _SECRET_NAMES) else value


def _represent_observation(observation: Observation) -> dict[str, object]:
    return {"exchanges": list(observation.exchanges), "message": observation.message, "seconds": observation.seconds}


def _redact(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: REDACTED if name in SECRET_FIELDS and isinstance(part, str) else _redact(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_redact(part) for part in value]
    return value
