"""Sources: for every rule of the suite the claims of `provenance.json` that it holds a server to, or the document itself."""

from collections.abc import Iterator, Mapping

from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.laws import LAWS, OF_CALLBACKS

DOCUMENT = "the document"
"""Stands for what the contract's schemas, statuses and descriptions say themselves."""
A_SCHEMA = "answer_schema"

SOURCES: Mapping[str, tuple[str, ...]] = {
    A_SCHEMA: (DOCUMENT,),
    # Laws of one answer.
    "no_server_error": (DOCUMENT, "errors.codes"),
    "error_envelope": ("errors.envelope",),
    "money_is_text": ("money.decimal-string",),
    "time_in_order": ("time.rest-z", "identity.uuid7"),
    "state_machines": ("runs.lifecycle", "runs.terminal-absorbs", "batches.status"),
    "ends_as_it_says": ("runs.failure-fields", "credits.only-success-is-paid"),
    "counters_add_up": ("batches.record", "batches.status"),
    "pages": ("lists.envelope", "lists.parameters"),
    "code_fits_status": ("errors.codes",),
    "loc_leads_there": ("errors.fields",),
    "headers": (DOCUMENT, "limits.retry-after"),
    "content_length": ("http.semantics",),
    "content_type": ("http.semantics", "errors.envelope"),
    "allowed_methods": (DOCUMENT, "http.semantics"),
    "head_is_get": ("http.semantics",),
    "not_modified": ("http.semantics",),
    "request_ids": ("http.request-ids", "runs.record"),
    "dates": ("http.semantics",),
    "challenges": ("auth.bearer",),
    # Laws of several answers.
    "changes_what_it_says": (DOCUMENT,),
    "made_in_its_turn": (DOCUMENT, "identity.uuid7"),
    "keeps_secrets": ("secrets.shown-once", "webhooks.fingerprint"),
    "secrets_told_apart": ("webhooks.fingerprint",),
    "echo": ("runs.create", "batches.create"),
    "records_agree": (DOCUMENT, "runs.terminal-absorbs"),
    "belongs_to_its_path": (DOCUMENT, "errors.absent-and-foreign"),
    "made_is_listed": ("lists.envelope", "batches.list"),
    "nothing_twice": ("lists.envelope", "identity.uuid7"),
    "one_owner": ("errors.absent-and-foreign",),
    "has_what_it_says": ("runs.record", "runs.logs"),
    "says_it_alike": ("secrets.create", "status.health", "status.readiness", "flows.record"),
    "own_output": ("outputs.files",),
    "one_name": ("models.record", "comfyui.slug"),
    "statuses": ("runs.statuses-route",),
    "every_code": ("runs.statuses-route", "assets.types"),
    "in_order": ("lists.parameters",),
    "fields": ("lists.projection",),
    "embedded": ("models.embed",),
    "cursors": ("lists.cursor",),
    "steps": ("runs.steps-within", "runs.node-shares"),
    "latest_evaluation": ("runs.record", "evaluations.of-run"),
    "own_address": ("runs.own-address",),
    "own_parts": (DOCUMENT, "webhooks.record", "models.parts"),
    "addresses_of_parts": ("runs.own-address",),
    "one_target": ("runs.record", "batches.record", "evaluations.record"),
    "changes_nothing_else": (DOCUMENT,),
    "one_secret_signs": ("secrets.current-signs", "secrets.first-is-current"),
    "made_is_there": ("errors.absent-and-foreign", "assets.list-and-delete"),
    "no_reason_without_failure": ("runs.failure-fields", "batches.item-failure-message"),
    "ends_with_its_items": ("batches.status", "callbacks.payload"),
    "durations": ("time.durations",),
    "costs": ("prices.rules", "prices.units", "credits.only-success-is-paid"),
    "batch_tells_of_its_items": ("batches.output", "batches.items"),
    "items_of_batches": ("batches.output", "batches.items"),
    "deliveries_are_kept": ("callbacks.history", "callbacks.attempts"),
    "redelivery_is_asked_for": ("callbacks.redelivery",),
    "progress": ("runs.record", DOCUMENT),
    "begun_before_it_ended": ("runs.lifecycle", "batches.status", "credits.only-success-is-paid"),
    "judged_at_the_end": ("evaluations.lifecycle", "evaluations.record"),
    "deliveries_go_on_or_end": ("callbacks.history", "callbacks.attempts"),
    "happens_when_it_says": ("runs.lifecycle", DOCUMENT),
    "in_its_time": ("runs.logs", "callbacks.once"),
    # Laws of callbacks.
    "callback_schema": ("callbacks.payload", "evaluations.callback-shape"),
    "callback_tells_the_truth": ("callbacks.payload",),
    "callback_is_sent_as_promised": ("callbacks.headers", "callbacks.signature", "webhooks.signature"),
    "callback_repeats_itself": ("callbacks.frozen-bytes",),
    # Stories.
    "key_is_needed": ("auth.before-everything", "auth.bearer"),
    "catalog_is_complete": ("lists.cursor", "models.public-list"),
    "routes_are_told_apart": ("runs.model-path", "models.by-uuid"),
    "odd_read_is_refused": ("lists.parameters", "errors.envelope"),
    "organization_is_closed": ("identity.org-header", "identity.foreign-org"),
    "list_is_complete": ("lists.cursor",),
    "filter_finds": ("lists.filter", "lists.projection"),
    "deleted_is_gone": ("secrets.delete", "errors.absent-and-foreign"),
    "secret_is_shown_once": ("secrets.shown-once",),
    "odd_input_is_refused": ("errors.fields",),
    "run_lives": ("runs.lifecycle", "runs.created-queued"),
    "batch_lives": ("batches.items", "batches.cost"),
    "success_costs": ("credits.only-success-is-paid",),
    "failure_is_free": ("credits.only-success-is-paid",),
    "failed_item_is_free": ("credits.only-success-is-paid", "batches.cost"),
    "poverty_is_told": ("credits.admission",),
    "repeat_is_replayed": ("idempotency.replay", "idempotency.scope"),
    "keys_are_told_apart": ("idempotency.replay", "idempotency.opt-in"),
    "batch_is_cancelled": ("batches.cost", "credits.cancelled-runs"),
    "run_is_cancelled": ("runs.cancel-is-admin",),
    "other_is_absent": ("errors.absent-and-foreign",),
    "callback_is_signed": ("callbacks.signature", "callbacks.frozen-bytes"),
    "callback_says_what_is": ("callbacks.payload",),
    "retry_has_the_same_bytes": ("callbacks.frozen-bytes", "callbacks.attempts"),
    "callback_comes_once": ("callbacks.once",),
    "cancellation_is_told": ("callbacks.payload", "webhooks.events"),
    "delivery_gives_up": ("callbacks.schedule",),
    "any_is_all": ("lists.any-parent",),
    "file_is_there": ("outputs.files", "outputs.no-credential"),
    "file_expires": ("outputs.lifetime", "runs.signed-again", "assets.url-lifetime"),
    "upload_is_kept": ("assets.upload", "media.asset-refs"),
    "foreign_folder_is_refused": ("assets.folders",),
    "price_is_charged": ("prices.rules", "credits.only-success-is-paid"),
    "redelivery_is_told": ("callbacks.redelivery", "callbacks.redelivery-of-runs"),
    "attempts_are_told": ("callbacks.attempts", "callbacks.history"),
    "webhook_is_signed": ("webhooks.signature", "webhooks.events"),
    "current_secret_signs": ("secrets.current-signs",),
    "stale_change_is_refused": (DOCUMENT,),
    "evaluation_is_paid": ("evaluations.price", "evaluations.callback"),
    "page_stays": ("lists.cursor-bound",),
    "filter_finds_in_company": ("lists.filter", "lists.parameters"),
    "comparison_finds": ("lists.filter",),
    "page_has_room": ("lists.parameters", "batches.limits"),
    "instant_is_true": ("runs.lifecycle", DOCUMENT),
    "change_is_dated": (DOCUMENT,),
    "refusal_is_free": ("credits.only-success-is-paid",),
    "webhook_changes": ("webhooks.events", "webhooks.signature"),
    "record_is_ones_own": ("errors.absent-and-foreign",),
    "part_is_below_its_own": ("batches.items", "runs.logs", "webhooks.routes"),
    "reading_is_free": ("credits.only-success-is-paid",),
    "input_is_ones_own": ("errors.absent-and-foreign", "media.asset-refs"),
    "key_is_ones_own": ("idempotency.scope",),
    "odd_value_is_kept": ("runs.create", "callbacks.payload"),
    "webhook_stops": ("webhooks.switched-off",),
    "failure_is_tried_again": ("callbacks.attempts", "callbacks.dedupe"),
    "redelivery_waits": ("callbacks.redelivery", "callbacks.redelivery-of-runs"),
    "webhook_is_tried_again": ("callbacks.attempts", "webhooks.record"),
    "quota_is_told": ("limits.retry-after",),
}
# Flows of which there is one for each group of operations.
FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "rules_of_": (
        "every rule of a request is enforced, every bound reached, and what is optional left out",
        (DOCUMENT, "errors.fields"),
    ),
    "repeats_of_": ("what is sent again under its key is done once", ("idempotency.opt-in", "idempotency.replay")),
    "statuses_of_": ("every declared status comes when it is brought about", (DOCUMENT, "errors.codes")),
}
AGREE = "_agree"


def sources_of(check: str) -> tuple[str, ...]:
    """Returns what a rule of the suite rests on, or nothing where nobody has said it."""
    family = next((sources for start, (_, sources) in FAMILIES.items() if check.startswith(start)), ())
    return SOURCES.get(check) or family or ((DOCUMENT,) if check.endswith(AGREE) else ())


def asked() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Returns every rule with what it asks and its sources, those of a family once."""
    yield A_SCHEMA, "An answer has a declared status, a declared content type, and the form of its schema.", SOURCES[A_SCHEMA]
    for name, law in {**OF_CALLBACKS, **LAWS}.items():
        yield name, str(law.__doc__).partition("\n")[0], sources_of(name)
    for flow in FLOWS:
        if not flow.id.endswith(AGREE) and not flow.id.startswith(tuple(FAMILIES)):
            yield flow.id, _sentence(flow.asks), sources_of(flow.id)
    yield f"…{AGREE}", "Whatever is read of a noun agrees.", (DOCUMENT,)
    for start, (asks, sources) in FAMILIES.items():
        yield f"{start}…", _sentence(asks), sources


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
