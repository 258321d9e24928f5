"""Access drifts: in what the credentials differ that two documents ask for, and the scopes that ours notes beside them."""

from collections.abc import Iterator

from runflow_mock.domain.documents import Json, list_of
from runflow_mock.kit.drift.drifts import Found
from runflow_mock.openapi.contracts import Contract, Object

Way = frozenset[str]
"""One way to be let in: everything that it takes, in words; nothing where it takes nothing."""


def access_drifts(old: Contract, was: Object, new: Contract, now: Object) -> Iterator[Found]:
    """Yields the differences of what lets a client in at an operation."""
    ways, others = _ways(old, was), _ways(new, now)
    # Who has what a way takes may also use one that takes less.
    lost = [way for way in _in_order(ways) if not any(other <= way for other in others)]
    for way in lost:
        yield Found("security-tightened", (), f"{_told(way)} no longer suffices; {' or '.join(map(_told, _in_order(others)))} does")
    for way in _in_order(others):
        if not lost and not any(other <= way for other in ways):
            yield Found("security-loosened", (), f"{_told(way)} suffices now")
    scopes, others_scopes = _scopes(was), _scopes(now)
    if scopes is not None and others_scopes is not None:
        for scope in sorted(scopes - others_scopes):
            yield Found("scope-removed", ("scopes",), f"{scope} no longer suffices")
        for scope in sorted(others_scopes - scopes):
            yield Found("scope-added", ("scopes",), f"{scope} suffices now")


def _ways(contract: Contract, operation: Object) -> frozenset[Way]:
    asked = operation.get("security", contract.document.get("security"))
    if not isinstance(asked, list) or not asked:
        return frozenset({frozenset()})
    return frozenset(frozenset(_needs(contract, way)) for way in asked if isinstance(way, dict))


def _needs(contract: Contract, way: Object) -> Iterator[str]:
    for name, scopes in way.items():
        scheme = contract.follow(("components", "securitySchemes", name))[1]
        # How a document calls its scheme does not matter, only what the client has to send.
        words = (scheme.get("type", name), scheme.get("scheme"), scheme.get("in"))
        key = str(scheme.get("name") or "")
        # Names of headers are the same in any case, and no others.
        said = (*(str(word).lower() for word in words if word), key.lower() if scheme.get("in") == "header" else key)
        yield " ".join(filter(None, said))
        yield from (f"scope {scope}" for scope in list_of(scopes))


def _scopes(operation: Object) -> frozenset[str] | None:
    scopes: Json = operation.get("x-scopes")
    return frozenset(str(scope) for scope in scopes) if isinstance(scopes, list) else None


def _told(way: Way) -> str:
    return " with ".join(sorted(way)) or "no credential"


def _in_order(ways: frozenset[Way]) -> list[Way]:
    return sorted(ways, key=sorted)
