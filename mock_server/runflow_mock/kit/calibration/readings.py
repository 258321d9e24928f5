"""Readings: what all captures together say about each switch."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from runflow_mock.domain.dialects import BUNDLES, SWITCHES
from runflow_mock.domain.findings import Location
from runflow_mock.kit.calibration.captures import Capture
from runflow_mock.kit.calibration.detectors import DETECTORS


class Verdict(StrEnum):
    """Which dialect a switch is like."""

    SEED = "seed"
    DOCS = "docs"
    EITHER = "either"
    NEITHER = "neither"
    BOTH_FIT = "both fit"
    CONTRADICTORY = "contradictory"
    NOT_SEEN = "not seen"


class Evidence(msgspec.Struct, frozen=True):
    """One place at which something was seen."""

    source: str
    location: str


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was seen, the values that it fits, and every place at which it was."""

    observed: str
    fits: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One switch: which dialect it is like, the value to give it, where one is known, and what was seen."""

    switch: str
    verdict: Verdict
    value: str | None
    observations: tuple[Observation, ...]

    @property
    def is_open(self) -> bool:
        """Whether something was seen that no value of the switch describes."""
        return self.value is None and self.verdict in (Verdict.NEITHER, Verdict.CONTRADICTORY)


def read_switches(captures: Iterable[Capture]) -> tuple[Reading, ...]:
    """Returns the readings of all switches, of captures that have been scrubbed."""
    kept = tuple(captures)
    return tuple(_reading(switch, kept) for switch in SWITCHES)


def switches_of(readings: Iterable[Reading]) -> dict[str, str]:
    """Returns the switches whose value is known."""
    return {reading.switch: reading.value for reading in readings if reading.value is not None}


def nearest_dialect(switches: Mapping[str, str]) -> str:
    """Returns the bundle that shares most of these values; of equally near ones the first."""
    shared = {name: sum(getattr(bundle, switch) == value for switch, value in switches.items()) for name, bundle in BUNDLES.items()}
    return max(BUNDLES, key=lambda name: shared[name])


def _reading(switch: str, captures: Sequence[Capture]) -> Reading:
    found: dict[tuple[str, tuple[str, ...]], dict[Evidence, None]] = {}
    for capture in captures:
        for observation in DETECTORS[switch].see(capture):
            places = found.setdefault((observation.observed, observation.fits), {})
            places[Evidence(capture.source, location(capture.place, observation.place))] = None
    observations = tuple(
        Observation(observed=observed, fits=fits, evidence=tuple(places)) for (observed, fits), places in sorted(found.items())
    )
    verdict, value = _judged(switch, observations)
    return Reading(switch=switch, verdict=verdict, value=value, observations=observations)


def _judged(switch: str, observations: Sequence[Observation]) -> tuple[Verdict, str | None]:
    if not observations:
        return Verdict.NOT_SEEN, None
    if not any(observation.fits for observation in observations):
        return Verdict.NEITHER, None
    common = [value for value in SWITCHES[switch] if all(value in observation.fits for observation in observations)]
    if not common:
        return Verdict.CONTRADICTORY, None
    if len(common) > 1:
        return Verdict.BOTH_FIT, None
    spoken = [name for name, bundle in BUNDLES.items() if getattr(bundle, switch) == common[0]]
    if len(spoken) == len(BUNDLES):
        return Verdict.EITHER, common[0]
    return Verdict(spoken[0]) if spoken else Verdict.NEITHER, common[0]


def location(place: str, within: Location) -> str:
    """Returns a place inside a file as people write it: `log.entries[3].body.items[0].status_code`."""
    text = place
    for part in within:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
