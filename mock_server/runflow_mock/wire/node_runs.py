"""Node runs and their lists on the wire.

Source: `runs.node-runs` (field names), `runs.node-shares`.
"""

import msgspec

from runflow_mock.domain.dialects import Dialect, read_status
from runflow_mock.domain.filters import Field
from runflow_mock.domain.money import format_money
from runflow_mock.domain.node_runs import NodeRun
from runflow_mock.wire.listing import number_fields, text_field, text_fields, time_fields
from runflow_mock.wire.times import write_instant, write_optional


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
