from msgspec.structs import replace
from worlds import catalog

from runflow_mock.domain.documents import write_document
from runflow_mock.web.pages.fields import field_rows


def test_field_without_a_schema_of_its_own_has_no_row() -> None:
    schema = write_document({"type": "object", "properties": {"a": {"type": "string"}, "b": True}})
    model = replace(catalog().get("runflow/background-removal"), input_schema=schema)
    assert [row.name for row in field_rows(model)] == ["a"]
