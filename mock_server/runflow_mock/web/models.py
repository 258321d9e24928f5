"""Models and their creators: list, read, and the list that needs no key."""

from collections.abc import Callable

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.models import Creator, Entry, Model
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import BY_NAME, answer_list, find_one
from runflow_mock.web.routing import Operation
from runflow_mock.wire.accounts import decode_embed
from runflow_mock.wire.models import (
    CREATOR_EMBEDS,
    CREATOR_FIELDS,
    MODEL_EMBEDS,
    MODEL_FIELDS,
    PUBLIC_MODEL_FIELDS,
    represent_creator,
    represent_model,
    represent_public_model,
)

BY_SLUG = "slug"
_WHOLE = frozenset(("inputs", "outputs"))

Represent = Callable[[Model, Creator, Dialect, frozenset[str]], dict[str, object]]


def list_models(call: Call) -> Answer:
    """GET /v1/models"""
    return answer_list(call, call.catalog.entries, MODEL_FIELDS, _body(call, represent_model), order=BY_NAME)


def list_public_models(call: Call) -> Answer:
    """GET /v1/public/models: no key, active models only, and only what is meant for everybody."""
    active = [entry for entry in call.catalog.entries if entry.model.is_active]
    return answer_list(call, active, PUBLIC_MODEL_FIELDS, _body(call, represent_public_model), order=BY_NAME)


def get_model(call: Call) -> Answer:
    """GET /v1/models/{model_id}: by path or short id, and, which is a guess, by uuid; inactive models can be read as well."""
    embed = decode_embed(call.parameters.get("embed"), _embeds(call))
    read = call.catalog.read_by_path if call.dialect.is_proven else call.catalog.read
    model = read(call.params["model_id"])
    return answer(represent_model(model, call.catalog.creator_of(model), call.dialect, embed | _WHOLE))


def list_model_creators(call: Call) -> Answer:
    """GET /v1/model-creators"""
    embed = decode_embed(call.parameters.get("embed"), CREATOR_EMBEDS)
    creators = call.catalog.creators
    return answer_list(call, creators, CREATOR_FIELDS, lambda creator: _creator_body(call, creator, embed), order=BY_SLUG)


def get_model_creator(call: Call) -> Answer:
    """GET /v1/model-creators/{id}: with its models."""
    decode_embed(call.parameters.get("embed"), CREATOR_EMBEDS)
    return answer(_creator_body(call, find_one(call, "model creator", call.catalog.creators), frozenset(CREATOR_EMBEDS)))


def _embeds(call: Call) -> tuple[str, ...]:
    """The relations that can be embedded; that of the creator is a guess, which a strict tenant has not."""
    return tuple(name for name in MODEL_EMBEDS if name != "model_creator") if call.dialect.is_proven else MODEL_EMBEDS


def _body(call: Call, represent: Represent) -> Callable[[Entry], dict[str, object]]:
    embed = decode_embed(call.parameters.get("embed"), _embeds(call))
    return lambda entry: represent(entry.model, call.catalog.creator_of(entry.model), call.dialect, embed)


def _creator_body(call: Call, creator: Creator, embed: frozenset[str]) -> dict[str, object]:
    if "models" not in embed:
        return represent_creator(creator)
    made = [model for model in call.catalog.models if model.owner == creator.slug]
    return represent_creator(creator, [represent_model(model, creator, call.dialect) for model in made])


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", "/v1/models", list_models, scope="models:read"),
    Operation("GET", "/v1/public/models", list_public_models, is_public=True),
    Operation("GET", "/v1/models/{model_id...}", get_model, spans_min=1, scope="models:read"),
    Operation("GET", "/v1/model-creators", list_model_creators, scope="models:read"),
    Operation("GET", "/v1/model-creators/{id}", get_model_creator, scope="models:read"),
)
