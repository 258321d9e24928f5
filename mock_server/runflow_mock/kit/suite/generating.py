"""Generating: requests that schemathesis makes from a document, and its checks on the answers.

All phases run: examples, coverage, fuzzing, and sequences that follow links. Its own list of accepted statuses is lenient enough for a
server that refuses everything; ours is not. schemathesis is an extra: without it there is a message that says how to get it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import parts_of
from runflow_mock.kit.suite.carriers import Answer, CarrierApp, HttpCarrier
from runflow_mock.kit.suite.memories import INFERRED
from runflow_mock.kit.suite.overlays import OLD_ANSWERS, narrowed
from runflow_mock.kit.suite.readings import Unexpected
from runflow_mock.kit.suite.seeds import seed
from runflow_mock.kit.suite.suite_tenants import SuiteTenant, Target, TargetError
from runflow_mock.kit.suite.tallies import BESIDE, Breach, Tally
from runflow_mock.kit.suite.tolerances import asks_for_another, is_tolerated
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.parts import METHODS
from runflow_mock.openapi.public_bundle import proven_document

MISSING = "the contract suite needs schemathesis: pip install 'runflow-mock[contracts]'"
REQUEST_SECONDS_MAX = 10.0
UNEXPECTED_METHODS = ("get", "post", "put", "patch", "delete", "options")
READ_METHODS = ("GET",)
ACCEPTED = ("2xx", "304", "402", "404", "409")
REJECTED = ("400", "401", "404", "405", "409", "413", "415", "422")
PHASES = ("examples", "coverage", "fuzzing")
STATEFUL = "stateful"
REACH = "reach"

Seen = Callable[[Answer], None]


class Effort(msgspec.Struct, frozen=True):
    """How hard to try: examples of each operation, sequences of links, and whether the same are tried every time.

    Whoever wants many of them takes several rounds, each with other requests in a tenant of its own: one tenant has a limit for everything.
    """

    examples: int = 10
    sequences: int = 60
    steps: int = 8
    seed: int = 1
    is_random: bool = False
    rounds: int = 1


EFFORTS: Mapping[str, Effort] = {
    "quick": Effort(examples=3, sequences=25),
    "usual": Effort(),
    "deep": Effort(examples=15, sequences=60, is_random=True, rounds=16),
}


def effort_of(name: str, seed: int | None) -> Effort:
    """Returns an effort by its name; with a seed it makes up other requests than usual, the same for the same seed."""
    chosen = EFFORTS[name]
    return chosen if seed is None else replace(chosen, seed=seed, is_random=True)


def generate(
    target: Target,
    document: Mapping[str, Any],
    effort: Effort,
    *,
    operations: Sequence[str] = (),
    phases: Sequence[str] = PHASES,
    see: Seen | None = None,
    keep: Callable[[Any], None] | None = None,
) -> Tally:
    """Returns what came of generated requests to some operations (`GET /v1/runs`) or all; `see` gets each answer, `keep` each scenario.

    Raises:
        TargetError: schemathesis is not installed.
    """
    tally, contract = Tally(), Contract(dict(document))
    without = OLD_ANSWERS if STATEFUL in phases else ()
    for number in range(effort.rounds):
        again = replace(effort, seed=effort.seed + number)
        # Records of different rounds have different ids: what is known of one must not be taken for another.
        with target.open(seed=str(again.seed)) as tenant:
            try:
                told = _told(document, tenant, without)
            except Unexpected as error:
                tally.broke(Breach(REACH, "sequence", f"nothing could be made to send requests about: {error}"))
                continue
            for event in _events(tenant, told, again, operations, phases):
                _take(event, contract, tally, see, keep)
    return tally


def _told(document: Mapping[str, Any], tenant: SuiteTenant, without: Sequence[str]) -> dict[str, Any]:
    """The document from which requests are made up: narrowed to what stands in the tenant, and to what a strict server has."""
    whole = proven_document(document) if tenant.is_strict and "components" in document else document
    told = narrowed(whole, seed(tenant), without=without)
    if tenant.is_strict:
        gone = {part["operationId"] for item in told["paths"].values() for part in item.values() if _is_inferred(part)}
        for path, item in told["paths"].items():
            told["paths"][path] = {name: part for name, part in item.items() if not _is_inferred(part)}
        part: Any
        for part in parts_of(told):
            if isinstance(part, dict) and "x-strict-pattern" in part:
                part["pattern"] = part["x-strict-pattern"]
                # They were written for the pattern that was there.
                part.pop("examples", None)
            if isinstance(part, dict) and isinstance(part.get("links"), dict):
                part["links"] = {name: link for name, link in part["links"].items() if _operation_of(link, told) not in gone}
    return told


def _is_inferred(part: Any) -> bool:
    return isinstance(part, dict) and part.get("x-evidence") == INFERRED


def _operation_of(link: Any, document: Mapping[str, Any]) -> str:
    """The operation to which a link leads; records have a property of the same name, which leads nowhere."""
    if not isinstance(link, dict):
        return ""
    name = link.get("$ref", "").rpartition("/")[2]
    return str((document["components"]["links"][name] if name else link).get("operationId"))


def labels(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns method and path of every operation."""
    return tuple(f"{method.upper()} {path}" for path, item in document["paths"].items() for method in METHODS if method in item)


def require_generator() -> None:
    """Does nothing where schemathesis is installed.

    Raises:
        TargetError: it is not.
    """
    if find_spec("schemathesis") is None or find_spec("schemathesis.engine") is None:
        raise TargetError(MISSING)


def _events(
    tenant: SuiteTenant, document: Mapping[str, Any], effort: Effort, operations: Sequence[str], phases: Sequence[str]
) -> Iterator[Any]:
    require_generator()
    import schemathesis
    from schemathesis.engine import from_schema

    carrier = tenant.target.carrier
    config = schemathesis.Config.from_dict(_config(tenant, document, effort, phases))
    schema: Any = schemathesis.openapi.from_dict(dict(document), config=config)
    if isinstance(carrier, HttpCarrier):
        schema.config.update(base_url=carrier.url, tls_verify=carrier.authorities)
    else:
        schema.app = CarrierApp(carrier)
    # One filter alone: several would be alternatives, and a target that may only be read must never see anything else.
    chosen = [label for label in labels(document) if label in operations or not operations]
    if not tenant.target.may_create:
        chosen = [label for label in chosen if label.partition(" ")[0] in READ_METHODS]
    if not chosen:
        return iter(())
    schema = schema.include(name=chosen)
    return iter(from_schema(schema).execute())


def _config(tenant: SuiteTenant, document: Mapping[str, Any], effort: Effort, phases: Sequence[str]) -> dict[str, Any]:
    enabled = {phase: {"enabled": phase in phases} for phase in (*PHASES, STATEFUL)}
    return {
        "seed": effort.seed,
        "continue-on-failure": True,
        "workers": 1,
        "request-timeout": REQUEST_SECONDS_MAX,
        **({} if tenant.target.is_mock else {"rate-limit": f"{max(int(tenant.target.pace.requests_per_second), 1)}/s"}),
        **_credentials(document, tenant.admin_key),
        "cache": {"enabled": False},
        "analysis": {"constants": {"enabled": False}},
        "generation": {
            "mode": "all",
            "deterministic": not effort.is_random,
            "database": "none",
            "max-examples": effort.examples,
            "with-security-parameters": False,
            "allow-x00": False,
        },
        "phases": {
            **enabled,
            "coverage": {**enabled["coverage"], "unexpected-methods": _unexpected_methods(tenant)},
            "fuzzing": {**enabled["fuzzing"], "error-feedback": {"enabled": False}},
            STATEFUL: {**enabled[STATEFUL], "max-steps": effort.steps, "generation": {"max-examples": effort.sequences}},
        },
        "checks": {
            "positive_data_acceptance": {"expected-statuses": list(ACCEPTED)},
            "negative_data_rejection": {"expected-statuses": list(REJECTED)},
        },
    }


def _unexpected_methods(tenant: SuiteTenant) -> list[str]:
    """A strict server has no route at all where the document only infers one: there a GET is no other method, but another path."""
    if not tenant.target.may_create:
        return []
    return [method for method in UNEXPECTED_METHODS if not (tenant.is_strict and method == "get")]


def _credentials(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The key under the name that the document has for it; a document that knows of none gets it as a header."""
    schemes = (document.get("components") or {}).get("securitySchemes") or {}
    name = next((name for name, scheme in schemes.items() if str(scheme.get("scheme")).lower() == "bearer"), None)
    if name is None:
        return {"auth": {"auto-signup": False}, "headers": {"Authorization": f"Bearer {key}"}}
    return {"auth": {"auto-signup": False, "openapi": {name: {"bearer": key}}}}


def _take(event: Any, contract: Contract, tally: Tally, see: Seen | None, keep: Callable[[Any], None] | None) -> None:
    """Adds one event of the engine to a tally."""
    kind = type(event).__name__
    if kind in ("NonFatalError", "FatalError"):
        problem = getattr(event, "value", None) or getattr(event, "exception", None)
        tally.errors.append(f"{getattr(event, 'label', 'the generator')}: {problem!r}"[:500])
    if kind != "ScenarioFinished":
        return
    recorder = event.recorder
    for name, node in recorder.cases.items():
        interaction = recorder.interactions.get(name)
        if interaction is None or interaction.response is None:
            continue
        answer = _answer(interaction)
        tally.cases += 1
        tally.phases[event.phase.value] += 1
        addressed = contract.address(answer.path)
        declared = None if addressed is None else contract.operation(addressed.path, answer.method)
        operation = (None if declared is None else declared.id) or BESIDE
        tally.answers[operation, answer.status] += 1
        if node.transition is not None:
            tally.links[node.transition.id] += 1
        if see is not None:
            see(answer)
        for check in recorder.checks.get(name, ()):
            tally.checks[check.name] += 1
            failure = check.failure_info
            if failure is not None and not is_tolerated(check.name, answer) and not _asks_for_another(check.name, answer, recorder, node):
                says = f"{failure.failure.title}: {failure.failure.message}".strip()
                tally.broke(Breach(check.name, operation, says[:600], f"{answer.evidence} of {failure.code_sample[-300:]}"))
    if keep is not None:
        keep(recorder)


def _asks_for_another(check: str, answer: Answer, recorder: Any, node: Any) -> bool:
    creating = recorder.interactions.get(node.parent_id)
    return creating is not None and creating.response is not None and asks_for_another(check, answer, _answer(creating))


def _answer(interaction: Any) -> Answer:
    request, response = interaction.request, interaction.response
    target = "/" + request.uri.partition("://")[2].partition("/")[2]
    headers = {name.lower(): values[0] for name, values in response.headers.items()}
    sent = {name.lower(): values[0] for name, values in request.headers.items()}
    body = request.body or b""
    return Answer(request.method, target, response.status_code, headers, response.content or b"", sent, body)
