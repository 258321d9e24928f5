"""A mutant that a rule can find is killed by the flows that met it, and one that none can find survives."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from mutation.__main__ import code_of, is_skipped, main, ordered, report
from mutation.__main__ import run as run_trials
from mutation.mutants import Kind, Mutant
from mutation.observing import Observer, index_of
from mutation.places import EACH, Place, Subject
from mutation.proxy import MutantCarrier
from mutation.replaying import Parted, Replayer, names_of
from mutation.results import Book, ResultsError
from mutation.summaries import rows_of
from mutation.survivors import Accepted, accepted, reason_for
from mutation.trials import BY_ID, Deadly, Ground, Killed, Trial, observe, played, replayed, tried

from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.flows import CRASHED, play
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess

FLOWS = ("run_lives", "callback_is_signed", "quota_is_told", "file_is_there")


@pytest.fixture(scope="module")
def app() -> Iterator[InProcess]:
    app = InProcess(callbacks_open=False)
    yield app
    app.stop()


@pytest.fixture(scope="module")
def ground(app: InProcess) -> Ground:
    return observe(AppCarrier(app), "seed", [BY_ID[name] for name in FLOWS])


def met(ground: Ground) -> dict[Mutant, list[str]]:
    return dict(index_of(ground.seen))


def run(status: int, *way: str) -> Place:
    return Place(Subject("get_run" if status == 200 else "create_run", status), way)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("mutant", "killer"),
    [
        (Mutant(Kind.OTHER, run(200, "duration_ms")), "records_agree"),
        (Mutant(Kind.OTHER, run(201, "client_ref")), "echo"),
        (Mutant(Kind.STATUS, Place(Subject("create_run", 201)), "202"), "answer_schema"),
        (Mutant(Kind.ABSENT, Place(Subject("callback RunCallbackPayload"), ("metadata",))), "callback_schema"),
        (Mutant(Kind.HEADER_ABSENT, Place(Subject("callback RunCallbackPayload")), "Runflow-Signature"), "callback_is_sent_as_promised"),
        (Mutant(Kind.REFUSAL, Place(Subject("list_runs", 429))), "quota_is_told"),
        (Mutant(Kind.PROMISE, Place(Subject("file", 200)), "file is gone"), "file_is_there"),
        (Mutant(Kind.DOUBLED, Place(Subject("callbacks"))), "callback_is_signed"),
    ],
)
def test_mutant_is_killed_by_the_rule_that_it_breaks(ground: Ground, mutant: Mutant, killer: str) -> None:
    flows = met(ground)[mutant]
    for trial in (tried(ground, mutant, flows), played(ground, mutant, flows)):
        assert (trial.killer, trial.changes > 0) == (killer, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "flow"),
    [
        (Mutant(Kind.ABSENT, Place(Subject("list_runs", 200), ("next_pq",))), "runs_agree"),
        (Mutant(Kind.ABSENT, Place(Subject("list_webhooks", 200), ("prev_pq",))), "webhooks_agree"),
        (Mutant(Kind.NULL, Place(Subject("list_credit_balances", 200), ("items", EACH, "balance_usd"))), "account_agree"),
        (Mutant(Kind.NULL, Place(Subject("list_batch_deliveries", 200), (EACH, "payload"))), "redelivery_is_told"),
        (Mutant(Kind.OTHER, Place(Subject("list_batch_deliveries", 200), (EACH, "attempts", EACH, "response_body"))), "redelivery_is_told"),
        (Mutant(Kind.ABSENT, Place(Subject("list_batch_deliveries", 200), (EACH, "attempts", EACH, "id"))), "redelivery_is_told"),
        (Mutant(Kind.NULL, Place(Subject("redeliver_run_callback", 201), ("attempts",))), "redelivery_is_told"),
        (Mutant(Kind.OTHER, Place(Subject("get_webhook_event_type", 200), ("code",))), "webhooks_agree"),
        (Mutant(Kind.ABSENT, Place(Subject("create_callback_secret", 201), ("is_current",))), "callback_secrets_agree"),
        (Mutant(Kind.NULL, Place(Subject("get_comfyui_workflow_by_slug", 200), ("inputs",))), "workflows_agree"),
        (Mutant(Kind.NULL, Place(Subject("list_model_creators", 200), ("items", EACH, "models"))), "model_creators_agree"),
        (Mutant(Kind.LOST, Place(Subject("list_comfyui_runs", 200), ("items",))), "workflows_agree"),
        (Mutant(Kind.OTHER, Place(Subject("get_model", 200), ("id",))), "models_agree"),
        (Mutant(Kind.NULL, Place(Subject("get_model", 200), ("outputs",))), "models_agree"),
        (Mutant(Kind.OTHER, Place(Subject("get_webhook_delivery_attempt", 200), ("delivery",))), "webhooks_agree"),
        (Mutant(Kind.OTHER, Place(Subject("update_balance", 200), ("id",))), "account_agree"),
        (Mutant(Kind.REORDERED, Place(Subject("list_models", 200), ("items", EACH, "outputs"))), "models_agree"),
        (Mutant(Kind.DOUBLED, Place(Subject("list_public_models", 200), ("items", EACH, "outputs"))), "public_models_agree"),
        (Mutant(Kind.NULL, Place(Subject("list_asset_types", 200), ("items", EACH, "label"))), "assets_agree"),
        (Mutant(Kind.NULL, Place(Subject("list_evaluation_statuses", 200), ("items", EACH, "label"))), "evaluations_agree"),
        (Mutant(Kind.OTHER, Place(Subject("list_evaluation_statuses", 200), ("items",))), "evaluations_agree"),
        (Mutant(Kind.OTHER, Place(Subject("list_asset_types", 200), ("items",))), "assets_agree"),
        (Mutant(Kind.OTHER, Place(Subject("list_asset_types", 200), ("items", EACH, "is_terminal"))), "assets_agree"),
        *(
            (Mutant(kind, Place(Subject("callback EvaluationCallbackPayload"), way)), "evaluation_is_paid")
            for kind, way in (
                (Kind.ABSENT, ("output", "top_strengths")),
                (Kind.NULL, ("output",)),
                (Kind.OTHER, ("duration_ms",)),
                (Kind.OTHER, ("metadata",)),
            )
        ),
        (Mutant(Kind.LOST, Place(Subject("callback EvaluationCallbackPayload"), ("output", "top_issues"))), "statuses_of_evaluations"),
        (Mutant(Kind.SWAPPED, Place(Subject("list_run_deliveries", 200), (EACH, "failure_reason_code"))), "attempts_are_told"),
        (Mutant(Kind.HEADER_ABSENT, Place(Subject("get_balance", 401)), "www-authenticate"), "statuses_of_billing"),
        (Mutant(Kind.OTHER, Place(Subject("list_solution_models", 200), ("items",))), "solutions_agree"),
        (Mutant(Kind.LOST, Place(Subject("list_solution_flows", 200), ("items",))), "solutions_agree"),
        (Mutant(Kind.OTHER, Place(Subject("list_run_logs", 200), ("items",))), "runs_agree"),
        (Mutant(Kind.OTHER, Place(Subject("list_node_runs", 200), ("items",))), "runs_agree"),
        (Mutant(Kind.NULL, Place(Subject("list_run_logs", 200), ("items", EACH, "run"))), "runs_agree"),
        (Mutant(Kind.NULL, Place(Subject("get_run_log", 200), ("run",))), "runs_agree"),
        (Mutant(Kind.OTHER, Place(Subject("redeliver_run_callback", 201), ("updated_at",))), "runs_agree"),
        (Mutant(Kind.OTHER, Place(Subject("create_callback_secret", 201), ("secret",))), "callback_secrets_agree"),
        (Mutant(Kind.OTHER, Place(Subject("create_callback_secret", 201), ("key_prefix",))), "current_secret_signs"),
        (Mutant(Kind.SWAPPED, Place(Subject("list_callback_secrets", 200), ("items", EACH, "last_used_at"))), "callback_secrets_agree"),
        (Mutant(Kind.PARAMETER, Place(Subject("get_webhook_delivery")), "embed"), "webhooks_agree"),
        (Mutant(Kind.NULL, Place(Subject("list_webhook_deliveries", 200), ("items", EACH, "webhook"))), "webhooks_agree"),
        (Mutant(Kind.OTHER, Place(Subject("list_flow_summaries", 200), ("items", EACH, "node_count"))), "flows_agree"),
        *(
            (Mutant(Kind.OTHER, Place(Subject("list_model_pricing", 200), ("items", EACH, name))), "price_is_charged")
            for name in ("unit_code", "currency_code")
        ),
        (Mutant(Kind.OTHER, Place(Subject("get_health", 200), ("status",))), "key_is_needed"),
        (Mutant(Kind.OTHER, Place(Subject("get_health", 200), ("ok",))), "key_is_needed"),
        *((Mutant(Kind.OTHER, Place(Subject("get_readiness", 200), way)), "key_is_needed") for way in (("status",), ("checks", "redis"))),
        (Mutant(Kind.OTHER, Place(Subject("get_readiness", 503), ("checks", "database"))), "statuses_of_readiness"),
        (Mutant(Kind.LOST, Place(Subject("list_model_examples", 200), ("items",))), "any_is_all"),
        (Mutant(Kind.LOST, Place(Subject("list_model_pricing", 200), ("items",))), "any_is_all"),
        (Mutant(Kind.OTHER, Place(Subject("list_solutions", 200), ("items",))), "any_is_all"),
        (Mutant(Kind.ABSENT, Place(Subject("list_model_examples", 200), ("items", EACH, "input", "text"))), "any_is_all"),
        (Mutant(Kind.NULL, Place(Subject("list_model_creators", 200), ("items", EACH, "claimed_by_org_id"))), "model_creators_agree"),
        (Mutant(Kind.OTHER, Place(Subject("list_flow_summaries", 200), ("items",))), "flows_agree"),
        *(
            (Mutant(Kind.OTHER, Place(Subject(f"list_{noun}_deliveries", 200), (EACH, *way))), flow)
            for noun in ("run", "batch")
            for way, flow in (
                (("signing_secret_id",), "current_secret_signs"),
                (("attempts", EACH, "created_at"), "current_secret_signs"),
                (("attempts", EACH, "status_code"), "attempts_are_told"),
                (("updated_at",), "redelivery_is_told"),
            )
        ),
    ],
    ids=str,
)
def test_what_another_answer_determines_is_killed(app: InProcess, mutant: Mutant, flow: str) -> None:
    carrier = MutantCarrier(AppCarrier(app), mutant, {})
    with pytest.raises(Killed):
        play(BY_ID[flow], Target(carrier, None, dialect="docs", names=names_of(flow)), packaged_contract(), Deadly())
    assert carrier.changes > 0


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "way"), [(Kind.LOST, ()), (Kind.REORDERED, ()), (Kind.OTHER, (EACH,))])
def test_issues_in_the_list_of_a_run_are_those_that_the_evaluation_has(kind: Kind, way: tuple[str, ...]) -> None:
    mutant = Mutant(kind, Place(Subject("list_run_evaluations", 200), ("items", EACH, "top_issues", *way)))
    # What judges find is drawn: of these worlds some have an evaluation with more than one issue.
    worlds = (InProcess(Config(dialect="docs", seed=str(seed)), callbacks_open=False) for seed in range(30))
    for carrier in (MutantCarrier(AppCarrier(app), mutant, {}) for app in worlds):
        with suppress(Killed):
            play(BY_ID["evaluations_agree"], Target(carrier, None, dialect="docs", names=names_of("issues")), packaged_contract(), Deadly())
            assert not carrier.changes
            continue
        return
    raise AssertionError("no evaluation had several issues")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "way"),
    [
        *((Kind.OTHER, (EACH, name)) for name in ("id", "model_id", "name", "sort_order", "variable_type_code", "validator_attrs")),
        *((Kind.SWAPPED, (EACH, name)) for name in ("name", "description")),
        *((kind, ()) for kind in (Kind.LOST, Kind.REORDERED)),
    ],
)
@pytest.mark.parametrize("dialect", ["seed", "docs"])
def test_outputs_in_the_list_for_everybody_are_those_that_the_tenant_reads(dialect: str, kind: Kind, way: tuple[str, ...]) -> None:
    app = InProcess(Config(dialect=dialect), callbacks_open=False)
    carrier = MutantCarrier(AppCarrier(app), Mutant(kind, Place(Subject("list_public_models", 200), ("items", EACH, "outputs", *way))), {})
    with pytest.raises(Killed) as killed:
        play(BY_ID["public_models_agree"], Target(carrier, None, dialect=dialect), packaged_contract(), Deadly())
    app.stop()
    assert "it stopped" not in killed.value.breach.says


@pytest.mark.slow
@pytest.mark.parametrize(("server", "tenant"), [("seed", "docs"), ("docs", "docs"), ("docs", "seed")])
def test_outputs_in_the_list_for_everybody_may_be_those_of_the_servers_dialect(server: str, tenant: str) -> None:
    app = InProcess(Config(dialect=server), callbacks_open=False)
    tally = play(BY_ID["public_models_agree"], Target(AppCarrier(app), None, dialect=tenant), packaged_contract())
    app.stop()
    assert (tally.breaches, tally.errors) == ([], [])


@pytest.mark.slow
def test_what_was_foreseen_is_what_a_play_shows(ground: Ground) -> None:
    index = met(ground)
    foreseen = [mutant for mutant in ordered(index, 4) if mutant in ground.foresight.doomed][:60]
    idle = [mutant for mutant in ordered(index, 4) if ground.foresight.is_idle(mutant)][:20]
    assert len(foreseen) == 60
    assert idle
    assert all(played(ground, mutant, index[mutant]).killer for mutant in foreseen)
    assert all(played(ground, mutant, index[mutant]).changes == 0 for mutant in idle)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_what_a_replay_shows_is_what_a_play_shows(ground: Ground) -> None:
    index = met(ground)
    told: dict[bool, list[tuple[Mutant, str]]] = {True: [], False: []}
    for mutant in ordered(index, 5)[:400]:
        for flow in index[mutant]:
            trial = replayed(ground, mutant, flow)
            if trial is not None:
                told[bool(trial.killer)].append((mutant, flow))
    assert (len(told[True]) > 25, len(told[False]) > 25) == (True, True)
    assert [str(mutant) for mutant, flow in told[True][:25] if not played(ground, mutant, [flow]).killer] == []
    assert [str(mutant) for mutant, flow in told[False][:25] if played(ground, mutant, [flow]).killer] == []


def test_changed_content_is_not_given_away_by_its_length(app: InProcess) -> None:
    mutant = Mutant(Kind.OTHER, Place(Subject("list_public_models", 200), ("items",)))
    carrier = MutantCarrier(AppCarrier(app), mutant, {})
    got, head = (carrier.carry(method, "/v1/public/models", {}, None) for method in ("GET", "HEAD"))
    assert (got.json["items"], got.headers["content-length"]) == ([], str(len(got.body)))
    assert (head.status, head.headers.get("content-length"), carrier.changes) == (200, None, 1)


def test_answer_to_a_head_is_given_to_nobody_else(app: InProcess) -> None:
    observer = Observer(AppCarrier(app))
    for method in ("GET", "HEAD"):
        observer.carry(method, "/v1/public/models", {}, None)
    assert observer.donors["list_public_models"].body


def test_replay_of_the_right_server_breaks_no_rule(ground: Ground) -> None:
    nowhere = Mutant(Kind.ABSENT, Place(Subject("nothing", 200), ("id",)))
    assert [replayed(ground, nowhere, flow) for flow in FLOWS] == [Trial(nowhere, 0) for _ in FLOWS]


def test_flow_that_is_told_another_id_parts_from_its_recording(ground: Ground) -> None:
    mutant = Mutant(Kind.OTHER, run(200, "id"))
    assert replayed(ground, mutant, "quota_is_told") == Trial(mutant, 0)
    with pytest.raises(Parted):
        Replayer(ground.recordings["run_lives"]).carry("GET", "/v1/runs/another", {}, None)


def test_results_are_kept_and_what_is_known_is_not_tried_again(ground: Ground, tmp_path: Path) -> None:
    index = met(ground)
    chosen = [mutant for mutant in ordered(index, 1) if mutant in ground.foresight.doomed][:3]
    first = list(run_trials(ground, index, chosen, None, book=Book(tmp_path / "results.jsonl", "abc, dialect seed")))
    again = list(run_trials(Ground(ground.carrier, "seed"), {}, chosen, None, book=Book(tmp_path / "results.jsonl", "abc, dialect seed")))
    assert again == first
    assert all(trial.killer for trial in again)


def test_line_that_was_being_written_when_a_run_was_stopped_is_dropped(tmp_path: Path) -> None:
    file, mutants = tmp_path / "results.jsonl", [Mutant(Kind.ABSENT, run(200, name)) for name in ("id", "cost", "input")]
    book = Book(file, "abc")
    for mutant in mutants[:2]:
        book.note(Trial(mutant, 1, "answer_schema"))
    file.write_bytes(file.read_bytes()[:-5])
    book = Book(file, "abc")
    book.note(Trial(mutants[2], 1))
    known = Book(file, "abc")
    assert [known.result_of(mutant) for mutant in mutants] == [Trial(mutants[0], 1, "answer_schema"), None, Trial(mutants[2], 1)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"of":"abc, dialect docs"}\n', "has the results of abc, dialect docs, and this is abc, dialect seed"),
        (b"a letter to somebody\n", "holds no results"),
        (b"a letter to somebody, without a line break", "holds no results"),
        (b'{"of":"abc, dialect seed"}', "holds no results"),
        (b'{"mutant":{"kind":"absent"}}\n', "holds no results"),
    ],
)
def test_results_of_something_else_are_not_gone_on_with(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "results.jsonl"
    file.write_bytes(content)
    with pytest.raises(ResultsError, match=says):
        Book(file, "abc, dialect seed")
    assert file.read_bytes() == content


def test_results_of_a_changed_commit_are_of_these_changes_alone() -> None:
    assert code_of("abc", b"") == "abc"
    assert len({code_of("abc", changes) for changes in (b"", b"-one", b"-two")}) == 3


def test_what_is_skipped_is_told_apart_and_tried_later(ground: Ground, tmp_path: Path) -> None:
    index, file = met(ground), tmp_path / "results.jsonl"
    chosen = [mutant for mutant in ordered(index, 1) if mutant in ground.foresight.doomed][:2]
    skipped = list(run_trials(ground, index, chosen, None, book=Book(file, "abc"), skips=lambda mutant: mutant == chosen[1]))
    later = list(run_trials(ground, index, chosen, None, book=Book(file, "abc")))
    assert [(trial.is_skipped, bool(trial.killer)) for trial in skipped] == [(False, True), (True, False)]
    assert [(trial.is_skipped, bool(trial.killer)) for trial in later] == [(False, True), (False, True)]


def test_run_that_is_interrupted_tells_what_there_is(ground: Ground) -> None:
    index = met(ground)
    chosen = [mutant for mutant in ordered(index, 1) if mutant in ground.foresight.doomed][:3]

    def interrupts(mutant: Mutant) -> bool:
        if mutant == chosen[2]:
            raise KeyboardInterrupt
        return False

    trials = list(run_trials(ground, index, chosen, None, book=Book(None, ""), skips=interrupts))
    assert [trial.mutant for trial in trials] == chosen[:2]


def test_summary_is_of_what_was_tried() -> None:
    told = CliRunner().invoke(main, ["--summary", "--unlisted"])
    assert (told.exit_code, "leave --unlisted out" in told.output) == (2, True)


@pytest.mark.parametrize(("query", "changes"), [("limit=50", 0), ("fields=slug", 1)])
def test_parameter_that_changes_nothing_is_no_mutant(app: InProcess, query: str, changes: int) -> None:
    name = query.partition("=")[0]
    carrier = MutantCarrier(AppCarrier(app), Mutant(Kind.PARAMETER, Place(Subject("list_public_models")), name), {})
    carrier.carry("GET", f"/v1/public/models?{query}", {}, None)
    assert carrier.changes == changes


def test_mutant_in_free_text_survives(ground: Ground) -> None:
    mutant = Mutant(Kind.OTHER, Place(Subject("list_runs", 429), ("message",)))
    trial = tried(ground, mutant, met(ground)[mutant])
    assert (trial.killer, trial.changes > 0) == ("", True)
    assert reason_for(mutant, accepted())


@pytest.mark.slow(is_covering=True)
def test_order_is_that_of_the_seed_and_begins_with_every_kind(ground: Ground) -> None:
    index = met(ground)
    assert ordered(index, 1) == ordered(dict(reversed(index.items())), 1) != ordered(index, 2)
    assert sorted(ordered(index, 1)) == sorted(index)
    assert {mutant.kind for mutant in ordered(index, 1)[:120]} == {mutant.kind for mutant in index}


def test_every_accepted_survivor_has_a_reason_that_says_something() -> None:
    assert all(len(each.reason) > 10 for each in accepted())
    assert json.dumps([each.reason for each in accepted()]).isascii()


def test_accepted_is_what_fits_all_patterns() -> None:
    known = [Accepted("free text, for people", kinds=("other value",), ways=("message",))]
    text = Mutant(Kind.OTHER, Place(Subject("get_run", 404), ("message",)))
    assert reason_for(text, known) == "free text, for people"
    assert not reason_for(Mutant(Kind.NULL, text.place), known)


def test_what_is_listed_is_tried_all_the_same_where_it_denies_a_fact_or_is_known_already(ground: Ground) -> None:
    text = Mutant(Kind.OTHER, Place(Subject("get_run", 404), ("message",)))
    doomed = next(iter(ground.foresight.doomed))
    assert is_skipped(ground, lambda mutant: "", text)
    assert not is_skipped(ground, lambda mutant: "the contract", text)
    assert not is_skipped(ground, lambda mutant: "", doomed)


def test_kill_by_a_crash_of_the_suite_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    mutant = Mutant(Kind.ABSENT, Place(Subject("get_run", 200), ("cost",)))
    for says, code in ((f"flow: {CRASHED} (KeyError: 'cost')", 1), ("flow: it stopped: get_run: `cost` (string) was expected", 0)):
        trials = [Trial(mutant, 1, "run_lives", says)]
        rows = rows_of(trials, {Kind.ABSENT: 1}, accepted(), lambda mutant: "")
        assert report(trials, rows, lambda mutant: "", is_sample=True) == code
        assert ("FOUND BY A CRASH" in capsys.readouterr().out) is bool(code)


@pytest.mark.parametrize(
    ("killed", "survived", "says", "of_a_sample", "of_all"),
    [
        (99, 0, "", 0, 0),
        (99, 1, "", 0, 1),
        (19, 1, "", 0, 1),
        (18, 2, "", 1, 1),
        (99, 0, "the contract", 0, 0),
        (99, 1, "the contract", 1, 1),
    ],
)
def test_exit_code_is_about_survivors_that_are_not_listed(killed: int, survived: int, says: str, of_a_sample: int, of_all: int) -> None:
    mutants = [Mutant(Kind.ABSENT, Place(Subject("get_run", 200), (f"field_{number}",))) for number in range(killed + survived)]
    trials = [Trial(mutant, 1, "answer_schema" if number < killed else "") for number, mutant in enumerate(mutants)]
    rows = rows_of(trials, {Kind.ABSENT: len(mutants)}, accepted(), lambda mutant: says)
    codes = tuple(report(trials, rows, lambda mutant: says, is_sample=is_sample) for is_sample in (True, False))
    assert codes == (of_a_sample, of_all)
