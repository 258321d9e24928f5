"""Models: what can be run, with which inputs, at which price, and what comes out.

The catalog is one value shared by all worlds; it is read from `fixtures/catalog/` and from the files that a user adds.

Theory. Everything that is said about a model anywhere (its record, the checks of its inputs, its price list, its pages) is derived from
the one `Model`, so that no two places can disagree. A creator is the owner of models: the first segment of their paths.

Source: `models.record`, `models.creators`, `models.catalog-counts`, `models.unlisted-runs`. Inferred: that all records of the catalog began
together, at `CATALOG_SINCE`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Document
from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.identity import WorkflowId, named_uuid
from runflow_mock.domain.media import OutputShape
from runflow_mock.domain.paces import USUAL, Pace
from runflow_mock.domain.prices import Price
from runflow_mock.domain.workflows import Workflow

CATALOG_SINCE = datetime(2025, 6, 1, tzinfo=UTC)


class Creator(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes models; `slug` is the first part of their paths."""

    id: str
    slug: str
    display_name: str
    description: str = ""
    website_url: str | None = None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model of the catalog.

    `id` is its path, owner first, of any depth; `uuid` is the id that run records carry. `input_schema` is a JSON Schema of the run's
    `input`. `run_seconds` is the range in which its running time falls. `inferred` names what was chosen although the rest is known.
    `evidence` is `given` for a model that a user brought. With `runs_unlisted` it is inactive, because the published counts leave no room
    for it, and runs of it are accepted all the same, because a page or a client has it.
    """

    id: str
    uuid: str
    name: str
    description: str
    category: str
    task: str
    modality: str
    is_active: bool
    takes_batches: bool
    evidence: str
    source: str
    aliases: tuple[str, ...] = ()
    input_schema: Document
    price: Price
    output: OutputShape
    run_seconds: tuple[float, float]
    is_featured: bool = False
    updated_at: datetime = CATALOG_SINCE
    inferred: tuple[str, ...] = ()
    price_evidence: str = "inferred"
    runs_unlisted: bool = False
    pace: Pace = USUAL

    @property
    def is_offered(self) -> bool:
        """Whether a run of it is accepted."""
        return self.is_active or self.runs_unlisted

    @property
    def owner(self) -> str:
        """The creator's slug."""
        return self.id.partition("/")[0]

    @property
    def slug(self) -> str:
        """The path after the owner; may contain slashes."""
        return self.id.partition("/")[2]


class Entry(msgspec.Struct, frozen=True):
    """A model as lists know it: by its uuid."""

    id: str
    model: Model


def creator_id(slug: str) -> str:
    """Returns the fixed id of a creator."""
    return named_uuid("creator", slug)


class Catalog:
    """The models on offer, found by id or alias; with a `generic` model, any other id is taken for one like it."""

    def __init__(
        self,
        models: Sequence[Model],
        *,
        creators: Sequence[Creator] = (),
        generic: Model | None = None,
        published: Sequence[tuple[Workflow, Model]] = (),
    ) -> None:
        self._generic = generic
        self._published = tuple(published)
        self.workflows: Mapping[WorkflowId, Workflow] = {workflow.id: workflow for workflow, _ in published}
        self.workflow_models: Mapping[WorkflowId, Model] = {workflow.id: model for workflow, model in published}
        self.workflow_paths: Mapping[str, WorkflowId] = {workflow.path: workflow.id for workflow, _ in published}
        self._models = {model.id: model for model in models}
        self._names: Mapping[str, Model] = {name: model for model in models for name in (model.id, *model.aliases)}
        self._offered: Mapping[str, Model] = {name: model for name, model in self._names.items() if model.is_offered}
        self._entries = {model.uuid: Entry(model.uuid, model) for model in sorted(self._models.values(), key=lambda model: model.uuid)}
        self._creators = _creators(self._models.values(), creators)

    def including(self, models: Sequence[Model]) -> "Catalog":
        """Returns the catalog with these models, in the place of those of the same ids; without any it is the catalog itself."""
        if not models:
            return self
        whole = {**self._models, **{model.id: model for model in models}}
        return Catalog(tuple(whole.values()), creators=self._creators, generic=self._generic, published=self._published)

    def proven(self) -> "Catalog":
        """Returns the catalog without the models whose very ids are guesses, and without one that stands for any other."""
        known = tuple(model for model in self.models if model.evidence != "inferred")
        return Catalog(known, creators=self._creators, published=self._published)

    def __len__(self) -> int:
        return len(self._models)

    @property
    def models(self) -> Sequence[Model]:
        """All models, active or not, in the order of the catalog."""
        return tuple(self._models.values())

    @property
    def entries(self) -> Sequence[Entry]:
        """All models, active or not, in the order of their uuids."""
        return tuple(self._entries.values())

    @property
    def creators(self) -> Sequence[Creator]:
        """The creators of all models, in the order of their ids."""
        return self._creators

    def creator_of(self, model: Model) -> Creator:
        """Returns who makes a model."""
        return next((creator for creator in self._creators if creator.slug == model.owner), _unknown_creator(model.owner))

    def read(self, name: str) -> Model:
        """Returns the model of that id, alias or uuid, whether or not it is active.

        Raises:
            ModelNotFound: there is none; the error names the nearest id.
        """
        entry = self._entries.get(name.lower())
        return self.read_by_path(name) if entry is None else entry.model

    def read_by_path(self, name: str) -> Model:
        """Returns the model of that id or alias, whether or not it is active.

        Raises:
            ModelNotFound: there is none; the error names the nearest id.
        """
        model = self._names.get(name)
        return self.get(name) if model is None else model

    def get(self, model_id: str) -> Model:
        """Returns the model of that id or alias whose runs are accepted.

        Raises:
            ModelNotFound: there is none; the error names the nearest id.
        """
        model = self._offered.get(model_id)
        if model is None and self._generic is not None and model_id not in self._names:
            return replace(self._generic, id=model_id, uuid=named_uuid("model", model_id))
        if model is None:
            raise ModelNotFound(model_id, self.nearest(model_id))
        return model

    def has(self, name: str) -> bool:
        """Tells whether there is a model of that id or alias, active or not."""
        return name in self._names

    def offers(self, model_id: str) -> bool:
        """Tells whether runs of a model of that id or alias are accepted; a generic model does not count."""
        return model_id in self._offered

    def nearest(self, model_id: str) -> str | None:
        """Returns the id on offer that looks most like the one asked for, if any looks like it at all."""
        from difflib import get_close_matches

        names = [model.id for model in self._models.values() if model.is_offered and model.id != model_id]
        same_slug = [name for name in names if name.rpartition("/")[2] == model_id.rpartition("/")[2]]
        return next(iter(get_close_matches(model_id[:200], names, n=1, cutoff=0.5) or same_slug), None)


def _creators(models: Iterable[Model], described: Sequence[Creator]) -> tuple[Creator, ...]:
    known = {creator.slug: creator for creator in described}
    slugs = sorted({model.owner for model in models}, key=creator_id)
    return tuple(known.get(slug) or _unknown_creator(slug) for slug in slugs)


def _unknown_creator(slug: str) -> Creator:
    return Creator(id=creator_id(slug), slug=slug, display_name=slug)
