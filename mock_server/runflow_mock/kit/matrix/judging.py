"""Judging: what the trials of a client say, rule by rule.

A cell is judged by its end, by the client's answers to callbacks, or by what it created, as the rule asks. It is not exercised where its
situation was not met, and where the control did not pass: what fails anyway says nothing about the one thing that differs.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from runflow_mock.domain.hygiene import RULES
from runflow_mock.domain.verdicts import NEVER_MET, NOT_PACED, Judgement
from runflow_mock.kit.matrix.asks import ASKS
from runflow_mock.kit.matrix.cells import CALLBACK_CONTROL, CONTROL, REFUSED_AT_POLL
from runflow_mock.kit.matrix.ends import NO_ANSWER_WITHIN, is_genuine
from runflow_mock.kit.matrix.expectations import USUAL, Expectation, last_words
from runflow_mock.kit.matrix.situations import Cell
from runflow_mock.kit.matrix.trials import GIVES_UP, Trial
from runflow_mock.kit.sheets.records import Place, Row, Sheet
from runflow_mock.kit.sheets.reports import CLIENT, contract_violations

NO_TRAFFIC = (
    "the client sent nothing to the sandbox: it is led there by RUNFLOW_BASE_URL, with the service's host written into it by HTTPS_PROXY, "
    "and a Node program by NODE_OPTIONS; a command that clears these variables, or starts a container, must hand them on"
)
NO_CONTROL = "the control did not pass, so that this says nothing"
NO_RUN = "no run of a model began in the control, alone or in a batch, and the other cells are tried only where one does"
NO_CALLBACK = "the client sends no callback_url"
NOT_MET = "the client never came into this situation"
NO_TIME = "a client that is right may take longer here than --timeout allows"
NO_TLS = "it reaches the sandbox without TLS, so that there is no certificate to check"
NO_TIMESTAMP = "callbacks of this dialect carry no timestamp"
UNDECIDED = "it was still trying: whether it gives up cannot be said; --timeout gives it longer"
BY_ITSELF = "what it had read in vain until then it has given up by itself"
STILL_TRYING = "it was still trying when it was stopped, which retry-gives-up is about"
STILL_ASKING = "it was still asking for what was refused when it was stopped, which retry-refused, retry-gives-up and poll-absent are about"
TOLD_ANYWAY = "a callback has told it of the end, whatever became of its readings"
TOLD_BEFORE = "it was told of the end before it came into this situation"
NO_WORD = "it only listens, and nothing tells of this end but to whoever asked for a callback or reads"
TOLD_ELSEWHERE = "it shows in another cell already what is wrong"
FORGERY_TAKEN = "the forged callback was taken, which another rule is about"
ONLY_CREATES = "the client creates, and ends: where nothing goes wrong it does not wait for the end of its work either"
NO_ANSWER = "the client was gone before the callback arrived"

ASKS_AGAIN = ("retry-refused", GIVES_UP, "poll-absent")

Expected = Mapping[str, Expectation]
Seen = tuple[Judgement, str]


def judge_trials(cells: Sequence[Cell], trials: Mapping[str, Trial], expected: Expected) -> Sheet:
    """Returns the sheet of a client; cells without a trial were not tried."""
    found, why_nothing = [trial for trial in trials.values() if trial.exchanges], _why_nothing_came(trials[CONTROL.name])
    rows = [_cell_row(cell, rule, trials, expected) for cell in cells for rule in (cell.rule, *cell.also)]
    told = {row.subject for row in rows if row.judgement is Judgement.BROKEN or row.reason == TOLD_ELSEWHERE}
    rows.append(_ends_row(found, told, why_nothing))
    shown = tuple(f"{trial.cell.name}: it has printed {what}" for trial in found for what in trial.printed)
    rows.append(_client_row("key-not-in-output", shown, tuple(f"{len(found)} trials printed neither" for _ in found[:1]), why_nothing))
    wrong = tuple(f"{trial.cell.name}: {violation}" for trial in found for violation in contract_violations(trial.report, _misled(trial)))
    count = sum(trial.exchanges - len(_misled(trial)) for trial in found)
    rows.append(_client_row("contract", wrong, (f"{count} exchanges",) if found else (), why_nothing))
    rows.extend(_rule_rows(found, why_nothing))
    return Sheet(title=f"Client in {len(trials)} of {len(cells)} cells", rows=tuple(rows), errors=tuple(_ours(found)))


def places_of(cells: Sequence[Cell]) -> tuple[Place, ...]:
    """Returns where the sheet of a client has rows, whatever becomes of its trials."""
    of_cells = ((cell.name, rule) for cell in cells for rule in (cell.rule, *cell.also))
    return (*of_cells, *((CLIENT, rule) for rule in ("ends", "key-not-in-output", "contract", *(rule.id for rule in RULES))))


def passes_control(trial: Trial, expected: Expected) -> bool:
    """Tells whether the client does its work where nothing goes wrong."""
    return trial.exchanges > 0 and trial.is_met and _objection(trial, expected) is None


def _cell_row(cell: Cell, rule: str, trials: Mapping[str, Trial], expected: Expected) -> Row:
    asks, weight = ASKS[rule]
    reason = _obstacle(cell, trials, expected)
    judgement, told = (Judgement.NOT_EXERCISED, reason) if reason is not None else _seen(cell, rule, trials, expected)
    return Row(
        subject=cell.name,
        rule=rule,
        judgement=judgement,
        asks=asks,
        weight=weight,
        evidence=() if judgement is Judgement.NOT_EXERCISED else (told,),
        reason=told if judgement is Judgement.NOT_EXERCISED else None,
    )


def _obstacle(cell: Cell, trials: Mapping[str, Trial], expected: Expected) -> str | None:
    """Why a cell says nothing, if it does not."""
    control, trial = trials[CONTROL.name], trials.get(cell.name)
    if cell is CONTROL:
        return None if control.exchanges else _why_nothing_came(control)
    if not control.exchanges:
        return _why_nothing_came(control)
    # What says most of why the rest went wrong comes first: without a run there is no callback either.
    obstacles = (
        (NO_RUN, not control.is_met and _objection(control, expected) is None),
        (NO_CONTROL, not passes_control(control, expected)),
        (NO_CALLBACK, cell.needs_callback and not control.asks_for_callback),
        (NO_TLS, cell.distrusts and not control.is_secure),
        (NO_TIME, trial is None and cell.seconds > 0),
        (NOT_MET, trial is None or not trial.is_met),
        (NO_CONTROL, cell.needs_callback and cell is not CALLBACK_CONTROL and not _takes_callbacks(trials)),
        (TOLD_ELSEWHERE, cell.unless is not None and _shows(cell.unless, trials, expected)),
    )
    return next((reason for reason, is_there in obstacles if is_there), None)


def _shows(name: str, trials: Mapping[str, Trial], expected: Expected) -> bool:
    """Whether a cell was tried, and shows that its rule is broken."""
    return name in trials and _seen(trials[name].cell, trials[name].cell.rule, trials, expected)[0] is Judgement.BROKEN


def _why_nothing_came(control: Trial) -> str:
    """Why nothing came from a client, with its own last words where it failed."""
    if control.exit_code == 0:
        return NO_TRAFFIC
    stopped, ended = f"was stopped after {control.seconds:.0f} s", f"ended with {control.exit_code}"
    how = stopped if control.exit_code is None else ended
    return f"{NO_TRAFFIC}; without a terminal and input it {how}, and the last it said is: {last_words(control.output)}"


def _takes_callbacks(trials: Mapping[str, Trial]) -> bool:
    control = trials.get(CALLBACK_CONTROL.name)
    return control is not None and _answers(control)[0] is Judgement.HELD


def _seen(cell: Cell, rule: str, trials: Mapping[str, Trial], expected: Expected) -> Seen:
    """What a trial says about a rule of its cell."""
    trial = trials[cell.name]
    # What keeps a client from nothing is judged by its answers where it comes in a callback.
    asked = "takes-callbacks" if rule == "tolerates-nulls" and cell.needs_callback else rule
    if asked in _BY_ANSWERS:
        return _BY_ANSWERS[asked](trial)
    does_not_wait = trials[CONTROL.name].only_creates and trial.only_creates and trial.runs > 0
    if rule in _ABOUT_WAITING and does_not_wait and not _listens_itself(trials):
        return Judgement.NOT_EXERCISED, ONLY_CREATES
    if rule in _BY_RECORDS:
        return _BY_RECORDS[rule](trial, trials[CONTROL.name])
    if rule == "tolerates-unknown-states" and not _is_told(trial):
        return Judgement.BROKEN, f"{trial.told}, and was never told of an end"
    if (excuse := _excuse(rule, trial)) is not None:
        return Judgement.NOT_EXERCISED, excuse
    objection = _objection(trial, expected)
    return _judged(objection is None), trial.told if objection is None else objection


def _listens_itself(trials: Mapping[str, Trial]) -> bool:
    """Whether each trial of a client that only creates has named a place of its own for callbacks: then it is there that it waits.

    A receiver that runs anyway is at one place, and whoever creates and ends names it each time.
    """
    places = [trial.callback_origins for trial in trials.values() if trial.asks_for_callback]
    return len(frozenset[str]().union(*places)) > 1


def _creates_once(trial: Trial, control: Trial) -> Seen:
    return _judged(trial.runs <= control.runs), f"{trial.runs} runs were created, {control.runs} where nothing goes wrong; {trial.told}"


def _keeps_successes(trial: Trial, control: Trial) -> Seen:
    is_kept = trial.made_again <= control.made_again or trial.runs <= control.runs
    return _judged(is_kept), f"{trial.made_again} runs were created of which the same had succeeded; {trial.told}"


def _checks_files(trial: Trial, control: Trial) -> Seen:
    """Whoever ends badly has said that it has not got what it began to fetch."""
    is_silent = trial.exit_code == 0 and bool(trial.lost_files)
    return _judged(not is_silent), f"{trial.told}{f', without {trial.lost_files[0][:120]}' if is_silent else ''}"


def _takes_no_page(trial: Trial, control: Trial) -> Seen:
    """Whoever ends badly, or was told of the end otherwise, has not taken what is no record for a result; nor who has created all the same
    where that is all that it does.
    """
    does_without = control.only_creates and trial.runs >= control.runs
    is_silent = trial.exit_code == 0 and not does_without and not _is_told(trial)
    return _judged(not is_silent), f"{trial.told}{', and was never told of an end' if is_silent else ''}"


def _waits_for_ends(trial: Trial, control: Trial) -> Seen:
    is_silent = trial.exit_code == 0 and bool(trial.untold)
    return _judged(not is_silent), f"{trial.told}{f', and was not told of the end of {trial.untold[0]}' if is_silent else ''}"


def _checks_certificates(trial: Trial, control: Trial) -> Seen:
    """What comes by another way than the service's name, as RUNFLOW_BASE_URL leads, has met no certificate."""
    taken = f", {trial.secure_exchanges} of them by a certificate for which nobody vouches"
    return _judged(not trial.is_secure), f"{trial.told}{taken if trial.is_secure else ''}"


_BY_RECORDS: Mapping[str, Callable[[Trial, Trial], Seen]] = {
    "creates-once": _creates_once,
    "keeps-successes": _keeps_successes,
    "checks-files": _checks_files,
    "takes-no-page": _takes_no_page,
    "waits-for-ends": _waits_for_ends,
    "checks-certificates": _checks_certificates,
}


_ABOUT_WAITING = ("reports-failure", "waits-for-ends", "finds-its-own")
_AFTER_FORGERIES = ("acts-after-verifying", "survives-callbacks")


def _excuse(rule: str, trial: Trial) -> str | None:
    """Why it says nothing of a rule how the client ended."""
    forged = [attempt["status_code"] for attempt in _attempts(trial) if not is_genuine(attempt)]
    taken = [attempt for attempt in _attempts(trial) if _is_taken(attempt["status_code"])]
    excuses = (
        (STILL_TRYING, trial.is_trying),
        (STILL_ASKING, _is_asking(trial)),
        (NO_ANSWER, rule == "acts-after-verifying" and not any(forged)),
        (FORGERY_TAKEN, rule in _AFTER_FORGERIES and any(map(_is_taken, forged))),
        (TOLD_ANYWAY, trial.cell.name in REFUSED_AT_POLL and bool(taken)),
        (TOLD_BEFORE, rule == "tolerates-unknown-states" and trial.knew_end),
        (NO_WORD, rule == "handles-partial" and _hears_nothing(trial)),
    )
    return next((excuse for excuse, counts in excuses if counts), None)


def _is_told(trial: Trial) -> bool:
    """Whether an answer or a callback has told the client of an end, whatever it made of that."""
    return trial.saw_end or trial.has_heard


def _hears_nothing(trial: Trial) -> bool:
    """Whether the client waits, without a question of its own, for word that never came: a webhook has no event for each end."""
    return trial.exit_code is None and trial.only_creates and not trial.asks_for_callback and not _is_told(trial)


def _is_taken(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _is_asking(trial: Trial) -> bool:
    """Whether the client had to be stopped, and has repeated what was refused: both are one fault."""
    verdicts = {verdict["rule"]: verdict["verdict"] for verdict in trial.report["verdicts"]}
    return trial.exit_code is None and any(verdicts.get(rule) == Judgement.BROKEN.value for rule in ASKS_AGAIN)


def _objection(trial: Trial, expected: Expected) -> str | None:
    return expected.get(trial.cell.name, USUAL).objection(trial.cell.ending, trial.exit_code, trial.output)


def _answers(trial: Trial) -> Seen:
    """Genuine attempts must be taken, each of them."""
    return _told_answers([attempt for attempt in _attempts(trial) if is_genuine(attempt)], is_wanted=True)


def _refusals(trial: Trial) -> Seen:
    """Distorted attempts must not be taken."""
    return _told_answers([attempt for attempt in _attempts(trial) if not is_genuine(attempt)], is_wanted=False)


def _refusals_of_stale(trial: Trial) -> Seen:
    """Attempts of another time must not be taken, where they say of which."""
    if not any("Runflow-Timestamp" in attempt["headers"] for attempt in _attempts(trial)):
        return Judgement.NOT_EXERCISED, NO_TIMESTAMP
    return _refusals(trial)


def _repeats(trial: Trial) -> Seen:
    """Every copy must be taken."""
    copied = [attempt for attempt in _attempts(trial) if attempt["copies"]]
    return _told_answers([answer for attempt in copied for answer in (*attempt["copies"], attempt)], is_wanted=True)


_BY_ANSWERS: Mapping[str, Callable[[Trial], Seen]] = {
    "takes-callbacks": _answers,
    "refuses-forged": _refusals,
    "refuses-stale": _refusals_of_stale,
    "takes-repeats": _repeats,
}


def _told_answers(answers: Sequence[Mapping[str, Any]], *, is_wanted: bool) -> Seen:
    statuses = [answer["status_code"] for answer in answers if answer["status_code"] is not None]
    # Whoever is gone refuses the connection; whoever is there and keeps silent has not taken it.
    if is_wanted and (silent := next((answer["error"] for answer in answers if str(answer["error"]).startswith(NO_ANSWER_WITHIN)), None)):
        return Judgement.BROKEN, str(silent)
    if not statuses:
        errors = [str(answer["error"]) for answer in answers]
        return Judgement.NOT_EXERCISED, f"{NO_ANSWER}{f': {errors[0]}' if errors else ''}"
    is_right = all(_is_taken(status) is is_wanted for status in statuses)
    return _judged(is_right), f"answered {', '.join(map(str, statuses))}"


def _misled(trial: Trial) -> frozenset[str]:
    """The exchanges that are not held against a client: who goes on from what is no record asks for what has no name, and is told so."""
    return trial.misled if trial.cell.rule == "takes-no-page" else frozenset()


def _attempts(trial: Trial) -> list[Mapping[str, Any]]:
    return [attempt for delivery in trial.deliveries for attempt in delivery["attempts"]]


def _ends_row(trials: Sequence[Trial], told: Collection[str], why_nothing: str) -> Row:
    """Whoever had to be stopped in a cell that says so already, or while it kept trying, is not told of twice."""
    excused = [trial for trial in trials if trial.is_trying or _is_asking(trial) or _hears_nothing(trial) or trial.cell.name in told]
    silent = [trial for trial in trials if trial.exit_code is None and trial not in excused]
    stuck = tuple(f"{trial.cell.name}: {trial.told}; --timeout gives it longer" for trial in silent)
    ended = tuple(f"{sum(trial.exit_code is not None for trial in trials)} trials came to an end" for _ in trials[:1])
    return _client_row("ends", stuck, ended, why_nothing)


def _client_row(rule: str, wrong: tuple[str, ...], right: tuple[str, ...], why_nothing: str) -> Row:
    asks, weight = ASKS[rule]
    judgement = Judgement.BROKEN if wrong else Judgement.HELD if right else Judgement.NOT_EXERCISED
    reason = None if wrong or right else why_nothing
    return Row(subject=CLIENT, rule=rule, judgement=judgement, asks=asks, weight=weight, evidence=wrong or right, reason=reason)


def _rule_rows(trials: Sequence[Trial], why_nothing: str) -> Iterator[Row]:
    """The rules for clients over all trials: broken where they are broken in one of them."""
    for rule in RULES:
        verdicts = _verdicts(rule.id, trials)
        for judgement in (Judgement.BROKEN, Judgement.HELD, Judgement.NOT_EXERCISED):
            met = [(trial, verdict) for trial, verdict in verdicts if verdict["verdict"] == judgement.value]
            if met or judgement is Judgement.NOT_EXERCISED:
                break
        evidence = tuple(f"{trial.cell.name}: {seen['message']}" for trial, verdict in met for seen in verdict["evidence"])
        reasons = [verdict["reason"] for _, verdict in met if verdict["reason"] not in (None, NOT_PACED)]
        reasons.sort(key=NEVER_MET.__eq__)
        yield Row(
            subject=CLIENT,
            rule=rule.id,
            judgement=judgement,
            asks=rule.asks,
            weight=rule.weight,
            evidence=evidence,
            reason=(reasons[0] if reasons else why_nothing) if judgement is Judgement.NOT_EXERCISED else None,
        )


def _verdicts(rule: str, trials: Sequence[Trial]) -> Sequence[tuple[Trial, Mapping[str, Any]]]:
    """Returns what trials say of a rule; whoever was still trying in one of them when it was stopped has shown nowhere that it gives up."""
    found = [(trial, verdict) for trial in trials for verdict in trial.report["verdicts"] if verdict["rule"] == rule]
    if rule != GIVES_UP:
        return found
    found = [(trial, _left_open(verdict, trial, BY_ITSELF) if _ends_reading(trial, verdict) else verdict) for trial, verdict in found]
    if any(verdict["verdict"] == Judgement.BROKEN.value for _, verdict in found):
        return found
    return [(trial, _left_open(verdict, trial, UNDECIDED)) for trial, verdict in found if trial.is_trying] or found


def _ends_reading(trial: Trial, verdict: Mapping[str, Any]) -> bool:
    """Whether nothing but readings failed too often, and a client with a deadline of its own has then ended badly before it was stopped."""
    if verdict["verdict"] != Judgement.BROKEN.value or trial.exit_code in (None, 0):
        return False
    evidence = verdict["evidence"]
    return len(evidence) == verdict["broken"] and all(seen["exchanges"][0] in trial.readings for seen in evidence)


def _left_open(verdict: Mapping[str, Any], trial: Trial, why: str) -> Mapping[str, Any]:
    return {**verdict, "verdict": Judgement.NOT_EXERCISED.value, "evidence": [], "reason": f"{trial.cell.name}: {trial.told}, and {why}"}


def _ours(trials: Sequence[Trial]) -> Iterator[str]:
    for trial in trials:
        yield from (f"{trial.cell.name}: {_place(sample)}{sample['message']} [{sample['exchange']}]" for sample in trial.report["ours"])
        yield from (f"{trial.cell.name}: {error}" for error in trial.report["background_errors"])


def _place(sample: Mapping[str, Any]) -> str:
    return "".join(
        f"{'.'.join(map(str, sample[name])) if name == 'loc' else sample[name]}: " for name in ("operation", "loc") if sample.get(name)
    )


def _judged(is_right: bool) -> Judgement:  # noqa: FBT001 - a verdict is about one truth
    return Judgement.HELD if is_right else Judgement.BROKEN
