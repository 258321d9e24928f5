"""The control API as a typed client: what the plugin, the command line and tests of any kind use to run a tenant's world."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode

from runflow_mock.decoders import convert
from runflow_mock.domain.documents import present
from runflow_mock.testing.arguments import check_flag, check_text, money_text, path_part
from runflow_mock.testing.client import Client, Exchanger
from runflow_mock.testing.records import Clock, Delivery, End, Exchange, Ledger, Pulled, Rule, Step, Tenant, read_steps

RecordT = TypeVar("RecordT")
Duration = str | int | float
Money = str | int | float | Decimal


class Control:
    """One tenant's side of the control API, addressed by the tenant's key; server-wide verbs need no key on loopback.

    Every method raises `ClientError` when the verb refuses.
    """

    def __init__(self, url: str, key: str | None = None, exchanger: Exchanger | None = None) -> None:
        self.client = Client(url, key, exchanger)

    def create_tenant(self, **settings: Any) -> Tenant:
        """Makes a tenant; the settings are those of `POST /_mock/tenants`. A balance may be a number."""
        settings["balance"] = money_text(settings.get("balance"))
        return self._read(self.client.post("/_mock/tenants", present(**settings)), Tenant)

    def delete_tenant(self, name: str) -> None:
        """Drops a tenant with everything in it."""
        self.client.request("DELETE", f"/_mock/tenants/{path_part('name', name)}")

    def end_tenant(self, name: str) -> End:
        """Drops a tenant, and returns the last word on its client, without a report where nothing is to be said."""
        return self._read(self.client.request("DELETE", f"/_mock/tenants/{path_part('name', name)}?tell=true&brief=true"), End)

    def callback_secret(self) -> str:
        """Returns the secret that signs callbacks; one is made where there is none."""
        return str(self.client.post("/_mock/callback-secret")["secret"])

    def reset(self, what: str = "all") -> None:
        """Replaces the tenant's world, or only forgets its `journal` or its `faults`."""
        self.client.post(f"/_mock/reset?what={path_part('what', what)}")

    def clock(self) -> Clock:
        """Returns where the clock stands."""
        return self._read(self.client.get("/_mock/clock"), Clock)

    def advance(self, by: Duration) -> list[Step]:
        """Moves the clock on, and returns what happened once all of it has, receivers' answers included."""
        return self._moved("advance", {"by": by})

    def advance_to(self, to: str) -> list[Step]:
        """Moves the clock to an instant; see `advance`."""
        return self._moved("advance-to", {"to": to})

    def next(self) -> list[Step]:
        """Moves the clock to the next instant at which something is due; see `advance`."""
        return self._moved("next", None)

    def run_until_idle(self, limit: Duration | None = None) -> list[Step]:
        """Moves the clock from timer to timer until none is left; see `advance`."""
        return self._moved("run-until-idle", present(limit=limit))

    def freeze(self) -> Clock:
        """Lets the clock stand."""
        return self._read(self.client.post("/_mock/clock/freeze"), Clock)

    def resume(self) -> Clock:
        """Lets the clock pass again."""
        return self._read(self.client.post("/_mock/clock/resume"), Clock)

    def scale(self, factor: float) -> Clock:
        """Lets the clock pass at a multiple of real time."""
        return self._read(self.client.post("/_mock/clock/scale", {"factor": factor}), Clock)

    def faults(self) -> list[Rule]:
        """Returns all fault rules with how often each fired."""
        return self._items("/_mock/faults", Rule)

    def add_fault(
        self,
        *,
        what: Mapping[str, Any],
        where: Mapping[str, Any] | None = None,
        when: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> Rule:
        """Puts a fault rule into force; the shapes are those of `POST /_mock/faults`."""
        return self._read(self.client.post("/_mock/faults", present(what=what, where=where, when=when, label=label)), Rule)

    def remove_fault(self, rule_id: str) -> None:
        """Takes a fault rule out of force."""
        self.client.request("DELETE", f"/_mock/faults/{path_part('rule_id', rule_id)}")

    def clear_faults(self) -> None:
        """Takes all fault rules out of force."""
        self.client.request("DELETE", "/_mock/faults")

    def set_quota(self, *, requests: int, window: Duration) -> None:
        """Allows so many requests of each key in a window, from now on."""
        self.client.request("PUT", "/_mock/quota", {"requests": requests, "window": window})

    def lift_quota(self) -> None:
        """Allows any number of requests again."""
        self.client.request("DELETE", "/_mock/quota")

    def add_stub(self, **stub: Any) -> dict[str, Any]:
        """Lets an input give an output; the fields are those of `POST /_mock/stubs`. A cost may be a number."""
        stub["cost"] = money_text(stub.get("cost"))
        return self._read(self.client.post("/_mock/stubs", present(**stub)), dict[str, Any])

    def runs(self) -> list[dict[str, Any]]:
        """Returns every run, oldest first, as the API shows it."""
        return self._items("/_mock/runs", dict[str, Any])

    def batches(self) -> list[dict[str, Any]]:
        """Returns every batch, oldest first, as the API shows it."""
        return self._items("/_mock/batches", dict[str, Any])

    def cancel_run(self, run_id: str, reason: str | None = None) -> dict[str, Any]:
        """Stops a run, as the service would, and returns it."""
        return self._read(self.client.post(f"/_mock/runs/{path_part('run_id', run_id)}/cancel", present(reason=reason)), dict[str, Any])

    def cancel_batch(self, batch_id: str, reason: str | None = None) -> dict[str, Any]:
        """Stops every unfinished item of a batch, and returns it."""
        return self._read(
            self.client.post(f"/_mock/batches/{path_part('batch_id', batch_id)}/cancel", present(reason=reason)), dict[str, Any]
        )

    def deliveries(self) -> list[Delivery]:
        """Returns every delivery with every attempt."""
        return self._items("/_mock/deliveries", Delivery)

    def pull_deliveries(self) -> list[Pulled]:
        """Returns the attempts that wait to be carried by the caller; the tenant must have been made with `deliveries="pull"`."""
        return self._read(self.client.post("/_mock/deliveries/pull")["items"], list[Pulled])

    def answer_delivery(self, delivery_id: str, status: int) -> None:
        """Says how the receiver answered a pulled attempt."""
        self.client.post(f"/_mock/deliveries/{path_part('delivery_id', delivery_id)}/answer", {"status": status})

    def ledger(self) -> Ledger:
        """Returns balance, holds, charges, entries, and whether the invariants hold."""
        return self._read(self.client.get("/_mock/ledger"), Ledger)

    def add_credit(self, amount: Money) -> Ledger:
        """Raises the balance, or lowers it with a negative amount, which may be a number."""
        return self._read(self.client.post("/_mock/ledger/credits", {"amount": money_text(amount)}), Ledger)

    def journal(self, **filters: Any) -> list[Exchange]:
        """Returns the latest exchanges, oldest first; the filters are those of `GET /_mock/journal`."""
        return self._items("/_mock/journal" + _query(filters), Exchange)

    def har(self) -> dict[str, Any]:
        """Returns the journal as an HTTP archive."""
        return self._read(self.client.get("/_mock/journal.har"), dict[str, Any])

    def verify(self, **clause: Any) -> dict[str, Any]:
        """Returns what matched, or raises `ClientError` 409 with the nearest miss; the fields are those of `POST /_mock/verify`."""
        return self._read(self.client.post("/_mock/verify", present(**clause)), dict[str, Any])

    def wait(self, **condition: Any) -> dict[str, Any]:
        """Returns once a condition holds; the fields are those of `POST /_mock/wait`."""
        return self._read(self.client.post("/_mock/wait", present(**condition)), dict[str, Any])

    def report(self) -> dict[str, Any]:
        """Returns the verdicts on the client, what never happened, and errors of ours."""
        return self._read(self.client.get("/_mock/report"), dict[str, Any])

    def timeline(self) -> list[Step]:
        """Returns everything that happened in the world so far."""
        return read_steps(self.client.get("/_mock/timeline")["items"])

    def history(self) -> dict[str, Any]:
        """Returns commands and events in order: what `runflow-mock replay` takes."""
        return self._read(self.client.get("/_mock/history"), dict[str, Any])

    def snapshot(self) -> dict[str, Any]:
        """Returns the whole world as a document."""
        return self._read(self.client.get("/_mock/snapshot"), dict[str, Any])

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Replaces the tenant's world by one that was saved."""
        self.client.request("PUT", "/_mock/snapshot", snapshot)

    def load_scenario(self, scenario: str | Mapping[str, Any]) -> dict[str, Any]:
        """Replaces the tenant's world by that of a scenario, given by name or inline."""
        body = {"name": scenario} if isinstance(scenario, str) else {"scenario": scenario}
        return self._read(self.client.request("PUT", "/_mock/scenario", body), dict[str, Any])

    def scenario(self) -> dict[str, Any]:
        """Returns the scenario in force and which of its expectations hold."""
        return self._read(self.client.get("/_mock/scenario"), dict[str, Any])

    def export_scenario(self, *, history: bool = False) -> str:
        """Returns the tenant's settings and rules as a scenario, in YAML; with its history it can be replayed as well."""
        check_flag("history", history)
        return self.client.read("/_mock/scenario/export" + _query({"history": True if history else None})).decode()

    def health(self) -> dict[str, Any]:
        """Returns whether the server is ready, and errors that happened in the background."""
        return self._read(self.client.get("/_mock/health"), dict[str, Any])

    def version(self) -> str:
        """Returns the version of the server."""
        return str(self.client.get("/_mock/version")["version"])

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()

    def _moved(self, verb: str, body: Mapping[str, Any] | None) -> list[Step]:
        return read_steps(self.client.post(f"/_mock/clock/{verb}", body)["timeline"])

    def _items(self, path: str, kind: type[RecordT]) -> list[RecordT]:
        return self._read(self.client.get(path)["items"], list[kind])  # type: ignore[valid-type]  # a value, to msgspec

    def _read(self, content: Any, kind: type[RecordT]) -> RecordT:
        return convert(content, kind)


def _query(filters: Mapping[str, Any]) -> str:
    for name, value in filters.items():
        if isinstance(value, str | bytes):
            check_text(name, value, "'create_run'")
    given = {name: str(value).lower() if isinstance(value, bool) else value for name, value in present(**filters).items()}
    return "?" + urlencode(given) if given else ""
