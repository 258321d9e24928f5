import pytest
from records import ORG, nth_id
from worlds import START

from runflow_mock.domain.deployments import input_schema, model_of
from runflow_mock.domain.documents import Json, read_object, write_document
from runflow_mock.domain.identity import WorkflowId
from runflow_mock.domain.media import extent_of
from runflow_mock.domain.money import Money
from runflow_mock.domain.prices import quote
from runflow_mock.domain.workflows import Declaration, Definition, Port, Workflow

ID = WorkflowId(nth_id(1))


def a_port(declared: Declaration) -> Port:
    return Port(id=nth_id(2), workflow_id=ID, declared=declared, created_at=START)


def property_of(kind: str, validator: str | None = None, attributes: dict[str, Json] | None = None) -> dict[str, Json]:
    declared = Declaration(
        name="x y", variable_type=kind, validator=validator, validator_attributes=None if attributes is None else write_document(attributes)
    )
    found = read_object(input_schema((a_port(declared),)))["properties"]
    assert isinstance(found, dict)
    part = found["x y"]
    assert isinstance(part, dict)
    return part


def test_model_has_path_and_id_of_the_workflow_its_price_and_one_picture() -> None:
    definition = Definition(name="Mine", workflow_json=write_document({}), description="d", category="c")
    workflow = Workflow(id=ID, org_id=ORG, owner="o", slug="s", definition=definition, created_at=START, updated_at=START)
    model = model_of(workflow)
    inputs: Json = {"aspect_ratio": "16:9"}
    extent = extent_of(model.output, inputs)
    assert (model.id, model.uuid, model.name, model.description, model.takes_batches) == ("o/s", ID, "Mine", "d", False)
    assert (extent.count, extent.width, extent.height, extent.media_type) == (1, 1024, 576, "image/png")
    assert quote(model.price, inputs, extent).cost == Money(60_000)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("string", "string"),
        ("image", "string"),
        ("integer", "integer"),
        ("float", "number"),
        ("boolean", "boolean"),
        ("image_list", "array"),
    ],
)
def test_known_type_is_checked(kind: str, expected: str) -> None:
    assert property_of(kind) == {"x-variable-type": kind, "type": expected}


def test_unknown_type_takes_any_value() -> None:
    assert property_of("colour") == {"x-variable-type": "colour"}


@pytest.mark.parametrize(
    ("kind", "validator", "attributes", "expected"),
    [
        ("string", "enum", {"values": ["a"]}, {"enum": ["a"]}),
        ("string", "enum", {"values": []}, {}),
        ("string", "enum", {"values": 3}, {}),
        ("integer", "range", {"min": 1, "max": 9}, {"minimum": 1, "maximum": 9}),
        ("number", "range", {"max": 0.5}, {"maximum": 0.5}),
        ("number", "range", {"min": "1", "max": True}, {}),
        ("string", "range", {"min": 1}, {}),
        ("string", "length", {"min": 1, "max": 9}, {"minLength": 1, "maxLength": 9}),
        ("string", "length", {"min": -1, "max": 0.5}, {}),
        ("string", "pattern", {"pattern": "("}, {}),
        ("string", None, {"values": ["a"]}, {}),
    ],
)
def test_validator_that_can_be_understood_is_applied(
    kind: str, validator: str, attributes: dict[str, Json], expected: dict[str, Json]
) -> None:
    found = property_of(kind, validator, attributes)
    assert {name: value for name, value in found.items() if name not in ("x-variable-type", "type")} == expected


def test_input_with_a_default_is_never_required() -> None:
    ports = (
        a_port(Declaration(name="a", variable_type="string", is_required=True)),
        a_port(Declaration(name="b", variable_type="string", is_required=True, default=write_document("x"), description="B")),
    )
    schema = read_object(input_schema(ports))
    assert schema["required"] == ["a"]
    assert isinstance(schema["properties"], dict)
    assert schema["properties"]["b"] == {"x-variable-type": "string", "description": "B", "default": "x", "type": "string"}
