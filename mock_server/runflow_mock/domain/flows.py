"""Flows: graphs of steps that were built in the app; the API only reads them.

Theory. A flow has inputs, nodes and outputs. A node runs a model of the catalog or a built-in step. A wire gives an input of a node its
value: a literal, an output of another node, or an input of the flow. Costs and durations are not stored: they follow from the models.

Source: `flows.record`, `flows.nodes`. Inferred: which flows exist (`fixtures/flows.json`), and all codes in them.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.media import extent_of
from runflow_mock.domain.models import Catalog, Model
from runflow_mock.domain.money import Money
from runflow_mock.domain.prices import quote

NODE_WIDTH = 240
Scalar = str | int | float | bool | None


class FlowInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a flow asks its caller for."""

    id: str
    flow_id: str
    name: str
    display_name: str
    description: str
    variable_type: str
    is_required: bool
    sort_order: int
    default: Scalar = None


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an input of a node gets its value: a literal `value`, or a `source` written `node.output` or `flow.input`."""

    input: str
    value: Scalar = None
    source: str | None = None


class FlowNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step, and where the editor draws it; it runs a `model` (a path of the catalog) or a `builtin`."""

    id: str
    flow_id: str
    slug: str
    label: str
    x: int
    y: int
    width: int = NODE_WIDTH
    subtitle: str | None = None
    model: str | None = None
    builtin: str | None = None
    config: dict[str, Scalar] = {}
    wires: tuple[Wire, ...] = ()


class FlowOutput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a flow returns: an output of one of its nodes under a name of its own."""

    id: str
    flow_id: str
    name: str
    source: str


class Flow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One graph of steps."""

    id: str
    slug: str
    name: str
    description: str
    category: str
    version: int
    is_featured: bool
    created_at: datetime
    updated_at: datetime
    inputs: tuple[FlowInput, ...]
    nodes: tuple[FlowNode, ...]
    outputs: tuple[FlowOutput, ...]


def flow_id(slug: str) -> str:
    """Returns the fixed id of a flow."""
    return named_uuid("flow", slug)


def node_id(flow: str, slug: str) -> str:
    """Returns the fixed id of a node of a flow, both given by slug."""
    return named_uuid("flow node", flow, slug)


def models_of(flow: Flow, catalog: Catalog) -> Sequence[tuple[FlowNode, Model]]:
    """Returns the nodes that run a model, each with it."""
    return tuple((node, catalog.read(node.model)) for node in flow.nodes if node.model is not None)


def estimated_cost(flow: Flow, catalog: Catalog) -> Money:
    """Returns what one run of every model of the flow costs with the literal inputs of its nodes."""
    return Money(sum(_cost(node, model) for node, model in models_of(flow, catalog)))


def _cost(node: FlowNode, model: Model) -> Money:
    inputs: Json = {wire.input: wire.value for wire in node.wires if wire.source is None}
    return quote(model.price, inputs, extent_of(model.output, inputs)).cost
