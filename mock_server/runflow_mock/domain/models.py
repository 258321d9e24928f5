"""Models: what can be run, with which inputs, at which price, and what comes out.

The catalog is one value shared by all worlds; it is read from `fixtures/catalog/` and from the files that a user adds.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Document
from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.media import OutputShape
from runflow_mock.domain.prices import Price


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model of the catalog.

    `id` is its path, owner first, of any depth; `uuid` is the id that run records carry. `input_schema` is a JSON Schema of the run's
    `input`. `run_seconds` is the range in which its running time falls.
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


class Catalog:
    """The models on offer, found by id or alias; with a `generic` model, any other id is taken for one like it."""

    def __init__(self, models: Sequence[Model], *, generic: Model | None = None) -> None:
        self._generic = generic
        self._models = {model.id: model for model in models}
        self._names: Mapping[str, Model] = {name: model for model in models for name in (model.id, *model.aliases)}

    def __len__(self) -> int:
        return len(self._models)

    @property
    def models(self) -> Sequence[Model]:
        """All models, active or not, in the order of the catalog."""
        return tuple(self._models.values())

    def get(self, model_id: str) -> Model:
        """Returns the active model of that id or alias.

        Raises:
            ModelNotFound: there is none; the error names the nearest id.
        """
        model = self._names.get(model_id)
        if model is None and self._generic is not None:
            return replace(self._generic, id=model_id, uuid=named_uuid("model", model_id))
        if model is None or not model.is_active:
            raise ModelNotFound(model_id, self.nearest(model_id))
        return model

    def nearest(self, model_id: str) -> str | None:
        """Returns the active id that looks most like the one asked for, if any looks like it at all."""
        names = [model.id for model in self._models.values() if model.is_active and model.id != model_id]
        same_slug = [name for name in names if name.rpartition("/")[2] == model_id.rpartition("/")[2]]
        return next(iter(get_close_matches(model_id[:200], names, n=1, cutoff=0.5) or same_slug), None)
