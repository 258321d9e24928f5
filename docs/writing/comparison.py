"""The comparison with other tools, as data: each row names what shows our own cell, so that a test can look for it."""

from __future__ import annotations

from typing import NamedTuple

from writing.markdown import table

TOOLS = ("LS", "MO", "ST", "LK", "WM", "MS", "MK", "PR", "AI", "HS")
WORDS = {"Y": "yes", "~": "partly", "-": "no"}
SIGNS = {"Y": "✓", "~": "~", "$": "$", "-": "·", "?": "?"}


class Feature(NamedTuple):
    """One row: what it is, the other tools' cells in the order of `TOOLS`, ours, and what shows ours or is missing from it."""

    name: str
    others: str
    ours: str
    why: str


class Ambition(NamedTuple):
    """Something that we found nowhere: whether it is there, and what shows it or is missing."""

    name: str
    ours: str
    why: str


FEATURES: tuple[Feature, ...] = (
    Feature("the vendor's behaviour out of the box", "YYYY---~Y-", "Y", "one vendor only"),
    Feature("state per resource, jobs independent", "YYYY-~~-Y-", "Y", ""),
    Feature("progress per number of polls", "-Y-?YYY-YY", "Y", ""),
    Feature("progress by elapsed time", "-YY?-Y----", "Y", ""),
    Feature("virtual clock", "--$--~----", "Y", ""),
    Feature("the clock drives jobs and callbacks", "--$-------", "Y", ""),
    Feature("failure, cancellation and partial success", "--Y?~~~-~~", "Y", ""),
    Feature("outgoing callbacks", "Y-Y?YYYY--", "Y", ""),
    Feature("callbacks signed like the vendor's", "Y-Y-~~?---", "Y", ""),
    Feature("callbacks retried with growing pauses", "--$---?---", "Y", ""),
    Feature("log of deliveries with their attempts", "~-$-Y~?---", "Y", ""),
    Feature("redelivery", "--$-------", "Y", ""),
    Feature("forwarding to a local receiver", "--Y-------", "Y", "`listen --forward-to`"),
    Feature("magic inputs", "~-Y-------", "Y", ""),
    Feature("rules for HTTP faults", "-~Y$YYY~YY", "Y", ""),
    Feature("faults of the connection", "---$YY--Y~", "Y", ""),
    Feature("distributions of latency", "---$YY~-Y-", "~", "between two bounds, drawn from the seed; no other shapes"),
    Feature("a quota that answers 429", "--Y--Y--~-", "Y", ""),
    Feature("faults by count and window", "---?~Y~-~Y", "Y", ""),
    Feature("seed", "-Y---YYY--", "Y", ""),
    Feature("scenario files", "-~YYYYY-Y-", "Y", ""),
    Feature("record and replay", "-~-YYYY~Y-", "~", "repeats its own histories byte for byte; does not record the service"),
    Feature("snapshot and restore", "~~-$-~----", "Y", ""),
    Feature("reset", "YY~$YYY-YY", "Y", ""),
    Feature("isolation inside one server", "-~YY-~--~-", "Y", "the key is the tenant"),
    Feature("journal of requests", "-~Y~YYY~YY", "Y", ""),
    Feature("assertions: count, order, wait", "----YY--~Y", "Y", ""),
    Feature("nearest miss", "----YY-Y~Y", "Y", ""),
    Feature("strict checks of requests", "~~Y~~Y-Y~-", "Y", ""),
    Feature("unused rules fail the test", "----~~---~", "Y", ""),
    Feature("drift against the real service", "---Y-Y-~Y-", "Y", "`drift`, `calibrate`, `contract check`, and a weekly workflow"),
    Feature("user interface", "-~Y$-YY---", "~", "a viewer of the contract; none for what a tenant does"),
    Feature("pytest plugin", "---?-Y--YY", "Y", ""),
    Feature("in process and over HTTP", "-Y--YY--Y-", "~", "both doors; each has worlds of its own"),
    Feature("health check that works in the image", "-~-Y?-~??-", "Y", ""),
    Feature("GitHub action", "---Y??Y-Y-", "Y", "a folder of this repository"),
    Feature("admin token and redaction", "----YYY-Y-", "Y", ""),
    Feature("money: balance, admission, charge per item", "~-Y-------", "Y", ""),
    Feature("offline, without an account", "YY--YYYYYY", "Y", ""),
    Feature("ready in half a second", "Y-------YY", "Y", ""),
)

AMBITIONS: tuple[Ambition, ...] = (
    Ambition("One scheduler for everything that happens later", "Y", "runs, batches, callbacks, evaluations; deadlines on the same clock"),
    Ambition("Moving the clock is a barrier", "Y", "the answer lists what happened, receivers' answers included"),
    Ambition("Callback faults by name", "Y", "fourteen kinds; a slow connection to the receiver is not among them"),
    Ambition("Faults at named edges of a state machine", "Y", "also: created, but the client saw an error"),
    Ambition("Invariants of money, always on", "Y", "`GET /_mock/ledger`"),
    Ambition("The key is the tenant, one for each test", "Y", "no reset, no port, no header"),
    Ambition("Keys that cannot be real", "Y", "`rf_live_mock_…`; others are refused and not kept"),
    Ambition("Nothing unused stays silent", "Y", "rules, callbacks, expectations, unknown requests, violations"),
    Ambition("A journal with verdicts", "Y", "jitter between retries is not judged"),
    Ambition("A conformance test for receivers", "Y", "`verify-receiver`"),
    Ambition("A conformance test for clients", "Y", "`verify-client`, and `report` for one that runs by itself"),
    Ambition("Deliveries compared with their last attempt", "~", "listed, resent and pulled; fixed or regressed is left to the reader"),
    Ambition("Drift, told in three directions", "Y", "pinned, newer and fake; the service is asked when you or a workflow run `drift`"),
    Ambition("The same tests against the service, recorded", "-", "`verify` reads from a real server; nothing records parity"),
    Ambition("One file is one bug report", "Y", "every failing test writes a scenario with its history"),
    Ambition("Three doors, one core", "Y", "in process, a server, a container"),
    Ambition("https-only callbacks made usable", "Y", "loopback, rewriting, pulling"),
    Ambition("Running times by model", "~", "from the catalog, spread by the seed; cold starts and queues only as faults and caps"),
    Ambition("Contradictions of the documents as switches", "Y", "and the report says on which a client relies"),
)


def features() -> str:
    """Returns the table of features."""
    rows = ((each.name, f"**{SIGNS[each.ours]}**", *(SIGNS[cell] for cell in each.others), each.why) for each in FEATURES)
    return table(("feature", "RM", *TOOLS, "remark on RM"), rows)


def ambitions() -> str:
    """Returns the table of what no other tool had."""
    return table(("what", "there", "remark"), ((each.name, f"**{WORDS[each.ours]}**", each.why) for each in AMBITIONS))
