"""Laws of twins: what an answer says in two ways it says alike."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.memories import Memory, Record

OK, UNAVAILABLE = 200, 503
COUNTING = frozenset(("Flow", "FlowSummary"))
DATABASE, REDIS = ("ok", "failed"), ("ok", "degraded", "disabled")


def says_it_alike(answer: Answer, memory: Memory) -> Iterator[str]:
    """A secret has one text under both names, a service is up or ready in each word, and a flow counts as many nodes as it shows."""
    operation = "" if memory.operation is None else memory.operation.id
    if operation in TWINS and isinstance(answer.json, dict) and answer.method != "HEAD" and answer.status in (OK, 201, UNAVAILABLE):
        yield from TWINS[operation](answer.json, answer.status)
    for part in memory.parts if answer.status == OK else ():
        nodes, count = part.value.get("nodes"), part.value.get("node_count")
        if part.described.name in COUNTING and isinstance(nodes, list) and nodes and "node_count" in part.value and count != len(nodes):
            yield f"{part.described.name} {part.value.get('id')} has {len(nodes)} nodes, and counts {count}"


def _secret(told: Record, status: int) -> Iterator[str]:
    if told.get("secret") != told.get("plain_secret"):
        yield "secret and plain_secret are not the same"
    prefix = told.get("key_prefix")
    if isinstance(prefix, str) and not str(told.get("secret")).startswith(prefix):
        yield f"key_prefix is {prefix!r}, and the secret begins otherwise"


def _health(told: Record, status: int) -> Iterator[str]:
    if status == OK and (told.get("status"), told.get("ok", True)) != ("ok", True):
        yield f"a service that answers {status} says {told}"


def _readiness(told: Record, status: int) -> Iterator[str]:
    if told.get("status") != {OK: "ok", UNAVAILABLE: "unavailable"}.get(status):
        yield f"a service that answers {status} says that it is {told.get('status')!r}"
    checks: dict[str, Any] = told.get("checks") or {}
    database, redis = checks.get("database", "ok"), checks.get("redis", "ok")
    if database not in DATABASE or redis not in REDIS:
        yield f"the parts of a service are {checks}"
    elif checks.keys() >= {"database", "redis"} and (status == OK) is not (database == "ok" and redis != "disabled"):
        yield f"a service that answers {status} has the parts {checks}"


TWINS: Mapping[str, Callable[[Record, int], Iterator[str]]] = {
    "create_callback_secret": _secret,
    "get_health": _health,
    "get_readiness": _readiness,
}
LAWS = {"says_it_alike": says_it_alike}
