"""Solutions: list, read, and what stands on them; `any` as parent searches all solutions."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from runflow_mock.domain.solutions import Solution, SolutionFlow, SolutionModel, flows_on, models_on
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import ANY, answer_list, find_one
from runflow_mock.web.routing import Operation
from runflow_mock.wire.accounts import decode_embed
from runflow_mock.wire.flows import packaged_flows, represent_flow
from runflow_mock.wire.models import represent_model
from runflow_mock.wire.solutions import (
    FLOW_ENTRY_EMBEDS,
    MODEL_ENTRY_EMBEDS,
    SOLUTION_EMBEDS,
    SOLUTION_FIELDS,
    SOLUTION_FLOW_FIELDS,
    SOLUTION_MODEL_FIELDS,
    represent_flow_entry,
    represent_model_entry,
    represent_solution,
    solutions_in,
)

IN_PLACE = "solution_id,sort_order"

EntryT = TypeVar("EntryT", SolutionFlow, SolutionModel)


def list_solutions(call: Call) -> Answer:
    """GET /v1/solutions"""
    embed = decode_embed(call.parameters.get("embed"), SOLUTION_EMBEDS)
    represent = lambda solution: represent_solution(solution, embed)  # noqa: E731 - a name for a line of its own
    return answer_list(call, solutions_in(call.catalog), SOLUTION_FIELDS, represent, order="sort_order")


def get_solution(call: Call) -> Answer:
    """GET /v1/solutions/{id}: with its entries."""
    decode_embed(call.parameters.get("embed"), SOLUTION_EMBEDS)
    return answer(represent_solution(find_one(call, "solution", solutions_in(call.catalog)), frozenset(SOLUTION_EMBEDS)))


def list_solution_flows(call: Call) -> Answer:
    """GET /v1/solutions/{solution_id}/flows"""
    return answer_list(call, _entries(call, flows_on), SOLUTION_FLOW_FIELDS, _flow_body(call), order=IN_PLACE)


def get_solution_flow(call: Call) -> Answer:
    """GET /v1/solutions/{solution_id}/flows/{id}"""
    return answer(_flow_body(call)(find_one(call, "solution flow", _entries(call, flows_on))))


def list_solution_models(call: Call) -> Answer:
    """GET /v1/solutions/{solution_id}/models"""
    return answer_list(call, _entries(call, models_on), SOLUTION_MODEL_FIELDS, _model_body(call), order=IN_PLACE)


def get_solution_model(call: Call) -> Answer:
    """GET /v1/solutions/{solution_id}/models/{id}"""
    return answer(_model_body(call)(find_one(call, "solution model", _entries(call, models_on))))


def _entries(call: Call, entries_on: Callable[[Solution], Sequence[EntryT]]) -> Sequence[EntryT]:
    solutions = solutions_in(call.catalog)
    if call.params["solution_id"] != ANY:
        solutions = (find_one(call, "solution", solutions, "solution_id"),)
    return sorted((entry for solution in solutions for entry in entries_on(solution)), key=lambda entry: entry.id)


def _flow_body(call: Call) -> Callable[[SolutionFlow], dict[str, object]]:
    embed = decode_embed(call.parameters.get("embed"), FLOW_ENTRY_EMBEDS)
    flows = {flow.id: flow for flow in packaged_flows()}

    def represent(entry: SolutionFlow) -> dict[str, object]:
        solution = {"solution": represent_solution(entry.solution)} if "solution" in embed else {}
        flow = {"flow": represent_flow(flows[entry.flow_id], call.catalog, frozenset())} if "flow" in embed else {}
        return represent_flow_entry(entry, {**solution, **flow})

    return represent


def _model_body(call: Call) -> Callable[[SolutionModel], dict[str, object]]:
    embed = decode_embed(call.parameters.get("embed"), MODEL_ENTRY_EMBEDS)
    catalog = call.catalog

    def represent(entry: SolutionModel) -> dict[str, object]:
        solution = {"solution": represent_solution(entry.solution)} if "solution" in embed else {}
        shown = catalog.read(entry.model)
        model = {"model": represent_model(shown, catalog.creator_of(shown), call.dialect)} if "model" in embed else {}
        return represent_model_entry(entry, {**solution, **model})

    return represent


_ONE = "/v1/solutions/{solution_id}"

OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", "/v1/solutions", list_solutions, scope="solutions:read", evidence="inferred"),
    Operation("GET", "/v1/solutions/{id}", get_solution, scope="solutions:read"),
    Operation("GET", f"{_ONE}/flows", list_solution_flows, scope="solutions:read"),
    Operation("GET", f"{_ONE}/flows/{{id}}", get_solution_flow, scope="solutions:read"),
    Operation("GET", f"{_ONE}/models", list_solution_models, scope="solutions:read"),
    Operation("GET", f"{_ONE}/models/{{id}}", get_solution_model, scope="solutions:read"),
)
