"""`runflow-mock demo`: the whole story on real HTTP, in a few seconds, with time that only moves when told."""

import gc
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from runflow_mock.cli.options import json_option
from runflow_mock.cli.timelines import line_of
from runflow_mock.domain.signing import SignatureError, verify_timestamped
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.client import Client
from runflow_mock.testing.receiver import CallbackReceiver, Received
from runflow_mock.testing.server import serve

PAUSE_SECONDS = 0.12
MODEL = "runflow/dyver-removal"
ITEMS = [
    {
        "image_url": "https://cdn.example.com/a.jpg",
        "config": {"elements": ["tag_removal", "background_removal"]},
        "client_ref": "sku-123",
    },
    {"image_url": "https://cdn.example.com/b.jpg", "config": {"elements": ["model_removal"]}},
]


@click.command()
@json_option("Print one JSON line with batch, timeline, callbacks, ledger and verified, in place of the story.")
def command(*, as_json: bool) -> None:
    """Show a whole story over real HTTP.

    A batch that half succeeds, its signed callback, and what it cost. Exit codes: 0, 1 something in it went wrong.
    """
    gc.enable()
    console = Console(highlight=False, soft_wrap=True, quiet=as_json)
    pause = time.sleep if console.is_terminal and not as_json else _no_pause
    config = Config(port=0, clock=ClockMode.MANUAL, speed=1.0)
    with serve(config) as server, CallbackReceiver() as receiver:
        client = Client(server.url, "rf_live_mock_demo")
        story = Story(console, client, receiver, pause)
        try:
            story.tell()
        finally:
            client.close()
        if as_json:
            click.echo(json.dumps(story.record))


class Story:
    """The story, told step by step with what really happens; `record` has it as data."""

    def __init__(self, console: Console, client: Client, receiver: CallbackReceiver, pause: Callable[[float], None]) -> None:
        self._console = console
        self._client = client
        self._receiver = receiver
        self._pause = pause
        self._chapter = 0
        self.record: dict[str, Any] = {"timeline": [], "callbacks": [], "verified": 0}

    def tell(self) -> None:
        """Tells everything."""
        self._say(f"[bold]runflow-mock[/bold] on {self._client.url}, a callback receiver on {self._receiver.url}")
        self._say("The clock stands still and moves only when told. Nothing leaves this machine and nothing costs money.")
        secret = self._make_secret()
        batch = self._create_batch()
        self._watch()
        received = self._receive(secret)
        self._show_money(batch["id"])
        self._redeliver(batch["id"], received, secret)
        self._say("\nNext: [bold]make run[/bold] starts the sandbox on port 8787.")

    def _make_secret(self) -> str:
        self._head("A signing secret, shown once")
        made = self._client.post("/v1/callback-secrets", {"label": "webhook-prod"})
        self._say(f"POST /v1/callback-secrets -> {made['key_prefix']}... (current: {made['is_current']})")
        secret: str = made["secret"]
        return secret

    def _create_batch(self) -> dict[str, Any]:
        self._head("A batch of two, of which the second will fail")
        self._client.post("/_mock/faults", {"label": "b.jpg fails", "where": {"edge": "batch.item[1]"}, "what": {"kind": "fail"}})
        body = {"input": ITEMS, "callback_url": self._receiver.url, "metadata": {"campaign": "spring-drop"}}
        batch: dict[str, Any] = self._client.post(f"/v1/models/{MODEL}/batches", body)
        self._say(f"POST /v1/models/{MODEL}/batches -> {batch['status_code']}, {batch['items_total']} items")
        self._say(f"batch {batch['id']}")
        return batch

    def _watch(self) -> None:
        self._head("What happens, as the clock is moved from one event to the next")
        while steps := self._client.post("/_mock/clock/next")["timeline"]:
            self.record["timeline"] += steps
            for step in steps:
                self._say(line_of(step))
                self._pause(PAUSE_SECONDS)

    def _receive(self, secret: str) -> Received:
        self._head("The one signed callback")
        received = self._receiver.wait(1)[0]
        for name in ("runflow-signature", "runflow-timestamp", "runflow-request-id"):
            self._say(f"{name}: {received.headers[name]}")
        self._verify(received, secret)
        self._say(escape(json.dumps(_shortened(received.json), indent=2)))
        return received

    def _show_money(self, batch_id: str) -> None:
        self._head("Only what succeeded is paid for")
        ledger = self._client.get("/_mock/ledger")
        for entry in ledger["entries"]:
            self._say(f"{entry['at'][11:23]}  {entry['kind']:<8} {entry['amount']:>10} USD  {entry['run_id'] or ''}")
        batch = self._client.get(f"/v1/batches/{batch_id}")
        self.record |= {"batch": batch, "ledger": ledger}
        self._say(f"batch {batch['status_code']}, cost {batch['cost']} USD; balance {ledger['balance']} USD, held {ledger['held']} USD")
        for invariant in ledger["invariants"]:
            mark = "[green]held[/green]" if invariant["held"] else "[red]broken[/red]"
            self._say(f"{mark}  {invariant['name']}")
            if not invariant["held"]:
                raise click.ClickException(f"an invariant is broken: {invariant['evidence']}")

    def _redeliver(self, batch_id: str, first: Received, secret: str) -> None:
        self._head("Told once more, as a new delivery")
        delivery = self._client.post(f"/v1/batches/{batch_id}/callback-redeliveries")
        again = self._receiver.wait(2)[1]
        self._say(f"POST /v1/batches/{{id}}/callback-redeliveries -> delivery {delivery['id']}, automatic: {delivery['is_automatic']}")
        self._say(f"runflow-request-id: {again.request_id} (it was {first.request_id})")
        self._verify(again, secret)

    def _verify(self, received: Received, secret: str) -> None:
        try:
            verify_timestamped(
                received.body, signature=received.signature, timestamp=received.timestamp, secret=secret, now=datetime.now(UTC)
            )
        except SignatureError as error:
            raise click.ClickException(f"the callback does not verify: {error}") from None
        self.record["verified"] += 1
        self.record["callbacks"].append({"headers": received.headers, "body": received.json})
        self._say("[green]verified[/green]: HMAC-SHA256 over timestamp.body, fresh by the wall clock")

    def _head(self, text: str) -> None:
        self._chapter += 1
        self._console.print()
        if self._console.is_terminal:
            self._console.rule(f"[bold cyan]{self._chapter}. {text}", align="left")
        else:
            self._console.print(f"{self._chapter}. {text}")

    def _say(self, text: str) -> None:
        self._console.print(text)


def _shortened(value: Any) -> Any:
    """Returns a payload with its long addresses cut, for people to look at."""
    if isinstance(value, dict):
        return {name: _shortened(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_shortened(part) for part in value]
    if isinstance(value, str) and "/media/" in value:
        return ".../" + value.partition("?")[0].rpartition("/")[2]
    return value


def _no_pause(seconds: float) -> None:
    """Goes on at once: nobody watches."""
