"""What is inside a run on the wire: the lines of its log and its node runs, and their lists.

Source: `runs.logs` (field names; `run` is embedded by the log routes and null inside a run), `runs.node-runs` (field names),
`runs.node-shares`.
"""

import msgspec

from runflow_mock.domain.dialects import Dialect, read_status
from runflow_mock.domain.filters import Field
from runflow_mock.domain.logs import LogLine
from runflow_mock.domain.money import format_money
from runflow_mock.domain.node_runs import NodeRun
from runflow_mock.wire.listing import number_fields, text_field, text_fields, time_field, time_fields
from runflow_mock.wire.times import write_instant, write_optional


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


def represent_node_run(node: NodeRun, dialect: Dialect) -> dict[str, object]:
    """Returns one step of a run."""
    return {
        "id": node.id,
        "run_id": node.run_id,
        "node_id": node.node_id,
        "flow_id": None,
        "state_code": dialect.status(node.state),
        "input": {"node": node.name},
        "output": None if node.output is None else msgspec.Raw(node.output),
        "input_signature": None,
        "preview_type": None,
        "preview_value": None,
        "duration_ms": node.duration_ms,
        "cost": None if node.cost is None else format_money(node.cost),
        "retry_count": 0,
        "error_message": node.error,
        "created_at": write_instant(node.created_at),
        "started_at": write_optional(node.started_at),
        "completed_at": write_optional(node.completed_at),
    }


NODE_RUN_FIELDS: dict[str, Field[NodeRun]] = {
    **text_fields("id", "run_id", "node_id"),
    **number_fields("duration_ms"),
    **time_fields("created_at", "started_at", "completed_at"),
    "state_code": text_field(lambda node: node.state.value, read_status),
}
