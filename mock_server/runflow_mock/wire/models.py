"""Models and their creators on the wire.

Source: `models.record`, `models.creators`, `models.public-list`. Inferred: the codes of categories and statuses, that a single read always
carries inputs and outputs, that a list carries them when `embed` asks, and the relation `model_creator`.
"""

import re

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.model_parts import inputs_of, outputs_of
from runflow_mock.domain.models import CATALOG_SINCE, Creator, Entry, Model, creator_id
from runflow_mock.wire.listing import flag_field, text_field, text_fields, time_field
from runflow_mock.wire.model_parts import represent_input, represent_output
from runflow_mock.wire.times import write_instant

MODEL_EMBEDS = ("inputs", "outputs", "model_creator")
CREATOR_EMBEDS = ("models",)
CATALOG_ORG_ID = named_uuid("organization", "runflow")
FIRST_PARTY = "runflow"
_HIDDEN = frozenset(("org_id", "is_public", "created_by", "deleted_at", "deleted_by"))
_NOT_CODE = re.compile(r"[^a-z0-9]+")


def write_code(words: str) -> str | None:
    """Returns the code of a few words, such as `on-model-fashion`; no words have none."""
    return _NOT_CODE.sub("-", words.lower()).strip("-") or None


def represent_model(model: Model, creator: Creator, dialect: Dialect, embed: frozenset[str] = frozenset()) -> dict[str, object]:
    """Returns the record of a model; inputs and outputs are null unless they are embedded."""
    return {
        "id": model.uuid,
        "org_id": CATALOG_ORG_ID,
        "model_creator_id": creator_id(model.owner),
        "slug": model.slug,
        "name": model.name,
        "description": model.description,
        "version": None,
        "is_public": True,
        "is_open_source": False,
        "icon_url": None,
        "cover_url": None,
        "category_code": write_code(model.category),
        "status_code": _status(model),
        "family_id": None,
        "family_variant_code": None,
        "param_count": None,
        "architecture": None,
        "license_code": "commercial",
        "max_resolution": None,
        "lora_support": False,
        "fine_tuning": False,
        "supports_streaming": False,
        "paper_url": None,
        "github_url": None,
        "is_official": model.owner == FIRST_PARTY,
        "availability_status": "available" if model.is_active else "unavailable",
        "seo": None,
        "notable_features": [model.task] if model.task else [],
        "content": model.description,
        "pricing_note": model.price.label,
        "created_by": None,
        "created_at": write_instant(CATALOG_SINCE),
        "updated_at": write_instant(model.updated_at),
        "deleted_at": None,
        "deleted_by": None,
        "inputs": [represent_input(part) for part in inputs_of(model)] if "inputs" in embed else None,
        "outputs": [represent_output(part) for part in outputs_of(model, dialect)] if "outputs" in embed else None,
        **({"model_creator": represent_creator(creator)} if "model_creator" in embed else {}),
    }


def represent_public_model(model: Model, creator: Creator, dialect: Dialect, embed: frozenset[str] = frozenset()) -> dict[str, object]:
    """Returns a model as the anonymous list shows it."""
    return {name: value for name, value in represent_model(model, creator, dialect, embed).items() if name not in _HIDDEN}


def represent_creator(creator: Creator, models: list[dict[str, object]] | None = None) -> dict[str, object]:
    """Returns the record of a creator, with its models where they are embedded."""
    return {
        "id": creator.id,
        "slug": creator.slug,
        "display_name": creator.display_name,
        "description": creator.description,
        "avatar_url": None,
        "website_url": creator.website_url,
        "claimed_by_org_id": CATALOG_ORG_ID if creator.slug == FIRST_PARTY else None,
        "created_at": write_instant(CATALOG_SINCE),
        "updated_at": write_instant(CATALOG_SINCE),
        "models": models,
    }


def _status(model: Model) -> str:
    return "active" if model.is_active else "inactive"


PUBLIC_MODEL_FIELDS: dict[str, Field[Entry]] = {
    **text_fields("id"),
    "model_creator_id": text_field(lambda entry: creator_id(entry.model.owner)),
    "slug": text_field(lambda entry: entry.model.slug),
    "name": text_field(lambda entry: entry.model.name),
    "description": text_field(lambda entry: entry.model.description),
    "category_code": text_field(lambda entry: write_code(entry.model.category)),
    "status_code": text_field(lambda entry: _status(entry.model)),
    "is_official": flag_field(lambda entry: entry.model.owner == FIRST_PARTY),
    "created_at": time_field(lambda entry: CATALOG_SINCE),
    "updated_at": time_field(lambda entry: entry.model.updated_at),
}
MODEL_FIELDS: dict[str, Field[Entry]] = {
    **PUBLIC_MODEL_FIELDS,
    "org_id": text_field(lambda entry: CATALOG_ORG_ID),
    "is_public": flag_field(lambda entry: True),
}
CREATOR_FIELDS: dict[str, Field[Creator]] = {
    **text_fields("id", "slug", "display_name"),
    "created_at": time_field(lambda creator: CATALOG_SINCE),
    "updated_at": time_field(lambda creator: CATALOG_SINCE),
}
