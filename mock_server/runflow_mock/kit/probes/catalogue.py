"""All probes for receivers, in one literal table; the first one is the control of all others."""

from collections.abc import Mapping
from typing import Any

import msgspec

from runflow_mock.domain.verdicts import Weight
from runflow_mock.kit.probes import content_steps, effect_steps, event_steps, file_steps, known_steps, probe_steps, signer_steps
from runflow_mock.kit.probes.content_steps import moved, with_fields
from runflow_mock.kit.probes.effect_steps import where_told
from runflow_mock.kit.probes.forgeries import (
    ATTEMPTS,
    CALLERS,
    DATED,
    FORGERIES,
    NESTED,
    NEWS,
    NO_SECRETS,
    ODD_FORMS,
    ODD_TIMESTAMPS,
    OF_EACH_EVENT,
    SAME_TO_READERS,
    UNHEARD_OF,
    WELL_KNOWN,
    of_event,
    old_of_event,
    saying,
    telling,
)
from runflow_mock.testing.samples import EVENTS, SampleCallback

# Ten seconds within the five minutes that are documented, and ten seconds beyond.
INSIDE, OUTSIDE = 290, 310


class Probe(msgspec.Struct, frozen=True):
    """One thing that a receiver is sent: what it is called, the rule that it is about, and how.

    `needs_timestamp` where it is about when a sample was signed, `needs_document` where it is about what the user's own document says;
    `event` is the one that it is about, where that is no matter of choice.
    """

    name: str
    rule: str
    step: probe_steps.ProbeStep
    needs_timestamp: bool = False
    needs_document: bool = False
    event: str | None = None


ASKS: Mapping[str, str] = {
    "takes-genuine": "A genuine callback is answered with 2xx.",
    "takes-every-event": "Every documented event is answered with 2xx, whether it is of interest or not.",
    "verifies-raw-bytes": "The signature is checked over the raw bytes, not over what was decoded, trimmed, or parsed and written again.",
    "refuses-forged": "What is not signed with the secret, over these bytes, is not answered with 2xx.",
    "refuses-stale": "A timestamp more than five minutes off is not answered with 2xx, although the signature fits.",
    "takes-delayed": "A timestamp a few minutes off is answered with 2xx: clocks differ.",
    "takes-repeats": "What was delivered already is answered with 2xx again, so that the sender stops.",
    "acts-once": "Each delivery has one effect, however often it arrives, and whatever else arrives at the same moment.",
    "acts-after-verifying": "What is forged or stale has no effect, and takes none from the genuine callback that follows.",
    "takes-any-order": "Callbacks are taken in whatever order they arrive.",
    "takes-late": "What ended long ago is taken as well: attempts go on for half an hour, and can be asked for later.",
    "takes-slow-bodies": "A body that arrives slowly is read to its end.",
    "takes-nulls": "When something ended, and how long it took, may be null by the document, and is taken as that.",
    "takes-large-bodies": "A body with as much metadata, or as many items, as the API takes is taken: a limit of its own is above it.",
    "takes-previous-secret": "During a rotation a callback under the secret before the present one is taken.",
    "tolerates-news": "Fields and events that nobody documented yet are answered with 2xx.",
    "tolerates-spelling": "Headers, content types and instants that are spelled differently and mean the same are taken.",
    "survives-oddities": "Odd methods, headers and bodies are answered, and not with an error of the receiver's own.",
    "answers-as-declared": "The status of an answer is one that the document given with --openapi declares.",
    "keeps-secrets": "No answer holds the secret, or the signature that a forgery lacks.",
    "answers-in-time": "Every answer comes before the sender gives up waiting.",
}
WARNINGS = frozenset(("tolerates-spelling", "survives-oddities", "takes-nulls"))
IN_TIME, KEEPS_SECRETS = "answers-in-time", "keeps-secrets"


def weight_of(rule: str) -> Weight:
    """Returns how much it matters that a rule is broken."""
    return Weight.WARNING if rule in WARNINGS else Weight.ERROR


def _with_field(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "x_unknown": {"since": "tomorrow"}}


def _with_field_within(message: dict[str, Any]) -> dict[str, Any]:
    output = message["output"]
    return {**message, "output": {**output, "x_unknown": [1]} if isinstance(output, dict) else output}


def _with_other_duration(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "duration_ms": (message["duration_ms"] or 0) + 1}


def _with_other_end(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "completed_at": moved(message)["completed_at"]}


def _with_other_output(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "output": _otherwise(message["output"])}


def _otherwise(value: Any) -> Any:
    """A value of the same form in which addresses and sentences are others."""
    if isinstance(value, dict):
        return {name: _otherwise(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_otherwise(part) for part in value]
    return f"{value}&again" if isinstance(value, str) and (" " in value or "://" in value) else value


def _in_other_form(message: dict[str, Any]) -> dict[str, Any]:
    """The output as most models have it, of which another model than the sample's may be asked for."""
    picture = {"type": "image", "url": "https://media.example/out/result_00001_.webp", "width": 800, "height": 800}
    return {**message, "output": {"outputs": [picture], "seed": None, "timing": None, "nsfw_detected": False}}


def _without_labels(message: dict[str, Any]) -> dict[str, Any]:
    output = message["output"]
    return {**message, "output": {**output, "items": [{**item, "client_ref": None} for item in output["items"]]}}


def _lower(sample: SampleCallback) -> SampleCallback:
    return SampleCallback({name.lower(): value for name, value in sample.headers.items()}, sample.body)


def _with_charset(sample: SampleCallback) -> SampleCallback:
    return sample.with_headers(Content_Type="application/json; charset=utf-8")


def _with_header(sample: SampleCallback) -> SampleCallback:
    return sample.with_headers(Runflow_Region="eu-1")


def _as_text(sample: SampleCallback) -> SampleCallback:
    return sample.with_headers(Content_Type="text/plain")


def _bare(sample: SampleCallback) -> SampleCallback:
    return SampleCallback({"Content-Type": "application/json"}, sample.body)


def _short(sample: SampleCallback) -> SampleCallback:
    return sample.with_headers(Runflow_Signature="v1=00")


def _untyped(sample: SampleCallback) -> SampleCallback:
    return sample.with_headers(Content_Type=None)


def _upper(sample: SampleCallback) -> SampleCallback:
    return SampleCallback({name.upper(): value for name, value in sample.headers.items()}, sample.body)


# What is tried for every event, where it is taken: the rule that it is about, and how.
OF_OTHER_EVENTS: Mapping[str, tuple[str, probe_steps.ProbeStep]] = {
    "unusual bytes": ("verifies-raw-bytes", content_steps.takes_unusual_bytes),
    "forged": ("refuses-forged", event_steps.refuses_all({name: FORGERIES[name] for name in OF_EACH_EVENT})),
    "retired secret": ("refuses-forged", probe_steps.refuses_retired_secret),
    "copy": ("takes-repeats", probe_steps.takes_copy),
    "next attempt": ("takes-repeats", probe_steps.takes_next_attempt),
    "reordered": ("takes-any-order", content_steps.takes_any_order),
    "last attempt": ("takes-late", content_steps.takes_late),
    "rotation": ("takes-previous-secret", probe_steps.at_rotation()),
    "unknown field": ("tolerates-news", content_steps.takes_rewritten(_with_field)),
    "unknown field in the output": ("tolerates-news", content_steps.takes_rewritten(_with_field_within, _with_other_output)),
    "whole seconds": ("tolerates-spelling", content_steps.takes_spelled(unit="seconds")),
    "the other offset": ("tolerates-spelling", content_steps.takes_spelled(swaps_offset=True)),
    "no duration": ("takes-nulls", content_steps.takes_rewritten(with_fields(duration_ms=None), _with_other_duration)),
    "no instant of its end": ("takes-nulls", content_steps.takes_rewritten(with_fields(completed_at=None), _with_other_end)),
}
DATED_OF_OTHER_EVENTS: Mapping[str, tuple[str, probe_steps.ProbeStep]] = {
    "5:10 old": ("refuses-stale", probe_steps.refuses_at(-OUTSIDE)),
    "5:10 ahead": ("refuses-stale", probe_steps.refuses_at(OUTSIDE)),
    "4:50 old": ("takes-delayed", probe_steps.takes_at(-INSIDE)),
    "4:50 ahead": ("takes-delayed", probe_steps.takes_at(INSIDE)),
}

CONTROL = Probe("genuine", "takes-genuine", probe_steps.takes_genuine)

PROBES: tuple[Probe, ...] = (
    CONTROL,
    # Before any other batch: whoever takes all of them for one has acted then.
    Probe("each batch", "acts-once", where_told(effect_steps.acts_on_each("batch.succeeded")), event="batch.succeeded"),
    Probe("each evaluation", "acts-once", where_told(effect_steps.acts_on_each("evaluation.completed")), event="evaluation.completed"),
    *(Probe(event, "takes-every-event", probe_steps.takes(event), event=event) for event in EVENTS),
    Probe("status of the answer", "answers-as-declared", probe_steps.answers_as_declared, needs_document=True),
    # Who takes a signature for a number refuses one in sixteen, or one in two; who strips each letter of `v1=`, one in sixteen.
    Probe("signature that begins with 0", "takes-genuine", probe_steps.takes_beginning_with("0")),
    Probe("signature that begins with 1", "takes-genuine", probe_steps.takes_beginning_with("1")),
    Probe("signature that begins with f", "takes-genuine", probe_steps.takes_beginning_with("f")),
    Probe("unusual bytes", "verifies-raw-bytes", content_steps.takes_unusual_bytes),
    Probe("unusual white space", "verifies-raw-bytes", content_steps.takes_unusual_spaces),
    Probe("letter in two parts", "verifies-raw-bytes", content_steps.takes_cut_letter),
    *(Probe(name, "verifies-raw-bytes", probe_steps.refuses(forge, FORGERIES["changed body"])) for name, forge in SAME_TO_READERS.items()),
    *(Probe(name, "refuses-forged", probe_steps.refuses(forge)) for name, forge in FORGERIES.items()),
    *(Probe(name, "refuses-forged", event_steps.refuses_secret(secret)) for name, secret in NO_SECRETS.items()),
    *(Probe(name, "refuses-forged", probe_steps.refuses(forge), needs_timestamp=True) for name, forge in DATED.items()),
    # Whoever verifies what it acts on takes what it only writes down from anybody.
    *(Probe(f"{event}, wrong secret", "refuses-forged", probe_steps.refuses(of_event(event)), event=event) for event in EVENTS),
    Probe("unknown event, wrong secret", "refuses-forged", probe_steps.refuses(telling(event=UNHEARD_OF)), event=NEWS),
    Probe("known delivery, wrong secret", "refuses-forged", known_steps.refuses_known),
    Probe("half of the digits right, rotation", "refuses-forged", probe_steps.refuses_at_rotation),
    Probe("known signature, other body", "refuses-forged", known_steps.refuses_known_signature),
    Probe("known but for one part", "refuses-forged", known_steps.refuses_all_but_known),
    Probe("secret written otherwise", "refuses-forged", signer_steps.refuses_derived_secrets),
    Probe("signature of what everybody sees", "refuses-forged", signer_steps.refuses_self_made),
    Probe(
        "secrets that everybody knows",
        "refuses-forged",
        event_steps.in_turn({name: event_steps.refuses_secret(secret) for name, secret in WELL_KNOWN.items()}),
    ),
    Probe("wrong secret, from others of one's own", "refuses-forged", event_steps.refuses_all(CALLERS)),
    Probe("wrong secret, beside the genuine one", "refuses-forged", event_steps.refuses_beside_genuine),
    Probe("wrong secret, by another method", "refuses-forged", event_steps.refuses_as_get),
    Probe("retired secret", "refuses-forged", probe_steps.refuses_retired_secret),
    Probe("5:10 old", "refuses-stale", probe_steps.refuses_at(-OUTSIDE), needs_timestamp=True),
    Probe("5:10 ahead", "refuses-stale", probe_steps.refuses_at(OUTSIDE), needs_timestamp=True),
    # Who counts minutes without hours, or seconds without days, takes these.
    *(
        Probe(name, "refuses-stale", probe_steps.refuses_at(seconds), needs_timestamp=True)
        for name, seconds in (("an hour old", -3600), ("a day old", -86400), ("a day ahead", 86400))
    ),
    Probe("hours, weeks and years off", "refuses-stale", event_steps.refuses_far_off, needs_timestamp=True),
    # Each attempt is signed anew: of a later one an old timestamp is no older.
    Probe("an hour old, last attempt", "refuses-stale", probe_steps.refuses_at(-3600, ATTEMPTS), needs_timestamp=True),
    # Whoever tries one secret after the other may look at the time for the first of them alone.
    Probe("an hour old, rotation", "refuses-stale", probe_steps.at_rotation(seconds_ago=3600), needs_timestamp=True),
    # Whoever has a handler of its own for each event may look at the time in some of them alone.
    *(
        Probe(
            f"{event}, an hour old",
            "refuses-stale",
            probe_steps.refuses(old_of_event(event), of_event(event)),
            needs_timestamp=True,
            event=event,
        )
        for event in EVENTS
    ),
    Probe("4:50 old", "takes-delayed", probe_steps.takes_at(-INSIDE), needs_timestamp=True),
    Probe("4:50 ahead", "takes-delayed", probe_steps.takes_at(INSIDE), needs_timestamp=True),
    Probe("copy", "takes-repeats", probe_steps.takes_copy),
    Probe("next attempt", "takes-repeats", probe_steps.takes_next_attempt),
    Probe("repeats", "acts-once", where_told(effect_steps.acts_once)),
    Probe("next attempts of every event", "acts-once", where_told(effect_steps.acts_once_for_each_event)),
    Probe("ids that are alike", "acts-once", where_told(effect_steps.acts_on_each_alike)),
    Probe("moments that are alike", "acts-once", where_told(effect_steps.acts_on_each_of_one_moment)),
    Probe("copies at once", "acts-once", where_told(effect_steps.acts_once_at_once)),
    Probe("attempts at once", "acts-once", where_told(effect_steps.acts_once_for_attempts_at_once)),
    Probe("forged, without effect", "acts-after-verifying", where_told(effect_steps.acts_after_verifying)),
    Probe("genuine after forged", "acts-after-verifying", effect_steps.acts_after_forgery),
    Probe("repeat after forged", "acts-after-verifying", where_told(effect_steps.acts_once_despite_forgery)),
    Probe("file of a forgery", "acts-after-verifying", file_steps.fetches_after_verifying),
    Probe("reordered", "takes-any-order", content_steps.takes_any_order),
    Probe("last attempt", "takes-late", content_steps.takes_late),
    Probe("slow body", "takes-slow-bodies", probe_steps.takes_slow_body),
    Probe("large body", "takes-large-bodies", content_steps.takes_large_body),
    Probe("large batch", "takes-large-bodies", content_steps.takes_large_batch, event="batch.succeeded"),
    Probe("rotation", "takes-previous-secret", probe_steps.at_rotation()),
    Probe("rotation, next attempt", "takes-previous-secret", probe_steps.at_rotation(attempt=2)),
    Probe("unknown field", "tolerates-news", content_steps.takes_rewritten(_with_field)),
    Probe("unknown field in the output", "tolerates-news", content_steps.takes_rewritten(_with_field_within, _with_other_output)),
    Probe("unknown header", "tolerates-news", probe_steps.takes_changed(_with_header)),
    Probe("unknown event", "tolerates-news", content_steps.takes_new_event, event=NEWS),
    Probe("unknown events of every noun", "tolerates-news", event_steps.takes_new_events, event=NEWS),
    *(
        Probe(name, "tolerates-news", event_steps.takes_items_with(news), event="batch.succeeded")
        for name, news in (("unknown field of items", {"x_unknown": 1}), ("unknown state of items", {"status_code": "hibernating"}))
    ),
    Probe("lower-case headers", "tolerates-spelling", probe_steps.takes_changed(_lower)),
    Probe("upper-case headers", "tolerates-spelling", probe_steps.takes_changed(_upper)),
    Probe("charset", "tolerates-spelling", probe_steps.takes_changed(_with_charset)),
    # What began and ended on a second has no fraction in many a library; and each dialect has another offset.
    Probe("whole seconds", "tolerates-spelling", content_steps.takes_spelled(unit="seconds")),
    Probe("microseconds", "tolerates-spelling", content_steps.takes_spelled(unit="microseconds")),
    Probe("the other offset", "tolerates-spelling", content_steps.takes_spelled(swaps_offset=True)),
    Probe("no duration", "takes-nulls", content_steps.takes_rewritten(with_fields(duration_ms=None), _with_other_duration)),
    Probe("no instant of its end", "takes-nulls", content_steps.takes_rewritten(with_fields(completed_at=None), _with_other_end)),
    Probe("GET", "survives-oddities", probe_steps.survives_method("GET")),
    Probe("HEAD", "survives-oddities", probe_steps.survives_method("HEAD")),
    Probe("PUT", "survives-oddities", probe_steps.survives_method("PUT")),
    Probe("text/plain", "survives-oddities", probe_steps.survives_headers(_as_text)),
    Probe("no content type", "survives-oddities", probe_steps.survives_headers(_untyped)),
    Probe("no headers", "survives-oddities", probe_steps.survives_headers(_bare)),
    Probe("short signature", "survives-oddities", probe_steps.survives_headers(_short)),
    # What compares texts, or counts, raises something at these in many languages, before anything is verified.
    Probe(
        "odd letters in the signature",
        "survives-oddities",
        probe_steps.survives_forgery("odd letters in the signature", FORGERIES["signature beyond ASCII"]),
    ),
    Probe(
        "odd timestamp",
        "survives-oddities",
        probe_steps.survives_forgery("odd timestamp", DATED["timestamp that is no number"]),
        needs_timestamp=True,
    ),
    Probe(
        "endless timestamp",
        "survives-oddities",
        probe_steps.survives_forgery("endless timestamp", DATED["timestamp beyond all numbers"]),
        needs_timestamp=True,
    ),
    Probe("odd timestamps of other kinds", "survives-oddities", event_steps.survives_all(ODD_TIMESTAMPS), needs_timestamp=True),
    Probe("signatures, deliveries and messages of odd forms", "survives-oddities", event_steps.survives_all(ODD_FORMS)),
    # What anybody can send: parsed before it is verified, it is more than a parser that calls itself can take.
    Probe("nested without end", "survives-oddities", probe_steps.survives_forgery("nested without end", saying(NESTED))),
    Probe("odd forgeries", "refuses-forged", known_steps.refuses_odd),
    Probe("no JSON", "survives-oddities", probe_steps.survives(b"not json")),
    Probe("no text", "survives-oddities", probe_steps.survives(b"\xff\xfe")),
    Probe("a list", "survives-oddities", probe_steps.survives(b"[]")),
    Probe("null", "survives-oddities", probe_steps.survives(b"null")),
    Probe("a text", "survives-oddities", probe_steps.survives(b'"run.completed"')),
    Probe("no event", "survives-oddities", probe_steps.survives(b"{}")),
    Probe("no event that can be read", "survives-oddities", event_steps.survives_odd_events),
    Probe("no body", "survives-oddities", probe_steps.survives(b"")),
    Probe("a number", "survives-oddities", probe_steps.survives(b"42")),
    Probe("half a message", "survives-oddities", probe_steps.survives(b'{"event":"run.completed","run_id":')),
    Probe("no client_ref", "survives-oddities", content_steps.survives_rewritten(with_fields(client_ref=None, metadata=None))),
    Probe("output of another form", "survives-oddities", content_steps.survives_rewritten(_in_other_form)),
    Probe(
        "items without client_ref",
        "survives-oddities",
        content_steps.survives_rewritten(_without_labels, "batch.succeeded"),
        event="batch.succeeded",
    ),
    # Behind whatever needs a record of the application by itself: this one needs several, and there may be no more.
    Probe("others at once", "acts-once", where_told(effect_steps.acts_on_each_at_once)),
    # As late as can be: a memory that is too short has forgotten by then.
    Probe("repeat at the end", "acts-once", where_told(effect_steps.acts_once_later)),
    # Last of all, and whatever comes before has had its time: these are many.
    *(Probe(f"other events, {name}", rule, event_steps.of_other_events(step)) for name, (rule, step) in OF_OTHER_EVENTS.items()),
    *(
        Probe(f"other events, {name}", rule, event_steps.of_other_events(step), needs_timestamp=True)
        for name, (rule, step) in DATED_OF_OTHER_EVENTS.items()
    ),
)
