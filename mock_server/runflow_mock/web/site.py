"""The www and docs sides: pages for people, texts for agents; no key is needed.

These routes are not part of the API's contract. Every address in them is built from the request, so that whoever follows one stays here.

Source: `www.solutions`, `www.catalog`, `www.model-pages`, `www.llms`, `www.samples`, `www.settings`, `www.api-catalog`, `www.skills`,
`www.places`, `status.public-bundle`.
"""

import msgspec

from runflow_mock.domain.models import Model
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
from runflow_mock.web.texts import MARKDOWN, answer_page, answer_text
from runflow_mock.wire.problems import not_found
from runflow_mock.wire.skills import SKILL_PATH
from runflow_mock.wire.solutions import solutions_in

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
WELL_KNOWN_KEEP = "public, max-age=300"


def show_solutions(call: Call) -> Answer:
    """GET /api: all Solutions with endpoint and input schema."""
    return answer_page(call, write_solutions_page(solutions_in(call.catalog), call.catalog))


def show_models(call: Call) -> Answer:
    """GET /models"""
    return answer_page(call, write_model_list(call.catalog.models))


def show_model(call: Call) -> Answer:
    """GET /models/{provider}/{slug...}"""
    model = _model(call)
    return answer_page(call, write_model_page(model, call.catalog.creator_of(model), call.sites, call.dialect))


def get_model_text(call: Call) -> Answer:
    """GET /models/{provider}/{slug...}/llms.txt"""
    model = _model(call)
    return _markdown(call, write_model_text(model, call.catalog.creator_of(model), call.sites, call.dialect))


def get_catalog(call: Call) -> Answer:
    """GET /models-catalog.json"""
    return answer_text(call, msgspec.json.encode(represent_catalog(call.catalog, call.sites)), JSON)


def get_overview(call: Call) -> Answer:
    """GET /llms.txt"""
    return _markdown(call, write_overview(solutions_in(call.catalog), call.catalog, call.sites, call.dialect))


def get_everything(call: Call) -> Answer:
    """GET /llms-full.txt"""
    return _markdown(call, write_everything(solutions_in(call.catalog), call.catalog, call.sites, call.dialect))


def show_place(name: str) -> Handler:
    """A short page of the website, which needs no key and has nothing to sell."""
    return lambda call: answer_page(call, write_place(name))


def get_robots(call: Call) -> Answer:
    """GET /robots.txt: a sandbox is not for search engines."""
    return answer_text(call, b"User-agent: *\nDisallow: /\n", TEXT)


def show_keys(call: Call) -> Answer:
    """GET /settings/api-keys"""
    return answer_page(call, write_keys_page(call.sites))


def get_sample(call: Call) -> Answer:
    """GET /images/models/_base/{name}: a sample picture of any name."""
    name, _, suffix = call.params["name"].rpartition(".")
    if suffix != "png" or SAMPLE_NAME.fullmatch(name) is None:
        raise not_found(f"There is no sample {call.params['name'][:200]!r}; names end in .png.")
    return answer_text(call, draw_sample(name), "image/png", keep=WELL_KNOWN_KEEP)


def get_api_catalog(call: Call) -> Answer:
    """GET /.well-known/api-catalog"""
    return answer_text(call, msgspec.json.encode(represent_linkset(call.sites)), LINKSET, keep=WELL_KNOWN_KEEP)


def get_skill_index(call: Call) -> Answer:
    """GET /.well-known/agent-skills/index.json"""
    index = represent_skill_index(load_skill(call.runtime.config.skill))
    return answer_text(call, msgspec.json.encode(index), JSON, keep=WELL_KNOWN_KEEP)


def get_skill(call: Call) -> Answer:
    """GET /.well-known/agent-skills/runflow/SKILL.md: byte for byte, as the digest in the index says."""
    return answer_text(call, load_skill(call.runtime.config.skill).body, MARKDOWN, keep=WELL_KNOWN_KEEP)


def get_skill_digest(call: Call) -> Answer:
    """GET /.well-known/agent-skills/runflow/SKILL.md.sha256: as `sha256sum` writes it, so that `sha256sum -c` reads it."""
    digest = load_skill(call.runtime.config.skill).digest.removeprefix("sha256:")
    return answer_text(call, f"{digest}  SKILL.md\n".encode(), TEXT, keep=WELL_KNOWN_KEEP)


def _markdown(call: Call, text: str) -> Answer:
    return answer_text(call, text.encode(), MARKDOWN)


def _model(call: Call) -> Model:
    return call.catalog.read(call.params["model_id"])


def _page(operation: str, path: str, handler: Handler) -> Operation[Handler]:
    return Operation(id=f"www_{operation}", method="GET", path=path, handler=handler, is_public=True)


OPERATIONS: tuple[Operation[Handler], ...] = (
    _page("docs_file", "/v1/docs/{name}", get_docs_file),
    _page("openapi", "/api/openapi.public.json", get_public_bundle),
    _page("solutions", "/api", show_solutions),
    _page("models", "/models", show_models),
    _page("model_text", "/models/{model_id...}/llms.txt", get_model_text),
    _page("model", "/models/{model_id...}", show_model),
    _page("catalog", "/models-catalog.json", get_catalog),
    _page("overview", "/llms.txt", get_overview),
    _page("everything", "/llms-full.txt", get_everything),
    _page("keys", "/settings/api-keys", show_keys),
    _page("sample", "/images/models/_base/{name}", get_sample),
    _page("api_catalog", "/.well-known/api-catalog", get_api_catalog),
    _page("skill_index", "/.well-known/agent-skills/index.json", get_skill_index),
    _page("skill", SKILL_PATH, get_skill),
    _page("skill_digest", f"{SKILL_PATH}.sha256", get_skill_digest),
    _page("home", "/", show_place("home")),
    _page("skill_page", "/skill", show_place("skill")),
    _page("blog", "/blog", show_place("blog")),
    _page("signup", "/signup", show_place("signup")),
    _page("deploy", "/deploy", show_place("deploy")),
    _page("robots", "/robots.txt", get_robots),
)
