"""What a creation asks for, as rules see it, before anything is decided about it."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from runflow_mock.domain.documents import Json, read_object, try_object, write_object
from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.places import Subject
from runflow_mock.engine.targets import find_target
from runflow_mock.web.calls import Call

RUN_CREATIONS = frozenset(("create_run", "create_comfyui_run"))
BATCH_CREATIONS = frozenset(("create_model_batch", "create_batch"))
EVALUATION_CREATIONS = frozenset(("create_evaluation",))
CREATIONS = RUN_CREATIONS | BATCH_CREATIONS | EVALUATION_CREATIONS
READINGS = frozenset(("get_run", "get_batch", "get_evaluation"))

_ID_FIELDS = dict.fromkeys(RUN_CREATIONS, "run_id") | dict.fromkeys(BATCH_CREATIONS, "batch_id")


def asked_for(call: Call, operation: str, params: Mapping[str, str], plain: Subject) -> Iterator[Subject]:
    """Returns what a creation asks for: of a batch, each of its items."""
    body = try_object(call.body)
    subject = replace(plain, client_ref=_text(body, "client_ref"), metadata=write_object(body.get("metadata")))
    if operation in EVALUATION_CREATIONS:
        yield replace(subject, run_id=_text(body, "run_id"))
        return
    path = params.get("model_id") or "/".join(params.values()) or _text(body, "model") or _text(body, "model_id")
    subject = replace(subject, model=None if path is None else _model_at(call, path))
    if operation in RUN_CREATIONS:
        yield replace(subject, input=write_object(body.get("input")))
        return
    given = body.get("items", body.get("input"))
    items = given if isinstance(given, list) and given else [None]
    for item in items:
        wrapped = item if "items" in body and isinstance(item, dict) else {"input": item}
        yield replace(subject, input=write_object(wrapped.get("input")), client_ref=_text(wrapped, "client_ref"))


def _model_at(call: Call, path: str) -> str:
    """Returns the path under which runs keep a model, or the one that was asked for when it leads nowhere."""
    try:
        return find_target(call.runtime.catalog, call.store, path).model.id
    except ModelNotFound:
        return path


def _text(body: Mapping[str, Json], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def created(subject: Subject, operation: str, body: bytes) -> Subject:
    """Returns a creation together with the id in its answer."""
    made = read_object(body).get("id")
    return replace(subject, **{_ID_FIELDS[operation]: made}) if operation in _ID_FIELDS else subject
