"""Laws of twins: what an answer says in two ways it says alike."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.memories import Memory, Record

OK, UNAVAILABLE = 200, 503
COUNTING = frozenset(("Flow", "FlowSummary"))
DATABASE, REDIS = ("ok", "failed"), ("ok", "degraded", "disabled")


def says_it_alike(answer: Answer, memory: Memory) -> Iterator[str]:
    """A secret has one text under both names, a service is up in each word, a run failed for one code, and a flow counts its nodes."""
    operation = "" if memory.operation is None else memory.operation.id
    if operation in TWINS and isinstance(answer.json, dict) and answer.method != "HEAD" and answer.status in (OK, 201, UNAVAILABLE):
        yield from TWINS[operation](answer.json, answer.status)
    for part in memory.parts:
        code = object_of(part.value.get("error")).get("code")
        if part.described.name == "Run" and None not in (code, part.value.get("failure_code")) and code != part.value["failure_code"]:
            yield f"run {part.value.get('id')} has the failure_code {part.value['failure_code']!r}, and the code {code!r} in its error"
    for part in memory.parts if answer.status == OK else ():
        nodes, count = part.value.get("nodes"), part.value.get("node_count")
        if part.described.name in COUNTING and isinstance(nodes, list) and nodes and isinstance(count, int) and count != len(nodes):
            yield f"{part.described.name} {part.value.get('id')} has {len(nodes)} nodes, and counts {count}"


def _secret(told: Record, status: int) -> Iterator[str]:
    if told.get("secret") != told.get("plain_secret"):
        yield "secret and plain_secret are not the same"
    prefix = told.get("key_prefix")
    # In an example of the contract it stands behind `whsec_`, and that may stand behind `rf_`.
    before, word, behind = str(told.get("secret")).rpartition("whsec_")
    if isinstance(prefix, str) and not any(text.startswith(prefix) for text in (f"{before}{word}{behind}", f"{word}{behind}", behind)):
        yield f"key_prefix is {prefix!r}, and the secret does not begin so"


def _health(told: Record, status: int) -> Iterator[str]:
    if status == OK and (told.get("status"), told.get("ok", True)) != ("ok", True):
        yield f"a service that answers {status} says {told}"


def _readiness(told: Record, status: int) -> Iterator[str]:
    if told.get("status") != {OK: "ok", UNAVAILABLE: "unavailable"}.get(status):
        yield f"a service that answers {status} says that it is {told.get('status')!r}"
    checks: Mapping[str, Any] = object_of(told.get("checks"))
    database, redis = checks.get("database", "ok"), checks.get("redis", "ok")
    is_ready = database == "ok" and redis != "disabled"
    # A server that looks at more of itself may have another reason not to be ready.
    knows_why = status == OK or checks.keys() == {"database", "redis"}
    if database not in DATABASE or redis not in REDIS:
        yield f"the parts of a service are {checks}"
    elif checks.keys() >= {"database", "redis"} and knows_why and (status == OK) is not is_ready:
        yield f"a service that answers {status} has the parts {checks}"


TWINS: Mapping[str, Callable[[Record, int], Iterator[str]]] = {
    "create_callback_secret": _secret,
    "get_health": _health,
    "get_readiness": _readiness,
}
LAWS = {"says_it_alike": says_it_alike}
