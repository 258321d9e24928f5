"""The summary of a calibration: a row for each switch with what shows it, and remarks on what is to be reported."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from runflow_mock.kit.calibration.detectors import DETECTORS
from runflow_mock.kit.calibration.notes import Note
from runflow_mock.kit.calibration.readings import Evidence, Observation, Reading, Verdict
from runflow_mock.kit.sheets.summaries import Line, Section, Summary, Table

PLACES_MAX = 2
NO_PROFILE = "no capture shows a switch, so there is no profile: see the last column for what is needed"
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


def represent(calibration: Calibration, written: Sequence[Path] = ()) -> dict[str, object]:
    """Returns a calibration for programs, and the files that were written."""
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
        "written": [str(file) for file in written],
    }


def summary_of(calibration: Calibration, written: Sequence[Path] | None = None) -> Summary:
    """Returns what there is to say of a calibration, and once that is known, which files were written."""
    rows, remarks = tuple(_rows(calibration.readings)), tuple(_remarks(calibration))
    captures = _counted(calibration.captures, "capture")
    ends: tuple[str, ...] = ()
    if written is not None:
        ends = (*(f"written {file}" for file in written), *((NO_PROFILE,) if calibration.exit_code == 3 else ()))
    return Summary(
        title=f"Calibration of {captures}",
        lines=(
            Line(f"{captures} in {_counted(calibration.files, 'file')}"),
            Line(""),
            *_table((HEAD, *rows)),
            *(Line(told) for part in (remarks, ends) if part for told in ("", *part)),
        ),
        sections=(Section(table=Table(HEAD, rows)), Section(items=remarks)),
        json=represent(calibration, written or ()),
    )


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[Line]:
    """Yields the rows in columns; under what was seen stands where. Switches, verdicts and values are words of ours."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 2)]
    for *cells, seen, where in rows:
        yield Line("".join(f"{cell:{width}}  " for cell, width in zip(cells, widths, strict=True)) + seen)
        if where != HEAD[-1]:
            yield Line(f"    {where}")


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
        if reading.verdict is Verdict.CONTRADICTORY:
            yield f"contradictory: {reading.switch} is {'; '.join(map(_side, reading.observations))}"
        elif reading.is_open:
            seen = ", ".join(observation.observed for observation in reading.observations)
            yield f"please report: no dialect has {reading.switch} like this: {seen}"
        elif reading.verdict is Verdict.NEITHER:
            yield f"{reading.switch} is {reading.value}, which neither bundle speaks and serve can"
    yield from map(_note, calibration.notes)


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
