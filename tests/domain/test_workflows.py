import pytest
from records import LATER, ORG, USER, nth_id
from worlds import START

from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.identity import WorkflowId
from runflow_mock.domain.workflows import (
    INPUT_NODES,
    Changes,
    Declaration,
    Definition,
    Port,
    Workflow,
    WorkflowChanged,
    WorkflowDeleted,
    WorkflowInputAdded,
    evolve,
    find_declarations,
    undeclared,
    write_slug,
)

ID = WorkflowId(nth_id(1))


def a_port(name: str, number: int = 2) -> Port:
    return Port(id=nth_id(number), workflow_id=ID, declared=Declaration(name=name, variable_type="string"), created_at=START)


def a_workflow(**definition: str | None) -> Workflow:
    content = Definition(**{"name": "n", "workflow_json": write_document({}), **definition})  # type: ignore[arg-type]  # mixed on purpose
    return Workflow(id=ID, org_id=ORG, owner="o", slug="s", definition=content, inputs=(a_port("a"),), created_at=START, updated_at=START)


def test_change_replaces_what_is_set_and_null_is_a_value() -> None:
    changes = Changes(name="new", description=None)
    event = WorkflowChanged(workflow_id=ID, at=LATER, changes=changes, inputs=(), outputs=(a_port("b"),))
    changed = evolve(a_workflow(description="old", version="1"), event)
    assert (changed.definition, changed.inputs, changed.outputs, changed.updated_at) == (
        a_workflow(name="new", description=None, version="1").definition,
        (),
        (a_port("b"),),
        LATER,
    )


def test_added_input_comes_last() -> None:
    changed = evolve(a_workflow(), WorkflowInputAdded(ID, LATER, a_port("b", 3)))
    assert (changed.inputs, changed.updated_at) == ((a_port("a"), a_port("b", 3)), LATER)


def test_deleted_workflow_says_when_and_by_whom() -> None:
    gone = evolve(a_workflow(), WorkflowDeleted(ID, LATER, USER))
    assert (gone.deleted_at, gone.deleted_by, gone.definition) == (LATER, USER, a_workflow().definition)


def test_path_is_owner_and_slug() -> None:
    assert a_workflow().path == "o/s"


@pytest.mark.parametrize(("name", "slug"), [("A b", "a-b"), ("--x", "x"), ("é", ""), ("x" * 300, "x" * 255), ("v1.5_a", "v1.5_a")])
def test_slug_is_lower_case_with_hyphens_and_nothing_strange(name: str, slug: str) -> None:
    assert write_slug(name) == slug


@pytest.mark.parametrize(
    "node",
    [7, None, [], {}, {"class_type": "RunflowInputImage"}, {"class_type": "RunflowInputImage", "inputs": {"input_id": ""}},
     {"class_type": "RunflowInputImage", "inputs": {"input_id": 7}}, {"class_type": 7, "inputs": {"input_id": "a"}},
     {"class_type": "LoadImage", "inputs": {"input_id": "a"}}, {"class_type": "RunflowInputImage", "inputs": {"input_id": "x" * 256}}],
)  # fmt: skip
def test_node_that_names_nothing_is_passed_over(node: Json) -> None:
    assert find_declarations(write_document({"1": node}), INPUT_NODES, "input_id") == ()


def test_graph_declares_each_name_once_with_the_type_of_its_first_node() -> None:
    kinds = ("RunflowInputInt", "RunflowInputFloat", "RunflowInputFile")
    graph: Json = {
        str(number): {"class_type": kind, "inputs": {"input_id": name}}
        for number, (kind, name) in enumerate(zip(kinds, ("a", "a", "b c"), strict=True))
    }
    assert find_declarations(write_document(graph), INPUT_NODES, "input_id") == (
        Declaration(name="a", variable_type="integer", node_id="0", is_found=True),
        Declaration(name="b c", variable_type="file", node_id="2", is_found=True),
    )


def test_what_an_owner_declares_is_not_found_again() -> None:
    mine, theirs = Declaration(name="a", variable_type="image"), Declaration(name="b", variable_type="image")
    assert undeclared((Declaration(name="a", variable_type="string"), theirs), (mine,)) == (theirs,)
