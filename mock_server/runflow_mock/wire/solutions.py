"""Solutions on the wire: the packaged ones of `fixtures/solutions.json`, and the records of a page and of what stands on it.

Source: `solutions.record`, `solutions.list`. Inferred: that a single read always carries the entries, and a list when `embed` asks.
"""

from collections.abc import Mapping
from functools import cache

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.solutions import Solution, SolutionFlow, SolutionModel, flows_on, models_on
from runflow_mock.resources import data_folder
from runflow_mock.wire.listing import number_fields, text_field, text_fields, time_field, time_fields
from runflow_mock.wire.models import write_code
from runflow_mock.wire.times import write_instant

SOLUTION_EMBEDS = ("solution_flows", "solution_models")
FLOW_ENTRY_EMBEDS = ("solution", "flow")
MODEL_ENTRY_EMBEDS = ("solution", "model")

Embedded = Mapping[str, dict[str, object]]


def solutions_in(catalog: Catalog) -> tuple[Solution, ...]:
    """Returns the Solutions, each with those of its models that a catalog has."""
    held = ((each, tuple(path for path in each.models if catalog.has(path))) for each in packaged_solutions())
    return tuple(msgspec.structs.replace(each, models=models) for each, models in held)


@cache
def packaged_solutions() -> tuple[Solution, ...]:
    """Returns the solutions that ship with the package, in the order of their ids; they are read once."""
    file: dict[str, list[dict[str, object]]] = msgspec.json.decode((data_folder("fixtures") / "solutions.json").read_bytes())
    found = [{**entry, "sort_order": place} for place, entry in enumerate(file["solutions"])]
    return tuple(sorted(convert(found, tuple[Solution, ...]), key=lambda solution: solution.id))


def represent_solution(solution: Solution, embed: frozenset[str] = frozenset()) -> dict[str, object]:
    """Returns the record of a solution; its entries are null unless they are embedded."""
    return {
        "id": solution.id,
        "title": solution.title,
        "subtitle": solution.subtitle,
        "slug": solution.slug,
        "icon": solution.icon,
        "accent_color": solution.accent_color,
        "gradient_start": solution.gradient_start,
        "gradient_end": solution.gradient_end,
        "content_markdown": solution.content,
        "section_code": write_code(solution.section),
        "sort_order": solution.sort_order,
        "is_active": True,
        "created_at": write_instant(solution.created_at),
        "updated_at": write_instant(solution.updated_at),
        "solution_flows": [represent_flow_entry(entry) for entry in flows_on(solution)] if "solution_flows" in embed else None,
        "solution_models": [represent_model_entry(entry) for entry in models_on(solution)] if "solution_models" in embed else None,
    }


def represent_flow_entry(entry: SolutionFlow, embedded: Embedded | None = None) -> dict[str, object]:
    """Returns a flow on a page, with the records that are embedded by name."""
    return {
        "id": entry.id,
        "solution_id": entry.solution.id,
        "flow_id": entry.flow_id,
        "sort_order": entry.sort_order,
        "created_at": write_instant(entry.solution.created_at),
        "solution": None,
        "flow": None,
        **(embedded or {}),
    }


def represent_model_entry(entry: SolutionModel, embedded: Embedded | None = None) -> dict[str, object]:
    """Returns a model on a page, with the records that are embedded by name."""
    return {
        "id": entry.id,
        "solution_id": entry.solution.id,
        "model_id": named_uuid("model", entry.model),
        "sort_order": entry.sort_order,
        "created_at": write_instant(entry.solution.created_at),
        "solution": None,
        "model": None,
        **(embedded or {}),
    }


SOLUTION_FIELDS: dict[str, Field[Solution]] = {
    **text_fields("id", "title", "slug"),
    **number_fields("sort_order"),
    **time_fields("created_at", "updated_at"),
    "section_code": text_field(lambda solution: write_code(solution.section)),
}
SOLUTION_FLOW_FIELDS: dict[str, Field[SolutionFlow]] = {
    **text_fields("id", "flow_id"),
    **number_fields("sort_order"),
    "solution_id": text_field(lambda entry: entry.solution.id),
    "created_at": time_field(lambda entry: entry.solution.created_at),
}
SOLUTION_MODEL_FIELDS: dict[str, Field[SolutionModel]] = {
    **text_fields("id"),
    **number_fields("sort_order"),
    "solution_id": text_field(lambda entry: entry.solution.id),
    "model_id": text_field(lambda entry: named_uuid("model", entry.model)),
    "created_at": time_field(lambda entry: entry.solution.created_at),
}
