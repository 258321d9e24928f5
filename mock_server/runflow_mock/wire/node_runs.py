"""Node runs and their lists on the wire.

Source: `runs.node-runs` (field names), `runs.node-shares`.
"""

import msgspec

from runflow_mock.domain.dialects import Dialect, read_status
from runflow_mock.domain.filters import Field
from runflow_mock.domain.money import format_money
from runflow_mock.domain.node_runs import NodeRun
from runflow_mock.wire.listing import number_field, text_field, time_field
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
    "id": text_field(lambda node: node.id),
    "run_id": text_field(lambda node: node.run_id),
    "node_id": text_field(lambda node: node.node_id),
    "state_code": text_field(lambda node: node.state.value, read_status),
    "duration_ms": number_field(lambda node: node.duration_ms),
    "created_at": time_field(lambda node: node.created_at),
    "started_at": time_field(lambda node: node.started_at),
    "completed_at": time_field(lambda node: node.completed_at),
}
