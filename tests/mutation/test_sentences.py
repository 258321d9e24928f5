"""A flow alone, without the laws, ends with a sentence about the server, whatever is left out, nulled or changed in its answers."""

from random import Random

import pytest
from mutation.mutants import OF_CONTENT
from mutation.observing import Observer
from mutation.proxy import MutantCarrier
from mutation.replaying import Parted, Recorder, Replayer, names_of
from mutation.trials import BY_ID

from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.flows import CRASHED, play
from runflow_mock.kit.suite.laws import Watch
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.records import Pulled

# Those that read the most of what they are told.
FLOWS = (
    *("run_lives", "batch_lives", "failed_item_is_free", "repeat_is_replayed", "callback_says_what_is", "callback_comes_once"),
    *("file_is_there", "file_expires", "upload_is_kept", "price_is_charged", "redelivery_is_told", "attempts_are_told"),
    *("webhook_is_signed", "current_secret_signs", "stale_change_is_refused", "evaluation_is_paid", "odd_value_is_kept"),
    *("account_agree", "evaluations_agree", "workflows_agree", "filter_finds_in_company", "comparison_finds", "page_stays"),
)
OF_EACH = 25


class Blind(Watch):
    """A watch that says nothing."""

    def see(self, answer: Answer) -> None:
        """Looks away."""

    def hear(self, attempt: Pulled) -> None:
        """Does not listen."""


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("dialect", ["seed", "docs"])
def test_flow_without_laws_ends_with_a_sentence(dialect: str) -> None:
    app, crashed, tried = InProcess(Config(dialect=dialect), callbacks_open=False), list[str](), 0
    for name in FLOWS:
        recorder = Recorder(AppCarrier(app))
        observer = Observer(recorder)
        play(BY_ID[name], Target(observer, None, dialect=dialect, names=names_of(name)), packaged_contract(), watching=Blind)
        pool = sorted(mutant for mutant in observer.seen if mutant.kind in OF_CONTENT)
        for mutant in Random(name).sample(pool, min(OF_EACH, len(pool))):
            target = Target(
                MutantCarrier(Replayer(recorder.recording), mutant, observer.donors), None, dialect=dialect, names=names_of(name)
            )
            try:
                tally = play(BY_ID[name], target, packaged_contract(), watching=Blind)
            except Parted:
                continue
            tried += 1
            crashed += [f"{name}, {mutant}: {breach.says}" for breach in tally.breaches if breach.says.startswith(CRASHED)]
    app.stop()
    assert crashed == []
    assert tried > 300
