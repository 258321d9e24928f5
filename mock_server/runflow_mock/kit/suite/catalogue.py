"""The catalogue of flows, those that only read first."""

from runflow_mock.kit.suite import (
    flows_of_callbacks,
    flows_of_files,
    flows_of_owners,
    flows_of_promises,
    flows_of_reading,
    flows_of_records,
    flows_of_rules,
    flows_of_runs,
    flows_of_statuses,
    flows_of_time,
    flows_of_tries,
)
from runflow_mock.kit.suite.flows import Flow

STORIES: tuple[Flow, ...] = (*flows_of_reading.FLOWS, *flows_of_runs.FLOWS, *flows_of_callbacks.FLOWS)
"""The flows in which a server answers what it answers by itself, and nothing is provoked."""
FLOWS: tuple[Flow, ...] = (
    *STORIES,
    *flows_of_records.FLOWS,
    *flows_of_files.FLOWS,
    *flows_of_promises.FLOWS,
    *flows_of_time.FLOWS,
    *flows_of_tries.FLOWS,
    *flows_of_owners.FLOWS,
    *flows_of_rules.FLOWS,
    *flows_of_statuses.FLOWS,
)
