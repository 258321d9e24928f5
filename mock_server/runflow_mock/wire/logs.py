"""Run logs on the wire.

Source: `runs.logs` (field names; `run` is embedded by the log routes and null inside a run).
"""

from runflow_mock.domain.filters import Field
from runflow_mock.domain.logs import LogLine
from runflow_mock.wire.listing import text_field, text_fields, time_field
from runflow_mock.wire.times import write_instant


def represent_log_line(line: LogLine, run: dict[str, object] | None) -> dict[str, object]:
    """Returns one line of a log."""
    return {
        "id": line.id,
        "run_id": line.run_id,
        "level_code": line.level,
        "message": line.message,
        "timestamp": write_instant(line.at),
        "meta": None,
        "run": run,
    }


LOG_FIELDS: dict[str, Field[LogLine]] = {
    **text_fields("id", "run_id", "message"),
    "level_code": text_field(lambda line: line.level),
    "timestamp": time_field(lambda line: line.at),
}
