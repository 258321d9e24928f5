"""Texts for agents: the short and the long overview, the catalog as JSON, the API catalog and the index of skills.

Source: `www.catalog`, `www.catalog-page` (keys of the JSON catalog), `www.llms`, `www.api-catalog` (RFC 9727 linkset), `www.skills`
(Agent Skills Discovery 0.2.0). All words are runflow-mock's own.
"""

from collections.abc import Iterator, Sequence

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.models import Catalog, Model
from runflow_mock.domain.solutions import Solution
from runflow_mock.packaged import endpoints
from runflow_mock.web.pages.models import write_model_text
from runflow_mock.wire.sites import Sites
from runflow_mock.wire.skills import SKILL_PATH, SKILLS_SCHEMA, Skill

# Names of pictures have no slashes.
_IN_NAMES = str.maketrans("/", "-")


def represent_catalog(catalog: Catalog, sites: Sites) -> list[dict[str, object]]:
    """Returns the rows of `models-catalog.json`: every model, active or not. Workflows are no rows of their own."""
    names = {creator.slug: creator.display_name for creator in catalog.creators}
    return [
        {
            "provider_slug": model.owner,
            "model_slug": model.slug,
            "model_name": model.name,
            "category": model.category,
            "page_url": f"/models/{model.id}",
            "price_label": model.price.label,
            "active": model.is_active,
            "slug": model.id,
            "provider_name": names.get(model.owner, model.owner),
            "thumbnail_url": f"{sites.public}/images/models/_base/{model.id.translate(_IN_NAMES)}.png",
            "isWorkflow": False,
        }
        for model in catalog.models
    ]


def represent_linkset(sites: Sites) -> dict[str, object]:
    """Returns the API catalog: where the API is, and where it is described."""
    return {
        "linkset": [
            {
                "anchor": f"{sites.api}/",
                "service-desc": [{"href": f"{sites.docs}/api/openapi.public.json", "type": "application/json"}],
                "service-doc": [{"href": f"{sites.api}/v1/docs", "type": "text/html"}, {"href": f"{sites.www}/api", "type": "text/html"}],
                "status": [{"href": f"{sites.api}/v1/health", "type": "application/json"}],
            }
        ]
    }


def represent_skill_index(skill: Skill) -> dict[str, object]:
    """Returns the index of skills with the digest of the very bytes that are served."""
    entry = {"name": skill.name, "type": "skill-md", "description": skill.description, "url": SKILL_PATH, "digest": skill.digest}
    return {"$schema": SKILLS_SCHEMA, "skills": [entry]}


def write_overview(solutions: Sequence[Solution], catalog: Catalog, sites: Sites, dialect: Dialect) -> str:
    """Returns `llms.txt`: what there is, each with the address of its details."""
    return "\n".join((*_overview(solutions, catalog, sites), *_operations(sites, proven=dialect.is_proven))) + "\n"


def write_everything(solutions: Sequence[Solution], catalog: Catalog, sites: Sites, dialect: Dialect) -> str:
    """Returns `llms-full.txt`: the overview, followed by every active model in full."""
    details = (write_model_text(model, catalog.creator_of(model), sites, dialect) for model in catalog.models if model.is_active)
    return "\n---\n\n".join((write_overview(solutions, catalog, sites, dialect), *details))


def _overview(solutions: Sequence[Solution], catalog: Catalog, sites: Sites) -> Iterator[str]:
    yield from ("# Runflow API, as runflow-mock serves it", "")
    yield "> A local sandbox of the Runflow API, unofficial and not affiliated with Runflow. Runs are simulated and cost nothing."
    yield from ("", "## Start here", "")
    yield f"- [Skill]({sites.www}{SKILL_PATH}): how an agent integrates"
    yield f"- [OpenAPI]({sites.api}/v1/openapi.json): every operation; outranks all other texts"
    yield f"- [Catalog]({sites.www}/models-catalog.json): all models as JSON"
    yield f"- [Key]({sites.app}/settings/api-keys): the sandbox's key"
    yield from ("", "## Solutions", "")
    for solution in sorted(solutions, key=lambda solution: solution.sort_order):
        yield from (f"### {solution.title}", "")
        yield from (_link(catalog.read(path), sites) for path in solution.models)
        yield ""
    yield from ("## Models", "")
    yield from (_link(model, sites) for model in catalog.models if model.is_active)


def _operations(sites: Sites, *, proven: bool) -> Iterator[str]:
    """Every address of the API's document that a customer's key can call."""
    yield from ("", "## Every endpoint", "", f"Paths begin at {sites.api}.", "")
    for endpoint in endpoints():
        if "Admin" not in endpoint.tags and not (proven and endpoint.evidence == "inferred"):
            yield f"- `{endpoint.method} {endpoint.path}`: {endpoint.summary}"


def _link(model: Model, sites: Sites) -> str:
    return f"- [{model.name}]({sites.www}/models/{model.id}/llms.txt): `POST /v1/models/{model.id}/runs`, {model.price.label}"
