"""Reliances: the points on which the sources disagree or say little, and how to see on which reading a client depends.

One literal table, point by point, of what a request or its answer shows. A client that relies on nothing here works under every
dialect.

Source: `runs.spelling`, `errors.codes-docs`, `limits.no-headers`, `models.short-ids`, `idempotency.opt-in`, `lists.filter`,
`runs.label-inside`, `assets.any-type`, `credits.cancelled-runs`, `runs.error-object`, `outputs.forms`, `models.empty-media`,
`evaluations.callback-shape`.
"""

from collections.abc import Callable, Iterator

import msgspec

from runflow_mock.domain.documents import Json, read_object
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Finding, Location, Severity
from runflow_mock.domain.mime import EXTENSION_OF
from runflow_mock.domain.models import Model
from runflow_mock.openapi.contracts import Declared
from runflow_mock.openapi.request_facts import Asked


class JudgedExchange(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange with everything that was found out about it; `model` is the one that its path led to, under whatever name."""

    exchange: Exchange
    declared: Declared
    asked: Asked
    parameters: dict[str, str]
    model: Model | None = None
    is_workflow: bool = False


class Reliance(msgspec.Struct, frozen=True):
    """One point: its name, what it means to rely on it, where it shows, and the form that was seen, or nothing."""

    point: str
    meaning: str
    loc: Location
    form: Callable[[JudgedExchange], str | None]


def reliance_findings(judged: JudgedExchange) -> Iterator[Finding]:
    """Returns the points on which an exchange relies."""
    for reliance in RELIANCES:
        form = reliance.form(judged)
        if form is not None:
            yield Finding(reliance.loc, reliance.point, f"{form}: {reliance.meaning}", Severity.RELIANCE)


def _evidence(judged: JudgedExchange) -> str | None:
    found = judged.declared.evidence
    return None if found == "documented" else f"{judged.declared.id} is {found}"


def _batch_body(judged: JudgedExchange) -> str | None:
    if judged.declared.id not in ("create_model_batch", "create_batch"):
        return None
    return next((name for name in ("items", "input") if name in judged.asked.body), None)


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
    is_about_run = exchange.status == 404 and judged.asked.run_id is not None
    return f"the code of a {exchange.status}" if exchange.status == 402 or is_about_run else None


def _retry_after(judged: JudgedExchange) -> str | None:
    if judged.exchange.status != 429:
        return None
    return "Retry-After" if judged.exchange.response_header("retry-after") is not None else "no Retry-After"


def _alias(judged: JudgedExchange) -> str | None:
    model, asked = judged.model, judged.asked.model
    return None if model is None or asked is None or asked == model.id else f"{asked[:80]} for {model.id}"


def _callback_scheme(judged: JudgedExchange) -> str | None:
    url = judged.asked.text("callback_url")
    return "plain HTTP" if url is not None and url.lower().startswith("http://") else None


def _workflow_path(judged: JudgedExchange) -> str | None:
    return "a workflow under /v1/models" if judged.is_workflow and judged.declared.id == "create_run" else None


def _idempotency(judged: JudgedExchange) -> str | None:
    return "Idempotency-Key" if judged.exchange.request_header("idempotency-key") else None


def _secret_name(judged: JudgedExchange) -> str | None:
    return "secret and plain_secret" if judged.declared.id == "create_callback_secret" and judged.exchange.status == 201 else None


def _label_inside(judged: JudgedExchange) -> str | None:
    if judged.asked.text("client_ref") is not None:
        return None
    single = judged.asked.body.get("input")
    wrapped = judged.asked.body.get("items")
    inside = (
        [single, *(part.get("input") for part in wrapped if isinstance(part, dict) and part.get("client_ref") is None)]
        if isinstance(wrapped, list)
        else [single]
    )
    is_there = any(isinstance(inputs, dict) and isinstance(inputs.get("client_ref"), str) for inputs in inside)
    return "client_ref inside input" if is_there else None


def _upload_type(judged: JudgedExchange) -> str | None:
    declared = judged.asked.text("mime_type") if judged.declared.id == "create_asset_upload" else None
    plain = None if declared is None else declared.partition(";")[0].strip().lower()
    return None if plain is None or plain in EXTENSION_OF else plain[:80]


def _cancelled_at_work(judged: JudgedExchange) -> str | None:
    is_charged = judged.declared.id == "cancel_run" and judged.exchange.status == 201 and b'"started_at":"' in judged.exchange.response_body
    return "a run that was at work" if is_charged else None


def _error_object(judged: JudgedExchange) -> str | None:
    body = judged.exchange.response_body
    return "error" if judged.declared.id == "get_run" and b'"error":{"code":' in body and b'"failure_code":"' in body else None


def _output_form(judged: JudgedExchange) -> str | None:
    """Only what an answer shows that no source does; what a client reads of it cannot be seen."""
    body = judged.exchange.response_body
    return "both forms" if judged.declared.id == "get_run" and b'"content_type":"' in body and b'"image_urls":[' in body else None


def _empty_media(judged: JudgedExchange) -> str | None:
    schema = {} if judged.model is None else read_object(judged.model.input_schema)
    named = schema.get("properties")
    media = [name for name, part in named.items() if _is_media(part)] if isinstance(named, dict) else []
    return next((f'{name[:80]} is ""' for _, inputs in judged.asked.inputs for name in media if inputs.get(name) == ""), None)


def _is_media(part: Json) -> bool:
    return isinstance(part, dict) and part.get("x-variable-type") in ("image", "file", "image_list", "file_list")


def _evaluation_callback(judged: JudgedExchange) -> str | None:
    return "callback_url" if judged.declared.id == "create_evaluation" and judged.asked.text("callback_url") is not None else None


BODY, Q, ANSWER, HEADER = ("body",), ("query", "q"), ("response", "body"), ("response", "header")
RELIANCES: tuple[Reliance, ...] = (
    Reliance("route", "no page describes this operation; under --strict inferred ones are a 404", ("path",), _evidence),
    Reliance("batch-body", "the sources show two bodies of a batch; input is the one of the reference", BODY, _batch_body),
    Reliance("filter-grammar", "two grammars of filters are documented; both are read", Q, _filter_form),
    Reliance("status-spelling", "the sources spell this status in two ways; in a filter both are read", Q, _spelling_sent),
    Reliance("status-spelling", "the sources spell this status in two ways; compare with both", ANSWER, _spelling_seen),
    Reliance("error-codes", "the sources name this code in two ways; go by the status", (*ANSWER, "code"), _error_code),
    Reliance("rate-limit-headers", "the sources disagree whether a 429 says how long to wait", HEADER, _retry_after),
    Reliance("model-alias", "a short id; the long one is what the catalog lists", ("path", "model_id"), _alias),
    Reliance(
        "callback-scheme", "only HTTPS is documented; a local allowance, refused under --strict", (*BODY, "callback_url"), _callback_scheme
    ),
    Reliance("workflow-path", "one client does so; the documented path is /v1/comfyui-workflows", ("path",), _workflow_path),
    Reliance("idempotency-key", "an older page says that requests are not idempotent", ("header", "idempotency-key"), _idempotency),
    Reliance("client-ref-place", "one page puts it there for a single run; beside input it always counts", (*BODY, "input"), _label_inside),
    Reliance("upload-types", "clients send any type; whether the service takes it is not published", (*BODY, "mime_type"), _upload_type),
    Reliance("cancel-billing", "what is charged for it is not published; the whole price is taken", ANSWER, _cancelled_at_work),
    Reliance("run-error", "no page has this field; failure_code and failure_message are documented", (*ANSWER, "error"), _error_object),
    Reliance(
        "output-form", "a comfort of the switch output_form; each model is documented with one form", (*ANSWER, "output"), _output_form
    ),
    Reliance("empty-media", "clients say so that there is none; leave the field out", (*BODY, "input"), _empty_media),
    Reliance(
        "evaluation-callback", "a diagram has the verdict at the top, the envelope in output", (*BODY, "callback_url"), _evaluation_callback
    ),
    Reliance("secret-name", "the sources name and prefix a new secret in two ways; both names are sent", ANSWER, _secret_name),
)
