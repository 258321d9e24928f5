"""The control API's own OpenAPI document: `contracts/control.yaml`, with the kinds of faults filled in from their table."""

from functools import cache

import msgspec

from runflow_mock.domain.documents import object_of
from runflow_mock.domain.fault_kinds import KINDS
from runflow_mock.openapi.texts import read_text
from runflow_mock.resources import data_folder
from runflow_mock.wire.fault_kinds import schema_of


@cache
def control_document() -> bytes:
    """Returns the document as JSON."""
    document = object_of(read_text(data_folder("contracts").joinpath("control.yaml").read_bytes()))
    schemas = object_of(object_of(document["components"])["schemas"])
    schemas["What"] = {"description": "One of the kinds of faults.", "oneOf": [schema_of(kind) for kind in KINDS]}
    return msgspec.json.encode(document)
