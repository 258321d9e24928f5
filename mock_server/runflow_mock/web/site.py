"""The www and docs sides: pages for people, texts for agents; no key is needed.

These routes are not part of the API's contract. Every address in them is built from the request, so that whoever follows one stays here.

Source: `www.solutions`, `www.catalog`, `www.model-pages`, `www.llms`, `www.samples`, `www.settings`, `www.api-catalog`, `www.skills`,
`www.places`, `status.public-bundle`.
"""

from collections.abc import Callable, Sequence

import msgspec

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.models import Catalog, Creator, Model
from runflow_mock.domain.solutions import Solution
from runflow_mock.media.samples import SAMPLE_NAME, draw_sample
from runflow_mock.runtime.skills import load_skill
from runflow_mock.web.calls import Answer, Call, Handler
from runflow_mock.web.documents import get_docs_file, get_public_bundle
from runflow_mock.web.pages.agents import (
    represent_catalog,
    represent_linkset,
    represent_skill_index,
    write_everything,
    write_overview,
)
from runflow_mock.web.pages.keys import write_keys_page
from runflow_mock.web.pages.models import write_model_list, write_model_page, write_model_text
from runflow_mock.web.pages.places import write_place
from runflow_mock.web.pages.solutions import write_solutions_page
from runflow_mock.web.routing import Operation
from runflow_mock.web.texts import ASK_AGAIN, MARKDOWN, answer_page, answer_text
from runflow_mock.wire.problems import not_found
from runflow_mock.wire.sites import Sites
from runflow_mock.wire.skills import SKILL_PATH, Skill
from runflow_mock.wire.solutions import solutions_in

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
WELL_KNOWN_KEEP = "public, max-age=300"


def get_sample(call: Call) -> Answer:
    """GET /images/models/_base/{name}: a sample picture of any name."""
    name, _, suffix = call.params["name"].rpartition(".")
    if suffix != "png" or SAMPLE_NAME.fullmatch(name) is None:
        raise not_found(f"There is no sample {call.params['name'][:200]!r}; names end in .png.")
    return answer_text(call, draw_sample(name), "image/png", keep=WELL_KNOWN_KEEP)


def get_skill_digest(call: Call) -> Answer:
    """GET /.well-known/agent-skills/runflow/SKILL.md.sha256: as `sha256sum` writes it, so that `sha256sum -c` reads it."""
    digest = _skill(call).digest.removeprefix("sha256:")
    return answer_text(call, f"{digest}  SKILL.md\n".encode(), TEXT, keep=WELL_KNOWN_KEEP)


def _get(operation: str, path: str, handler: Handler) -> Operation[Handler]:
    return Operation("GET", path, handler, id=f"www_{operation}", is_public=True)


def _page(operation: str, path: str, write: Callable[[Call], str]) -> Operation[Handler]:
    return _get(operation, path, lambda call: answer_page(call, write(call)))


def _markdown(operation: str, path: str, write: Callable[[Call], str]) -> Operation[Handler]:
    return _get(operation, path, lambda call: answer_text(call, write(call).encode(), MARKDOWN))


def _json(operation: str, path: str, represent: Callable[[Call], object], media_type: str, keep: str = ASK_AGAIN) -> Operation[Handler]:
    return _get(operation, path, lambda call: answer_text(call, msgspec.json.encode(represent(call)), media_type, keep=keep))


def _place(operation: str, path: str, name: str) -> Operation[Handler]:
    # A short page of the website, which needs no key and has nothing to sell.
    return _page(operation, path, lambda call: write_place(name))


def _skill(call: Call) -> Skill:
    return load_skill(call.runtime.config.skill)


def _solutions(call: Call) -> tuple[Sequence[Solution], Catalog]:
    return solutions_in(call.catalog), call.catalog


def _model(call: Call) -> tuple[Model, Creator, Sites, Dialect]:
    model = call.catalog.read(call.params["model_id"])
    return model, call.catalog.creator_of(model), call.sites, call.dialect


OPERATIONS: tuple[Operation[Handler], ...] = (
    _get("docs_file", "/v1/docs/{name}", get_docs_file),
    _get("openapi", "/api/openapi.public.json", get_public_bundle),
    _page("solutions", "/api", lambda call: write_solutions_page(*_solutions(call))),
    _page("models", "/models", lambda call: write_model_list(call.catalog.models)),
    _markdown("model_text", "/models/{model_id...}/llms.txt", lambda call: write_model_text(*_model(call))),
    _page("model", "/models/{model_id...}", lambda call: write_model_page(*_model(call))),
    _json("catalog", "/models-catalog.json", lambda call: represent_catalog(call.catalog, call.sites), JSON),
    _markdown("overview", "/llms.txt", lambda call: write_overview(*_solutions(call), call.sites, call.dialect)),
    _markdown("everything", "/llms-full.txt", lambda call: write_everything(*_solutions(call), call.sites, call.dialect)),
    _page("keys", "/settings/api-keys", lambda call: write_keys_page(call.sites)),
    _get("sample", "/images/models/_base/{name}", get_sample),
    _json("api_catalog", "/.well-known/api-catalog", lambda call: represent_linkset(call.sites), LINKSET, WELL_KNOWN_KEEP),
    _json("skill_index", "/.well-known/agent-skills/index.json", lambda call: represent_skill_index(_skill(call)), JSON, WELL_KNOWN_KEEP),
    # Byte for byte, as the digest in the index says.
    _get("skill", SKILL_PATH, lambda call: answer_text(call, _skill(call).body, MARKDOWN, keep=WELL_KNOWN_KEEP)),
    _get("skill_digest", f"{SKILL_PATH}.sha256", get_skill_digest),
    _place("home", "/", "home"),
    _place("skill_page", "/skill", "skill"),
    _place("blog", "/blog", "blog"),
    _place("signup", "/signup", "signup"),
    _place("deploy", "/deploy", "deploy"),
    # A sandbox is not for search engines.
    _get("robots", "/robots.txt", lambda call: answer_text(call, b"User-agent: *\nDisallow: /\n", TEXT)),
)
