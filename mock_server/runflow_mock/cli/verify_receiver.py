"""`runflow-mock verify-receiver URL`: probes a webhook handler, and tells which rules it keeps."""

import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import click
import urllib3

from runflow_mock.cli.dialects import dialect_options, read_speech
from runflow_mock.cli.options import Figure, Secret, checked_url, document_option
from runflow_mock.cli.options import tell as tell_people
from runflow_mock.cli.sheets import Outputs, expected_option, load_expected, sheet_options
from runflow_mock.kit.probes.carriers import Carrier
from runflow_mock.kit.probes.effects import Effects
from runflow_mock.kit.probes.event_steps import KNOWN_TO_ALL
from runflow_mock.kit.probes.forgeries import NO_SECRETS, WELL_KNOWN
from runflow_mock.kit.probes.known_records import KnownRecords, NoRecord
from runflow_mock.kit.probes.probe_steps import ProbeKit
from runflow_mock.kit.probes.sample_callbacks import Sender
from runflow_mock.kit.probes.verdicts import places_of, verify_receiver
from runflow_mock.kit.sheets.records import Row, expecting, summary_of
from runflow_mock.runtime.foreign_documents import load_messages
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.control import Control
from runflow_mock.testing.samples import EVENTS


@click.command()
@click.argument("url", callback=checked_url)
@click.option(
    "--secret",
    envvar="RUNFLOW_MOCK_CALLBACK_SECRET",
    show_envvar=True,
    required=True,
    type=Secret(),
    help="Secret that the receiver expects.",
)
@click.option(
    "--previous-secret",
    default=None,
    type=Secret(),
    help="The secret before it, which the receiver still accepts during a rotation.",
)
@click.option("--retired-secret", default=None, type=Secret(), help="Retired secret, which the receiver must no longer accept.")
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(list(EVENTS)),
    metavar="EVENT",
    help="Event that the receiver takes, if not all of them; repeatable. The first is the genuine one.",
)
@click.option(
    "--sandbox", default=None, callback=checked_url, help="Sandbox in which the receiver's application has created what it knows."
)
@click.option("--key", envvar="RUNFLOW_API_KEY", show_envvar=True, default=None, help="Key with which it was created, for --sandbox.")
@dialect_options
@document_option("Document that judges callbacks in place of the packaged one.")
@click.option(
    "--effects",
    "effects_url",
    default=None,
    callback=checked_url,
    help="Address that answers with how often the receiver acted; for one command at a time.",
)
@click.option("--answer-within", default=10.0, type=Figure(0.05, 60), show_default=True, help="Seconds that an answer may take.")
@expected_option
@sheet_options
def command(*, url: str, expected_file: Path | None, as_json: bool, **options: Any) -> None:
    """Probe a webhook handler.

    Each probe differs from a genuine callback in one thing: forged, stale, unsigned, repeated, at the same time, reordered, slow, in
    part, under another secret, or odd; at each edge one stands just inside, and one just outside. A receiver that keeps state is probed
    with what its application has created in a sandbox. Where a document of your own describes a callback otherwise, that is reported as
    a fault of runflow-mock; that a receiver refuses such a callback, or one that the document does not describe, does not count against
    it. Exit codes: 0 all rules held, 1 a rule was broken or an expected failure is stale, 2 wrong usage or an error of ours, 3 nothing
    exercised.
    """
    gc.enable()

    def tell(row: Row) -> None:
        click.echo(f"{row.judgement.value:13}  {row.subject}: {row.rule}", err=True)

    within: float = options["answer_within"]
    if {options["secret"], options["previous_secret"]} & {*NO_SECRETS.values(), *WELL_KNOWN.values()}:
        tell_people(KNOWN_TO_ALL)
    with _probe_kit(url, options) as kit:
        may_be_broken = load_expected(expected_file, places_of(kit))
        sheet = verify_receiver(kit, url, tell, answer_seconds_max=within)
    sheet = expecting(sheet, may_be_broken)
    Outputs(as_json=as_json, junit_file=options["junit_file"], markdown_file=options["markdown_file"]).write(summary_of(sheet))
    sys.exit(sheet.exit_code)


@contextmanager
def _probe_kit(url: str, options: dict[str, Any]) -> Iterator[ProbeKit]:
    """Gives what the probes need, as long as the context lasts."""
    messages = load_messages(options["openapi"], tell_people)
    speech, events = read_speech(options), options["events"]
    genuine = events[0] if events else "run.completed"
    with ExitStack() as stack:
        known = None
        if options["sandbox"] is not None:
            known = stack.enter_context(closing(_known_records(options["sandbox"], options["key"], genuine)))
        sender = Sender(
            options["secret"],
            speech.dialect,
            switches=speech.switches,
            event=genuine,
            known=known,
            previous_secret=options["previous_secret"],
        )
        effects = None if options["effects_url"] is None else stack.enter_context(closing(Effects(options["effects_url"])))
        yield ProbeKit(
            sender=stack.enter_context(sender),
            carrier=stack.enter_context(closing(Carrier(url, seconds_max=options["answer_within"] + 0.5, betrays=sender.betrayed))),
            effects=effects,
            retired_secret=options["retired_secret"],
            events=events,
            messages=messages,
        )


def _known_records(sandbox: str, key: str | None, event: str) -> KnownRecords:
    """Returns what an application has created in a sandbox."""
    if key is None:
        raise click.UsageError("--sandbox needs the key with which the application created something: --key, or RUNFLOW_API_KEY")
    try:
        known = KnownRecords(Control(sandbox.rstrip("/"), key))
        known.pick(event, is_fresh=False)
    except NoRecord as error:
        raise click.UsageError(f"{sandbox}: {error}") from None
    except ClientError as error:
        raise click.UsageError(f"{sandbox} refuses to tell: {error}; --key takes the key of a tenant of this sandbox") from None
    except urllib3.exceptions.HTTPError as error:
        raise click.UsageError(f"{sandbox} does not answer: {error}; start a sandbox with runflow-mock serve") from None
    return known
