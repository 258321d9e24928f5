"""Magic inputs: documented values that choose an outcome where no test code runs beside the client.

Theory. As test card numbers do, a value says what is to happen to the very request that carries it: from curl, from an agent, from a form
in somebody's UI. It is spelled in one of three places, of which the first counts:

- `client_ref`: `mock:fail`
- `metadata`: `{"runflow_mock": "fail"}`
- the address of any media input: `https://magic.runflow.test/fail/shoe.png` (`.test` is reserved: no such host can exist)

An item of a batch that spells none follows the metadata of its batch. What a value does is said in the words of fault rules and decided at
the same points; rules come first. Nothing is counted: a value works every time. The strict mode knows no magic.

The API knows nothing of this: it is the kit's own vocabulary.
"""

import re
from collections.abc import Callable, Mapping, Set
from datetime import datetime, timedelta

import msgspec

from runflow_mock.domain import fault_kinds as kinds
from runflow_mock.domain.documents import mentions, read_object
from runflow_mock.domain.places import CREATED_EDGE, DISPATCH_EDGE, START_EDGE, Subject, Where, stands_at
from runflow_mock.domain.runs import Failure

REF_PREFIX = "mock:"
METADATA_KEY = "runflow_mock"
HOST = "magic.runflow.test"

MARKERS = (REF_PREFIX.encode(), METADATA_KEY.encode(), HOST.encode())
"""Of these there is at least one in every request that spells a value."""

_KEY = METADATA_KEY.encode()
_HOST = HOST.encode()
_ADDRESS = re.compile(rb"https?://" + re.escape(_HOST) + rb"/([a-z0-9:_-]*)")


def _anything(subject: Subject) -> bool:
    return True


def _outside_a_batch(subject: Subject) -> bool:
    return subject.batch_id is None


def _second_of_a_pair(subject: Subject) -> bool:
    # Indexes begin at 0, so that an odd one is the second.
    indexes = (edge[len("batch.item[") : -1] for edge in subject.edges if edge.startswith("batch.item["))
    return any(int(index) % 2 for index in indexes)


class Effect(msgspec.Struct, frozen=True):
    """One thing that a value does, and where: at the usual place of its kind unless an edge is named."""

    what: kinds.What
    edge: str | None = None
    concerns: Callable[[Subject], bool] = _anything


class Magic(msgspec.Struct, frozen=True):
    """One value: what it says to a reader, and what it does."""

    says: str
    effects: tuple[Effect, ...] = ()


class MagicMet(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A magic value had its effect on a run, a batch or one of their deliveries."""

    about: str
    at: datetime
    name: str


_TOO_LARGE = Failure("INPUT_VALIDATION_FAILED", "image dimensions exceed 4096x4096", "preprocess")
_NO_PROVIDER = Failure("DISPATCH_FAILED", "No provider took the job.", "dispatch")
_TOO_SLOW = Failure("TIMEOUT", "The provider did not finish in time.", "execution")

MAGIC: Mapping[str, Magic] = {
    "succeed": Magic("The run succeeds, whatever its batch says."),
    "fail": Magic("The run fails while it is executed: UPSTREAM_FAILED.", (Effect(kinds.Fail()),)),
    "fail:preprocess": Magic("The run fails before it starts: INPUT_VALIDATION_FAILED.", (Effect(kinds.Fail(_TOO_LARGE), START_EDGE),)),
    "fail:dispatch": Magic("No provider takes the run: DISPATCH_FAILED.", (Effect(kinds.Fail(_NO_PROVIDER), DISPATCH_EDGE),)),
    "fail:execution": Magic("As `fail`.", (Effect(kinds.Fail()),)),
    "fail:timeout": Magic("The provider does not finish in time: TIMEOUT.", (Effect(kinds.Fail(_TOO_SLOW)),)),
    "partial": Magic(
        "Of a batch every second item fails; a run on its own ends as partial_succeeded, without its last output.",
        (Effect(kinds.Fail(), concerns=_second_of_a_pair), Effect(kinds.SucceedPartially(), concerns=_outside_a_batch)),
    ),
    "slow": Magic("The run is running for a minute of the tenant's time.", (Effect(kinds.Succeed(duration=timedelta(minutes=1))),)),
    "slow:hour": Magic("The run is running for an hour of the tenant's time.", (Effect(kinds.Succeed(duration=timedelta(hours=1))),)),
    "nsfw": Magic("The run succeeds, and its output says nsfw_detected.", (Effect(kinds.Succeed(nsfw_detected=True)),)),
    "402": Magic("The creation is answered 402, as without credit; nothing is created.", (Effect(kinds.Respond(status=402)),)),
    "429": Magic("The creation is answered 429; nothing is created.", (Effect(kinds.Respond(status=429)),)),
    "500": Magic("The creation is answered 500; nothing is created.", (Effect(kinds.Respond(status=500)),)),
    "503": Magic("The creation is answered 503; nothing is created.", (Effect(kinds.Respond(status=503)),)),
    "unavailable": Magic("The creation is answered 503 MODEL_UNAVAILABLE.", (Effect(kinds.Respond(status=503, code="MODEL_UNAVAILABLE")),)),
    "html": Magic("The creation is answered with the HTML page of a gateway, 502.", (Effect(kinds.Html()),)),
    "malformed": Magic("The run is created, and the JSON of the answer is broken.", (Effect(kinds.Malformed()),)),
    "latency": Magic("The run is created, and the answer comes two real seconds later.", (Effect(kinds.Latency(seconds=2.0)),)),
    "hang": Magic("The creation is not answered for a real minute; nothing is created.", (Effect(kinds.Hang()),)),
    "reset": Magic("The connection is reset before any answer; nothing is created.", (Effect(kinds.Reset()),)),
    "empty": Magic("The connection is closed without an answer; nothing is created.", (Effect(kinds.Empty()),)),
    "lost": Magic(
        "The run is created and will be charged, but the connection is reset before the answer.", (Effect(kinds.Reset(), CREATED_EDGE),)
    ),
    "callback-before-response": Magic("The callback comes before the answer to the creation.", (Effect(kinds.BeforeResponse()),)),
    "callback-delay": Magic("The callback comes a minute later.", (Effect(kinds.DelayCallback()),)),
    "callback-late-after-cancel": Magic("Once cancelled, the callback comes ten minutes later.", (Effect(kinds.LateAfterCancel()),)),
    "callback-reorder": Magic("The callback comes after the next one.", (Effect(kinds.Reorder()),)),
    "callback-drop": Magic("The callback is lost on the way, and recorded as delivered.", (Effect(kinds.Drop()),)),
    "callback-duplicate": Magic("Each attempt comes twice.", (Effect(kinds.Duplicate()),)),
    "callback-fail": Magic("No attempt gets through: each is recorded as answered 503.", (Effect(kinds.FailAttempt(status=503)),)),
    "callback-redirect": Magic("Each attempt is answered with a redirect on its way.", (Effect(kinds.Redirect()),)),
    "callback-unsigned": Magic("The callback carries no signature.", (Effect(kinds.Unsigned()),)),
    "callback-wrong-secret": Magic("The callback is signed with a secret that nobody was given.", (Effect(kinds.WrongSecret()),)),
    "callback-previous-secret": Magic(
        "The callback is signed with the secret before the current one, where there was one.", (Effect(kinds.PreviousSecret()),)
    ),
    "callback-stale": Magic("The callback's timestamp lies ten minutes in the past.", (Effect(kinds.Stale()),)),
    "callback-future": Magic("The callback's timestamp lies ten minutes in the future.", (Effect(kinds.Future()),)),
    "callback-tamper": Magic("The callback's body is changed after it was signed.", (Effect(kinds.Tamper()),)),
    "callback-respace": Magic("The callback's body has a space more than was signed.", (Effect(kinds.Respace()),)),
    "callback-line-break": Magic("The callback's body ends with a line break, and the signature fits.", (Effect(kinds.LineBreak()),)),
    "callback-fields": Magic("The callback has a field that nobody documented, and the signature fits.", (Effect(kinds.Fields()),)),
    "callback-near-signature": Magic("The first half of the callback's signature is right.", (Effect(kinds.NearSignature()),)),
}


def spelled(client_ref: str | None, metadata: bytes | None, inputs: bytes | None) -> str | None:
    """Returns the value that is spelled in a request, known or not; nothing where no magic is meant, which costs next to nothing."""
    if client_ref is not None and client_ref.startswith(REF_PREFIX):
        return client_ref[len(REF_PREFIX) :]
    if metadata is not None and mentions(metadata, _KEY):
        value = read_object(metadata).get(METADATA_KEY)
        if value is not None:
            return str(value)
    if inputs is not None and mentions(inputs, _HOST):
        found = _ADDRESS.search(inputs)
        if found is not None:
            return found[1].decode()
    return None


def effect_of(name: str | None, possible: Set[type], subject: Subject) -> kinds.What | None:
    """Returns what a value does to the subject, of the kinds that are possible now; an unknown value does nothing."""
    magic = None if name is None else MAGIC.get(name)
    if magic is not None:
        for effect in magic.effects:
            if type(effect.what) in possible and stands_at(Where(edge=effect.edge), subject) and effect.concerns(subject):
                return effect.what
    return None


def magic_what(subject: Subject, possible: Set[type]) -> kinds.What | None:
    """Returns what the value that the subject itself spells does to it; see `effect_of`."""
    return effect_of(spelled(subject.client_ref, subject.metadata, subject.input), possible, subject)
