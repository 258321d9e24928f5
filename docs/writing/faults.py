"""Faults: kinds, their fields, and an example of each that runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runflow_mock.domain.fault_kinds import KINDS, Family, Kind
from runflow_mock.domain.magic import MAGIC, REF_PREFIX
from runflow_mock.wire.fault_kinds import FIELDS, fields_of, required_of
from writing.markdown import block, names, post, table

Json = Mapping[str, Any]

# A rule that shows the kind at work. Every kind has one: `examples` raises where it has none.
EXAMPLES: Mapping[str, Json] = {
    "fail": {"what": {"kind": "fail", "failure_code": "TIMEOUT"}, "where": {"edge": "batch.item[1]"}},
    "succeed": {"what": {"kind": "succeed", "duration": "90s", "cost": "0.50"}, "where": {"client_ref": "sku-7"}},
    "succeed_partially": {"what": {"kind": "succeed_partially", "missing": 1}},
    "delay": {"what": {"kind": "delay", "by": "10m"}, "where": {"edge": "run.queued->dispatching"}},
    "after_polls": {"what": {"kind": "after_polls", "polls": 3}, "where": {"model": "runflow/background-removal"}},
    "answer": {"what": {"kind": "answer", "status": 429, "retry_after": 2}, "where": {"operation": "create_run"}, "when": {"times": 1}},
    "html": {"what": {"kind": "html", "status": 502}, "where": {"path": "/v1/runs/**"}, "when": {"times": 1}},
    "hang": {"what": {"kind": "hang", "seconds": 30}, "where": {"operation": "create_model_batch"}},
    "reset": {"what": {"kind": "reset"}, "where": {"edge": "after_create_before_response"}, "when": {"times": 1}},
    "empty": {"what": {"kind": "empty"}, "where": {"method": "POST"}, "when": {"every": 3}},
    "garbage": {"what": {"kind": "garbage"}, "where": {"edge": "on_poll[2]"}},
    "latency": {"what": {"kind": "latency", "seconds": 0.2, "up_to": 0.8}, "when": {"probability": 0.5}},
    "reset_after_headers": {"what": {"kind": "reset_after_headers"}, "where": {"operation": "list_runs"}},
    "truncate": {"what": {"kind": "truncate"}, "where": {"path": "/media/**"}, "when": {"times": 1}},
    "wrong_length": {"what": {"kind": "wrong_length", "bytes_more": 10}, "where": {"edge": "on_poll[1]"}},
    "slow_body": {"what": {"kind": "slow_body", "seconds": 3}, "where": {"operation": "get_run"}},
    "malformed": {"what": {"kind": "malformed"}, "where": {"edge": "on_poll[1]"}},
    "unknown_enum": {"what": {"kind": "unknown_enum", "field": "status_code", "value": "hibernating"}, "where": {"edge": "on_poll[1]"}},
    "unknown_fields": {"what": {"kind": "unknown_fields", "fields": {"carbon_grams": 3}}},
    "callback.before_response": {"what": {"kind": "callback.before_response"}},
    "callback.delay": {"what": {"kind": "callback.delay", "by": "1h"}, "where": {"callback": "batch.*"}},
    "callback.late_after_cancel": {"what": {"kind": "callback.late_after_cancel", "by": "10m"}},
    "callback.reorder": {"what": {"kind": "callback.reorder"}, "when": {"times": 1}},
    "callback.drop": {"what": {"kind": "callback.drop"}, "where": {"callback": "run.succeeded"}, "when": {"times": 1}},
    "callback.duplicate": {"what": {"kind": "callback.duplicate", "copies": 3}},
    "callback.fail": {"what": {"kind": "callback.fail", "status": 503}, "when": {"times": 4}},
    "callback.redirect": {"what": {"kind": "callback.redirect", "status": 302}, "when": {"times": 1}},
    "callback.unsigned": {"what": {"kind": "callback.unsigned"}, "when": {"times": 1}},
    "callback.wrong_secret": {"what": {"kind": "callback.wrong_secret"}, "when": {"times": 1}},
    "callback.previous_secret": {"what": {"kind": "callback.previous_secret"}},
    "callback.stale": {"what": {"kind": "callback.stale", "by": "6m"}, "when": {"times": 1}},
    "callback.future": {"what": {"kind": "callback.future", "by": "6m"}, "when": {"times": 1}},
    "callback.tamper": {"what": {"kind": "callback.tamper"}, "when": {"times": 1}},
    "callback.respace": {"what": {"kind": "callback.respace"}, "when": {"times": 1}},
    "callback.line_break": {"what": {"kind": "callback.line_break"}, "when": {"times": 1}},
    "callback.fields": {"what": {"kind": "callback.fields", "fields": {"duration_ms": None}}, "when": {"times": 1}},
    "callback.near_signature": {"what": {"kind": "callback.near_signature"}, "when": {"times": 1}},
}


def kinds_of(family: Family) -> str:
    """Returns the kinds of a family, with what each takes: what it cannot do without is in bold."""
    kinds = [kind for kind in KINDS if kind.family is family]
    rows = ((f"`{kind.name}`", _fields(fields_of(kind), required_of(kind)), kind.summary, str(kind.acts_at)) for kind in kinds)
    return table(("kind", "takes", "what happens", "decided"), rows)


def fields() -> str:
    """Returns the fields that kinds take."""
    rows = ((f"`{name}`", field.says, names(kind.name for kind in KINDS if name in fields_of(kind))) for name, field in FIELDS.items())
    return table(("field", "what it says", "taken by"), rows)


def magic() -> str:
    """Returns the magic values."""
    return table(("value", "what happens"), ((f"`{REF_PREFIX}{name}`", value.says) for name, value in MAGIC.items()))


def examples(family: Family) -> str:
    """Returns a section for each kind of a family: what it does, a command, and the same line for a test."""
    return "\n".join(_example(kind) for kind in KINDS if kind.family is family)


def call(rule: Json) -> str:
    """Returns the line of a test that makes the same rule as the control API does of its JSON."""
    what, where = rule["what"], rule.get("where")
    given = {
        "what": what["kind"] if what.keys() == {"kind"} else what,
        "where": where["edge"] if where and where.keys() == {"edge"} else where,
        "when": rule.get("when"),
    }
    arguments = ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)
    return f"runflow.faults.add({arguments})".replace("'", '"')


def _example(kind: Kind) -> str:
    rule = EXAMPLES[kind.name]
    takes = names(fields_of(kind)) or "nothing"
    return (
        f"### `{kind.name}`\n\n{kind.summary} Takes {takes}. Decided {kind.acts_at}.\n\n"
        f"{block('sh', post('/_mock/faults', rule))}\nIn a test: `{call(rule)}`\n"
    )


def _fields(given: tuple[str, ...], required: tuple[str, ...]) -> str:
    return ", ".join(f"**`{name}`**" if name in required else f"`{name}`" for name in given) or "nothing"
