"""Why a callback did not arrive: what a tenant's world says about it, in words, with the way out.

It reads the bodies of the control API, so that whoever has them can be told: the command `doctor` and the inspector.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from runflow_mock.domain.signing import told_refusal

Record = Mapping[str, Any]
TERMINAL = frozenset(("succeeded", "partial_succeeded", "failed", "cancelled", "canceled"))
ANSWER_CHARACTERS_MAX = 200


class Finding(msgspec.Struct, frozen=True):
    """Something found about a record: whether it keeps a callback from arriving, and what to do."""

    about: str
    says: str
    way_out: str | None = None
    is_problem: bool = True


def _host_not_allowed(delivery: Record) -> str:
    host = urlsplit(delivery["url"]).hostname
    origin = "://".join(urlsplit(delivery["url"])[:2])
    return (
        f"serve --callback-hosts {host} allows the host, --callback-rewrite {origin}=http://127.0.0.1:PORT sends its callbacks elsewhere, "
        "and `runflow-mock listen` is a receiver on loopback"
    )


# Rules of these kinds let a callback arrive, and arrive whole.
_HARMLESS = frozenset(("callback.duplicate", "callback.before_response"))
_UNBELIEVED = frozenset((401, 403))
_AGAIN = "mend the receiver, then redeliver: POST /v1/{runs|batches}/ID/callback-redeliveries"
# Why a delivery was given up: the words for it, and the way out.
_ENDS: Mapping[str, tuple[str, Callable[[Record], str]]] = {
    "host_not_allowed": ("nothing was sent, because the sandbox calls no foreign hosts", _host_not_allowed),
    "webhook_disabled": ("nothing was sent, because the webhook is disabled or deleted", lambda delivery: "enable the webhook"),
    "max_attempts_exhausted": ("every attempt has failed", lambda delivery: _AGAIN),
}
_STANDING: Mapping[str, str] = {
    "auto": "poll the record, or wait at the receiver of the test kit; or move time: POST /_mock/clock/run-until-idle",
}
_PATHS: Mapping[str, str] = {"run": "runs", "batch": "batches"}
_MOVE = "move time: POST /_mock/clock/run-until-idle, or let it pass: POST /_mock/clock/resume"


def diagnose_delivery(delivery: Record, clock: Record) -> list[Finding]:
    """Returns what there is to say about one delivery."""
    return list(Diagnosis(clock, (), (delivery,), {}).of_delivery(delivery))


class Diagnosis(msgspec.Struct, frozen=True):
    """What the control API says of one tenant at this moment; `records` are its runs and batches by id, with their noun.

    `key` is that of whoever asks, and `tenants` those that the server has.
    """

    clock: Record
    rules: Sequence[Record]
    deliveries: Sequence[Record]
    records: Mapping[str, tuple[str, Record]]
    key: str | None = None
    tenants: Sequence[Record] = ()

    def findings(self, identifier: str | None) -> Iterator[Finding]:
        """Yields what there is to say about one record, or about all of them."""
        if identifier is not None:
            yield from self._of_one(identifier)
            return
        yield from self._of_key()
        yield from self._of_rules()
        yield from _of_refusals(self.deliveries)
        for noun, record in self.records.values():
            if record["callback_url"] is not None:
                yield from self._of_record(noun, record)
        for delivery in self.deliveries:
            if _owner(delivery) not in self.records:
                yield from self.of_delivery(delivery)
        if not self.deliveries and all(record["callback_url"] is None for _, record in self.records.values()):
            yield Finding(
                "tenant", f"none of {len(self.records)} runs and batches has a callback_url", "send callback_url when you create one"
            )

    def _of_one(self, identifier: str) -> Iterator[Finding]:
        found = self.records.get(identifier)
        if found is not None:
            yield from self._of_record(*found)
            yield from _of_refusals([delivery for delivery in self.deliveries if _owner(delivery) == identifier])
            return
        mine = [delivery for delivery in self.deliveries if identifier in (delivery["id"], _owner(delivery))]
        for delivery in mine:
            yield from self.of_delivery(delivery)
        if not mine:
            way_out = "look for a typing error; a key is a tenant, so give the key that created it with --key"
            yield Finding(identifier, "there is no such run, batch or delivery under this key", way_out)

    def _of_key(self) -> Iterator[Finding]:
        """Tells of a tenant that nobody has made on purpose and that has nothing in it, where there are others."""
        mine = next((tenant for tenant in self.tenants if tenant["key"] == self.key or tenant["admin_key"] == self.key), None)
        if mine is not None and mine.get("made_by") == "use" and not self.records and len(self.tenants) > 1:
            others = ", ".join(sorted(tenant["tenant"] for tenant in self.tenants if tenant is not mine)[:10])
            says = f"the first use of this key has made tenant {mine['tenant']}, in which nothing was created; there are also {others}"
            yield Finding("tenant", says, "a key is a tenant: look whether the application under test uses this very key")

    def _of_rules(self) -> Iterator[Finding]:
        for rule in self.rules:
            kind = rule["what"]["kind"]
            if kind.startswith("callback.") and rule["fired"]:
                label = f" ({rule['label']})" if rule.get("label") else ""
                says = f"{kind}{label} has interfered with callbacks {rule['fired']} times"
                way_out = f"take it away: DELETE /_mock/faults/{rule['id']}"
                yield Finding(f"fault rule {rule['id']}", says, way_out, is_problem=kind not in _HARMLESS)

    def _of_record(self, noun: str, record: Record) -> Iterator[Finding]:
        about = f"{noun} {record['id']}"
        mine = [delivery for delivery in self.deliveries if _owner(delivery) == record["id"]]
        if record.get("batch_id") is not None:
            yield Finding(about, f"it belongs to batch {record['batch_id']}, which tells of all its runs at once", "ask for that one")
        elif record["callback_url"] is None and not mine:
            yield Finding(about, "it was created without callback_url", "send callback_url when you create it")
        elif record["status_code"] not in TERMINAL:
            yield self._of_unfinished(noun, record)
        elif not mine:
            yield Finding(about, f"it has ended, nothing was sent yet, and {self._time()}", self._wait())
        for delivery in mine:
            yield from self.of_delivery(delivery)

    def _of_unfinished(self, noun: str, record: Record) -> Finding:
        about, says = f"{noun} {record['id']}", f"it has not ended: it is {record['status_code']}"
        # Whatever else keeps a run where it is ends at an instant that is known.
        if self.clock["next_due"] is None:
            way_out = f"read it until it has ended: GET /v1/{_PATHS[noun]}/{record['id']}"
            return Finding(about, f"{says}, and no time brings it on: a rule lets it wait for a number of polls", way_out)
        return Finding(about, f"{says}, and {self._time()}", self._wait())

    def of_delivery(self, delivery: Record) -> Iterator[Finding]:
        """Yields what there is to say about one delivery."""
        about = f"delivery {delivery['id']} to {delivery['url']}"
        attempts = delivery["attempts"]
        last = attempts[-1] if attempts else None
        tried = "" if last is None else f"attempt {last['number']} {_outcome(last)}"
        if delivery["state"] == "succeeded":
            yield Finding(about, f"delivered: {tried}", is_problem=False)
        elif delivery["state"] == "failed":
            says, way_out = _ENDS.get(delivery["reason"], ("it was given up", lambda _: _AGAIN))
            yield Finding(about, f"{says}: {tried or delivery['detail']}", way_out(delivery))
        elif delivery["state"] == "delivering" and not self.clock["in_flight"]:
            says = f'attempt {len(attempts)} waits to be carried: the tenant was made with "deliveries": "pull"'
            yield Finding(about, says, "POST /_mock/deliveries/pull, and tell how the receiver has answered")
        elif delivery["state"] == "delivering":
            yield Finding(
                about, f"attempt {len(attempts)} is under way, and the receiver has not answered", "let the receiver answer, and work later"
            )
        else:
            due = delivery["next_attempt_at"]
            yield Finding(about, f"{tried or 'it has not been sent'}; the next attempt is due at {due}, and {self._time()}", self._wait())
        yield from _of_faults(about, attempts)
        if last is not None and last["signature"] is None and last["headers"]:
            says = "it carries no signature, because no callback secret is registered: a receiver that verifies must refuse it"
            yield Finding(about, says, "POST /v1/callback-secrets, or serve --callback-secret", is_problem=delivery["state"] != "succeeded")

    def _time(self) -> str:
        if self.clock["rate"]:
            return f"the time is {self.clock['now']}"
        return f"the clock stands at {self.clock['now']}"

    def _wait(self) -> str:
        if self.clock["rate"]:
            return f"wait until {self.clock['next_due']}, or move time: POST /_mock/clock/run-until-idle"
        return _STANDING.get(self.clock["mode"], _MOVE)


def _of_refusals(deliveries: Sequence[Record]) -> Iterator[Finding]:
    """Tells of receivers that believe no genuine callback: they may expect another form of signature."""
    answers: dict[str, list[Record]] = {}
    for delivery in deliveries:
        genuine = [each for each in delivery["attempts"] if each["fault"] is None and each["signature"] and each["status_code"] is not None]
        answers.setdefault(delivery["url"], []).extend(genuine)
    for url, attempts in answers.items():
        statuses = {attempt["status_code"] for attempt in attempts}
        if statuses and statuses <= _UNBELIEVED:
            told = told_refusal(is_dated=attempts[-1]["signature"].startswith("v1="))
            says = f"it answers {', '.join(map(str, sorted(statuses)))} to every genuine callback, {len(attempts)} so far: {told}"
            yield Finding(f"receiver {url}", says, "give both the same secret, or let serve speak what the receiver was written for")


def _of_faults(about: str, attempts: list[Record]) -> Iterator[Finding]:
    """Tells of attempts that a fault rule has interfered with: what is recorded of them is not what happened to the receiver."""
    for attempt in attempts:
        fault = attempt.get("fault")
        if fault is not None:
            kind = fault["kind"] if isinstance(fault, dict) else str(fault)
            says = f"a fault rule has interfered with attempt {attempt['number']}: {kind}"
            yield Finding(about, says, "take the rule away: GET /_mock/faults lists them", is_problem=kind not in _HARMLESS)


def _owner(delivery: Record) -> str | None:
    return next((delivery[name] for name in ("run_id", "batch_id", "evaluation_id") if delivery.get(name)), None)


def _outcome(attempt: Record) -> str:
    if attempt["status_code"] is None:
        return f"got no answer ({attempt['error']})"
    answer = (attempt["response_body"] or "")[:ANSWER_CHARACTERS_MAX]
    return f"was answered {attempt['status_code']}" + (f" {answer!r}" if answer and attempt["status_code"] >= 300 else "")
