"""Reports of a calibration: as JSON, as lines for a terminal, and as Markdown."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from runflow_mock.domain.printing import on_one_line
from runflow_mock.kit.calibration.detectors import DETECTORS
from runflow_mock.kit.calibration.notes import Note
from runflow_mock.kit.calibration.readings import Evidence, Observation, Reading, Verdict
from runflow_mock.kit.sheets.markdown import items, table

PLACES_MAX = 2
HEAD = ("switch", "verdict", "value", "seen", "where")


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a calibration has found: of how many captures, the readings, and what is beyond the contract."""

    captures: int
    files: int
    readings: tuple[Reading, ...]
    notes: tuple[Note, ...]

    @property
    def exit_code(self) -> int:
        """0 where all that was seen is one of ours, 1 where something is open, 3 where nothing was seen."""
        if all(reading.verdict is Verdict.NOT_SEEN for reading in self.readings):
            return 3
        return 1 if any(reading.is_open for reading in self.readings) else 0


def represent(calibration: Calibration) -> dict[str, object]:
    """Returns a calibration for programs."""
    return {
        "captures": calibration.captures,
        "files": calibration.files,
        "switches": [
            {
                "switch": reading.switch,
                "verdict": reading.verdict.value,
                "value": reading.value,
                "seen": [
                    {
                        "observed": observation.observed,
                        "fits": list(observation.fits),
                        "evidence": [{"file": each.source, "location": each.location} for each in observation.evidence],
                    }
                    for observation in reading.observations
                ],
            }
            for reading in calibration.readings
        ],
        "notes": [
            {
                "rule": note.rule,
                "where": note.where,
                "message": note.message,
                "times": note.times,
                "file": note.evidence.source,
                "location": note.evidence.location,
            }
            for note in calibration.notes
        ],
    }


def lines(calibration: Calibration) -> Iterator[str]:
    """Yields a calibration line by line; under what was seen stands where."""
    yield f"{_counted(calibration.captures, 'capture')} in {_counted(calibration.files, 'file')}"
    yield ""
    rows = [HEAD, *(tuple(map(on_one_line, row)) for row in _rows(calibration.readings))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 2)]
    for *cells, seen, where in rows:
        yield "  ".join((*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), seen)).rstrip()
        if where != HEAD[-1]:
            yield f"    {where}"
    remarks = tuple(map(on_one_line, _remarks(calibration)))
    yield from ("", *remarks) if remarks else ()


def markdown(calibration: Calibration) -> str:
    """Returns a calibration as Markdown, for an issue."""
    text = [f"# Calibration of {_counted(calibration.captures, 'capture')}", ""]
    text.extend(table(HEAD, _rows(calibration.readings)))
    remarks = tuple(_remarks(calibration))
    text.extend(("", *items(remarks)) if remarks else ())
    return "\n".join(text) + "\n"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _rows(readings: Iterable[Reading]) -> Iterator[tuple[str, ...]]:
    for reading in readings:
        name, verdict, value = reading.switch, reading.verdict.value, reading.value or ""
        if not reading.observations:
            yield name, verdict, value, "", f"needs {DETECTORS[name].shown_by.replace('`', '')}"
        for observation in reading.observations:
            yield name, verdict, value, observation.observed, _places(observation.evidence)
            # The rest of the rows belong to the same switch.
            name = verdict = value = ""


def _remarks(calibration: Calibration) -> Iterator[str]:
    """What is to be reported, and what the contract does not say."""
    for reading in calibration.readings:
        yield from _remark(reading)
    yield from map(_note, calibration.notes)


def _remark(reading: Reading) -> Iterator[str]:
    if reading.verdict is Verdict.CONTRADICTORY:
        yield f"contradictory: {reading.switch} is {'; '.join(map(_side, reading.observations))}"
    elif reading.is_open:
        seen = ", ".join(observation.observed for observation in reading.observations)
        yield f"please report: no dialect has {reading.switch} like this: {seen}"
    elif reading.verdict is Verdict.NEITHER:
        yield f"{reading.switch} is {reading.value}, which neither bundle speaks and serve can"


def _note(note: Note) -> str:
    often = "" if note.times == 1 else f", {note.times} times"
    return f"beyond the contract: {note.where} ({note.rule}): {note.message} ({_place(note.evidence)}{often})"


def _side(observation: Observation) -> str:
    return f"{' or '.join(observation.fits) or 'something else'} by {observation.observed} ({_place(observation.evidence[0])})"


def _places(evidence: Sequence[Evidence]) -> str:
    more = len(evidence) - PLACES_MAX
    return ", ".join(map(_place, evidence[:PLACES_MAX])) + (f" and {more} more" if more > 0 else "")


def _place(evidence: Evidence) -> str:
    return f"{evidence.source}: {evidence.location}"
