"""What a request asked for, read out of a raw exchange: the model to run, the inputs, the record that its path names."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from runflow_mock.domain.documents import Json, try_object
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Location

_MODEL_PATH = re.compile(r"/v1/(?:models/(?P<model>.+)/(?:runs|batches)|comfyui-workflows/(?P<workflow>[^/]+/[^/]+)/runs)")
_RECORD_PATH = re.compile(r"/v1/(?:admin/)?(?P<noun>runs|batches)/(?P<id>[0-9A-Fa-f-]{36})(?:/.*)?")


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one request asked for; `inputs` are the model inputs in it, each with its place in the body."""

    model: str | None = None
    run_id: str | None = None
    batch_id: str | None = None
    body: Mapping[str, Json] = {}
    inputs: tuple[tuple[Location, Mapping[str, Json]], ...] = ()

    def text(self, name: str) -> str | None:
        """Returns a text in the body."""
        value = self.body.get(name)
        return value if isinstance(value, str) else None


def read_facts(exchange: Exchange) -> RequestFacts:
    """Returns what a request asked for; what cannot be read is left out."""
    path = unquote(exchange.path)
    body = try_object(exchange.request_body)
    record, place = _RECORD_PATH.fullmatch(path), _MODEL_PATH.fullmatch(path)
    named = None if place is None else place["model"] or place["workflow"]
    model = named or next((value for value in (body.get("model"), body.get("model_id")) if isinstance(value, str)), None)
    return RequestFacts(
        model=model if exchange.method == "POST" else named,
        run_id=record["id"].lower() if record is not None and record["noun"] == "runs" else None,
        batch_id=record["id"].lower() if record is not None and record["noun"] == "batches" else None,
        body=body,
        inputs=_inputs(body) if exchange.method == "POST" and model is not None else (),
    )


def _inputs(body: Mapping[str, Json]) -> tuple[tuple[Location, Mapping[str, Json]], ...]:
    """Returns the inputs of a run, of a batch of flat inputs, or of a batch of wrapped ones."""
    single, wrapped = body.get("input"), body.get("items")
    found: list[tuple[Location, Json]] = [(("body", "input"), single)]
    if isinstance(single, list):
        found = [(("body", "input", index), _without_label(part)) for index, part in enumerate(single)]
    elif isinstance(wrapped, list):
        found = [(("body", "items", index, "input"), part.get("input")) for index, part in enumerate(wrapped) if isinstance(part, dict)]
    return tuple((loc, part) for loc, part in found if isinstance(part, dict))


def _without_label(part: Json) -> Json:
    return {name: value for name, value in part.items() if name != "client_ref"} if isinstance(part, dict) else part
