"""Solutions: catalog pages that group models and flows for a purpose; what is run is a model under `runflow/`.

Source: `solutions.record`, `solutions.run-as-model`. Inferred: which pages exist, by the four published categories, and all texts in them.
"""

from datetime import datetime

import msgspec

from runflow_mock.domain.flows import flow_id
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.models import CATALOG_SINCE


class Solution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page; `models` are paths of the catalog and `flows` slugs, in the order in which it shows them."""

    title: str
    subtitle: str
    slug: str
    icon: str
    accent_color: str
    gradient_start: str
    gradient_end: str
    content: str
    section: str
    sort_order: int
    models: tuple[str, ...]
    flows: tuple[str, ...]
    created_at: datetime = CATALOG_SINCE
    updated_at: datetime = CATALOG_SINCE

    @property
    def id(self) -> str:
        """The fixed id that follows from the slug."""
        return solution_id(self.slug)


class SolutionFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow on a page."""

    id: str
    solution: Solution
    flow_id: str
    sort_order: int


class SolutionModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model on a page; `model` is its path."""

    id: str
    solution: Solution
    model: str
    sort_order: int


def solution_id(slug: str) -> str:
    """Returns the fixed id of a solution."""
    return named_uuid("solution", slug)


def flows_on(solution: Solution) -> tuple[SolutionFlow, ...]:
    """Returns the flows on a page, in its order."""
    return tuple(
        SolutionFlow(id=named_uuid("solution flow", solution.slug, slug), solution=solution, flow_id=flow_id(slug), sort_order=number)
        for number, slug in enumerate(solution.flows)
    )


def models_on(solution: Solution) -> tuple[SolutionModel, ...]:
    """Returns the models on a page, in its order."""
    return tuple(
        SolutionModel(id=named_uuid("solution model", solution.slug, path), solution=solution, model=path, sort_order=number)
        for number, path in enumerate(solution.models)
    )
