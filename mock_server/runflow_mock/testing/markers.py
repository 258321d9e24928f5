"""The marker `runflow`: how the tenant of a test is made, how strict its end is, and what is wrong with it, in words."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from runflow_mock.domain.hints import did_you_mean
from runflow_mock.testing.json_bodies import json_of
from runflow_mock.testing.scenario_files import ScenarioUnreadable, scenario_body
from runflow_mock.wire.scenarios import OWN_KEYS
from runflow_mock.wire.tenants import SETTINGS


class MarkerError(ValueError):
    """A marker that cannot be meant."""


class Wishes(NamedTuple):
    """What markers ask for: settings of the tenant, and how strict its end is."""

    settings: dict[str, Any]
    strictness: dict[str, Any]


def asked_of(node: Any) -> dict[str, Any]:
    """Returns the keywords of the markers at a test, of which the nearest one counts, setting by setting.

    Raises:
        MarkerError: a value has no name.
    """
    asked: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("runflow"))):
        if marker.args:
            raise MarkerError(f"@pytest.mark.runflow takes names only, not {marker.args!r}. It takes {', '.join(sorted(_NAMES))}.")
        asked.update(marker.kwargs)
    return asked


def read_wishes(given: Mapping[str, Any]) -> Wishes:
    """Returns what the keywords of a marker ask for; what is nothing is as if it were not there.

    Raises:
        MarkerError: there is no such keyword, or no such file of a scenario, or a value that it cannot have.
    """
    for name in given:
        if name not in _NAMES:
            hint = f"; it is a part of a scenario: scenario={{{name!r}: ...}}." if name in OWN_KEYS else did_you_mean(name, _NAMES) or "."
            raise MarkerError(f"@pytest.mark.runflow knows no {name!r}{hint} It takes {', '.join(sorted(_NAMES))}.")
    meant = {name: value for name, value in given.items() if value is not None}
    if "scenario" in meant:
        try:
            meant["scenario"] = scenario_body(meant["scenario"])
        except ScenarioUnreadable as error:
            raise MarkerError(f"@pytest.mark.runflow: {error}") from None
    return Wishes(
        {name: _sendable(name, value) for name, value in meant.items() if name not in _STRICTNESS},
        {name: _STRICTNESS[name](name, value) for name, value in meant.items() if name in _STRICTNESS},
    )


def check_operations(strictness: Mapping[str, Any], known: Callable[[], Collection[str]]) -> None:
    """Accepts ids of operations whose violations are allowed if the contract that judges has them; `known` is asked where there are any.

    Raises:
        MarkerError: there is no such operation.
    """
    named = strictness.get("allow_violations", False)
    if isinstance(named, bool):
        return
    ids = known()
    for name in named:
        if name not in ids:
            hint = did_you_mean(name[:80], ids) or f"; it has {', '.join(ids)}"
            raise MarkerError(f"@pytest.mark.runflow: allow_violations: {name[:80]!r} is no operation of the contract{hint}")


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise MarkerError(f"@pytest.mark.runflow: {name} is True or False, not {value!r:.80}")
    return value


def _operations(name: str, value: object) -> bool | tuple[str, ...]:
    """Returns the ids of operations; one alone needs no list."""
    if isinstance(value, bool):
        return value
    # Of a mapping the names alone would count, and one of them may stand beside a False.
    names = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else (value,)
    if not all(isinstance(each, str) for each in names):
        raise MarkerError(f"@pytest.mark.runflow: {name} is True, or ids of operations such as ['create_run'], not {value!r:.80}")
    return names


def _exceptions(name: str, value: object) -> bool | tuple[type[BaseException], ...]:
    """Returns kinds of exceptions; one alone needs no list."""
    if isinstance(value, bool):
        return value
    kinds = tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
    if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
        raise MarkerError(f"@pytest.mark.runflow: {name} is True, or kinds of exceptions such as KeyError, not {value!r:.80}")
    return kinds


_STRICTNESS: Mapping[str, Callable[[str, object], object]] = {
    "allow_unused": _flag,
    "allow_violations": _operations,
    "allow_exceptions": _exceptions,
}
# The plugin gives a tenant its name, so that no two tests share one.
_NAMES = (*SETTINGS, "scenario", *_STRICTNESS)


def _sendable(name: str, value: object) -> object:
    try:
        json_of(value)
    except (TypeError, ValueError) as error:
        raise MarkerError(f"@pytest.mark.runflow: {name} cannot be {value!r:.80}: {error}") from None
    return value
