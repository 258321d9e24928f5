"""Ambiguities: the points on which the sources disagree or say little, and how to see on which reading a client depends.

One literal table, point by point, of what a request or its answer shows. A client that relies on nothing here works under every
dialect.

Source: `runs.spelling`, `errors.codes-docs`, `limits.no-headers`, `models.short-ids`, `idempotency.opt-in`, `lists.filter`,
`runs.label-inside`, `assets.any-type`, `credits.cancelled-runs`, `runs.error-object`, `outputs.forms`, `models.empty-media`,
`evaluations.callback-shape`, `models.by-uuid`, `batches.create-path`.
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from runflow_mock.domain.documents import Json, read_object, try_object
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Finding, Location, Severity
from runflow_mock.domain.identity import is_uuid
from runflow_mock.domain.media_fields import blanks, media_fields
from runflow_mock.domain.mime import EXTENSION_OF, essence
from runflow_mock.domain.models import Model
from runflow_mock.openapi.contracts import Declared
from runflow_mock.openapi.request_facts import RequestFacts

# Operations whose answers show runs.
SHOW_RUNS = frozenset(
    (
        "create_run",
        "get_run",
        "list_runs",
        "cancel_run",
        "set_run_feedback",
        "list_batch_items",
        "get_batch_item",
        "create_comfyui_run",
        "list_comfyui_runs",
    )
)


class JudgedExchange(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange with everything that was found out about it; `model` is the one that its path led to, under whatever name."""

    exchange: Exchange
    declared: Declared
    facts: RequestFacts
    parameters: dict[str, str]
    model: Model | None = None
    is_workflow: bool = False


class Ambiguity(msgspec.Struct, frozen=True):
    """One point: its name, what it means to rely on it, where it shows, and the form that was seen, or nothing."""

    point: str
    meaning: str
    loc: Location
    form: Callable[[JudgedExchange], str | None]


def reliance_findings(judged: JudgedExchange) -> Iterator[Finding]:
    """Returns the points on which an exchange relies."""
    for ambiguity in AMBIGUITIES:
        form = ambiguity.form(judged)
        if form is not None:
            yield Finding(ambiguity.loc, ambiguity.point, f"{form}: {ambiguity.meaning}", Severity.RELIANCE)


def _evidence(judged: JudgedExchange) -> str | None:
    found = judged.declared.evidence
    return None if found == "documented" else f"{judged.declared.id} is {found}"


def _batch_body(judged: JudgedExchange) -> str | None:
    if judged.declared.id not in ("create_model_batch", "create_batch"):
        return None
    return next((name for name in ("items", "input") if name in judged.facts.body), None)


def _filter_form(judged: JudgedExchange) -> str | None:
    q = judged.parameters.get("q")
    return None if not q else "field.op:'value'" if ".eq:" in q.lower() or ".ne" in q.lower() else "field:value"


def _spelling_sent(judged: JudgedExchange) -> str | None:
    q = judged.parameters.get("q", "")
    return next((word for word in ("canceled", "cancelled") if word in q), None)


def _spelling_seen(judged: JudgedExchange) -> str | None:
    exchange = judged.exchange
    if exchange.status >= 400 or judged.declared.id == "list_run_statuses":
        return None
    body = exchange.response_body
    return next((word.decode() for word in (b"canceled", b"cancelled") if b'"status_code":"%b"' % word in body), None)


def _error_code(judged: JudgedExchange) -> str | None:
    exchange = judged.exchange
    is_about_run = exchange.status == 404 and judged.facts.run_id is not None
    return f"the code of a {exchange.status}" if exchange.status == 402 or is_about_run else None


def _retry_after(judged: JudgedExchange) -> str | None:
    if judged.exchange.status != 429:
        return None
    return "Retry-After" if judged.exchange.response_header("retry-after") is not None else "no Retry-After"


def _alias(judged: JudgedExchange) -> str | None:
    model, asked = judged.model, judged.facts.model
    return None if model is None or asked is None or asked == model.id else f"{asked[:80]} for {model.id}"


def _model_uuid(judged: JudgedExchange) -> str | None:
    name = judged.exchange.path.rpartition("/")[2]
    return f"a uuid, {name.lower()}" if judged.declared.id == "get_model" and is_uuid(name) else None


def _batch_model(judged: JudgedExchange) -> str | None:
    return "model_id" if judged.declared.id == "create_batch" and "model_id" in judged.facts.body else None


def _callback_scheme(judged: JudgedExchange) -> str | None:
    url = judged.facts.text("callback_url")
    return "plain HTTP" if url is not None and url.lower().startswith("http://") else None


def _workflow_path(judged: JudgedExchange) -> str | None:
    return "a workflow under /v1/models" if judged.is_workflow and judged.declared.id == "create_run" else None


def _idempotency(judged: JudgedExchange) -> str | None:
    return "Idempotency-Key" if judged.exchange.request_header("idempotency-key") else None


def _secret_name(judged: JudgedExchange) -> str | None:
    return "secret and plain_secret" if judged.declared.id == "create_callback_secret" and judged.exchange.status == 201 else None


def _label_inside(judged: JudgedExchange) -> str | None:
    if judged.facts.text("client_ref") is not None:
        return None
    single = judged.facts.body.get("input")
    wrapped = judged.facts.body.get("items")
    inside = (
        [single, *(part.get("input") for part in wrapped if isinstance(part, dict) and part.get("client_ref") is None)]
        if isinstance(wrapped, list)
        else [single]
    )
    is_there = any(isinstance(inputs, dict) and isinstance(inputs.get("client_ref"), str) for inputs in inside)
    return "client_ref inside input" if is_there else None


def _upload_type(judged: JudgedExchange) -> str | None:
    declared = judged.facts.text("mime_type") if judged.declared.id == "create_asset_upload" else None
    plain = None if declared is None else essence(declared)
    return None if plain is None or plain in EXTENSION_OF else plain[:80]


def _cancelled_at_work(judged: JudgedExchange) -> str | None:
    cancelled = judged.declared.id == "cancel_run" and judged.exchange.status == 201
    runs = _runs_in(judged, b'"cancelled"', b'"canceled"', b'"started_at":"')
    was_charged = any(_was_at_work(run) for run in runs if cancelled or run.get("status_code") in ("cancelled", "canceled"))
    return "a run that was at work" if was_charged else None


def _was_at_work(run: dict[str, Json]) -> bool:
    """By its start, or by its price: a run that is being handed over has no other mark."""
    cost = run.get("cost")
    return isinstance(run.get("started_at"), str) or (isinstance(cost, str) and re.search("[1-9]", cost) is not None)


def _error_object(judged: JudgedExchange) -> str | None:
    return "error" if any(isinstance(run.get("error"), dict) for run in _runs_in(judged, b'"error":{"code":')) else None


def _output_form(judged: JudgedExchange) -> str | None:
    """Only what an answer shows that no source does; what a client reads of it cannot be seen."""
    outputs = (run.get("output") for run in _runs_in(judged, b'"content_type":"'))
    return (
        "both forms" if any(isinstance(output, dict) and "image_urls" in output and _has_media_type(output) for output in outputs) else None
    )


def _has_media_type(output: dict[str, Json]) -> bool:
    entries = output.get("outputs")
    return isinstance(entries, list) and any(isinstance(entry, dict) and "content_type" in entry for entry in entries)


def _runs_in(judged: JudgedExchange, *marks: bytes) -> Iterator[dict[str, Json]]:
    """Returns the runs that an answer shows: itself, those on its page, or those of items; it is read only for one of the marks."""
    exchange = judged.exchange
    if judged.declared.id not in SHOW_RUNS or exchange.status >= 300 or not any(mark in exchange.response_body for mark in marks):
        return
    body = try_object(exchange.response_body)
    page = body.get("items")
    for record in page if isinstance(page, list) else (body,):
        run = record.get("run", record) if isinstance(record, dict) else None
        if isinstance(run, dict):
            yield run


def _empty_media(judged: JudgedExchange) -> str | None:
    if judged.model is None or judged.exchange.status >= 400:
        return None
    media = media_fields(read_object(judged.model.input_schema))
    places = () if media is None else (place for _, inputs in judged.facts.inputs for place in blanks(inputs, media))
    found = next(iter(places), None)
    return None if found is None else f'{".".join(map(str, found))[:80]} is ""'


def _evaluation_callback(judged: JudgedExchange) -> str | None:
    return "callback_url" if judged.declared.id == "create_evaluation" and judged.facts.text("callback_url") is not None else None


BODY, Q, ANSWER, HEADER = ("body",), ("query", "q"), ("response", "body"), ("response", "header")
AMBIGUITIES: tuple[Ambiguity, ...] = (
    Ambiguity("route", "no page describes this operation; under --strict inferred ones are a 404", ("path",), _evidence),
    Ambiguity("batch-body", "the sources show two bodies of a batch; input is the one of the reference", BODY, _batch_body),
    Ambiguity("filter-grammar", "two grammars of filters are documented; both are read", Q, _filter_form),
    Ambiguity("status-spelling", "the sources spell this status in two ways; in a filter both are read", Q, _spelling_sent),
    Ambiguity("status-spelling", "the sources spell this status in two ways; compare with both", ANSWER, _spelling_seen),
    Ambiguity("error-codes", "the sources name this code in two ways; go by the status", (*ANSWER, "code"), _error_code),
    Ambiguity("rate-limit-headers", "the sources disagree whether a 429 says how long to wait", HEADER, _retry_after),
    Ambiguity("model-alias", "a short id; the long one is what the catalog lists", ("path", "model_id"), _alias),
    Ambiguity("model-uuid", "the documented path has owner and slug; under --strict a uuid is a 404", ("path", "model_id"), _model_uuid),
    Ambiguity("batch-model-name", "no page shows this name; say model, the only one that is read under --strict", BODY, _batch_model),
    Ambiguity(
        "callback-scheme", "only HTTPS is documented; a local allowance, refused under --strict", (*BODY, "callback_url"), _callback_scheme
    ),
    Ambiguity("workflow-path", "one client does so; the documented path is /v1/comfyui-workflows", ("path",), _workflow_path),
    Ambiguity("idempotency-key", "an older page says that requests are not idempotent", ("header", "idempotency-key"), _idempotency),
    Ambiguity(
        "client-ref-place", "one page puts it there for a single run; beside input it always counts", (*BODY, "input"), _label_inside
    ),
    Ambiguity("upload-types", "clients send any type; whether the service takes it is not published", (*BODY, "mime_type"), _upload_type),
    Ambiguity("cancel-billing", "what is charged for it is not published; the whole price is taken", ANSWER, _cancelled_at_work),
    Ambiguity("run-error", "no page has this field; failure_code and failure_message are documented", (*ANSWER, "error"), _error_object),
    Ambiguity(
        "output-form", "a comfort of the switch output_form; each model is documented with one form", (*ANSWER, "output"), _output_form
    ),
    Ambiguity("empty-media", "clients say so that there is none; leave the field out", (*BODY, "input"), _empty_media),
    Ambiguity(
        "evaluation-callback", "a diagram has the verdict at the top, the envelope in output", (*BODY, "callback_url"), _evaluation_callback
    ),
    Ambiguity("secret-name", "the sources name and prefix a new secret in two ways; both names are sent", ANSWER, _secret_name),
)
