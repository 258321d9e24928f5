"""Evidence: how much of the contract is documented, named or inferred, counted in the contract itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from runflow_mock.resources import data_folder
from writing.dialects import read_provenance
from writing.markdown import table

METHODS = ("get", "put", "post", "patch", "delete")


class Declared(NamedTuple):
    """One operation and how surely it is known."""

    id: str
    method: str
    path: str
    evidence: str
    summary: str


def operations() -> str:
    """Returns how many operations are documented, named and inferred."""
    counts = Counter(operation.evidence for operation in _operations())
    rows = ((f"`{evidence}`", str(count)) for evidence, count in counts.most_common())
    return table(("evidence", "operations"), (*rows, ("all", str(counts.total()))))


def operation_ids() -> str:
    """Returns every operation with its id."""
    rows = (
        (f"`{operation.id}`", f"`{operation.method} {operation.path}`", operation.summary, f"`{operation.evidence}`")
        for operation in _operations()
    )
    return table(("operation", "request", "what it does", "evidence"), rows)


def undocumented() -> str:
    """Returns the operations that are not documented."""
    rows = (
        (f"`{operation.method} {operation.path}`", f"`{operation.evidence}`", operation.summary)
        for operation in _operations()
        if operation.evidence != "documented"
    )
    return table(("operation", "evidence", "what it does"), rows)


def claims() -> str:
    """Returns how surely the behaviours are known, by subject."""
    subjects: dict[str, Counter[str]] = {}
    for entry in read_provenance():
        subjects.setdefault(entry["id"].partition(".")[0], Counter())[entry["certainty"]] += 1
    certainties = ("documented", "observed", "inferred")
    rows = [(f"`{subject}`", *(str(counts[certainty]) for certainty in certainties)) for subject, counts in sorted(subjects.items())]
    total = sum(subjects.values(), Counter[str]())
    return table(("subject", *certainties), (*rows, ("all", *(str(total[certainty]) for certainty in certainties))))


def inferred() -> str:
    """Returns every behaviour that is inferred."""
    entries = (entry for entry in read_provenance() if entry["certainty"] == "inferred")
    return table(("behaviour", "what the fake does"), ((f"`{entry['id']}`", entry["claim"]) for entry in entries))


def _operations() -> Iterator[Declared]:
    document: dict[str, Any] = json.loads((data_folder("contracts") / "openapi.json").read_bytes())
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                yield Declared(operation["operationId"], method.upper(), path, operation["x-evidence"], str(operation.get("summary", "")))
