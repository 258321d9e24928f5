"""`python -m mutation`: plants mutants between the contract suite and the fake, and tells which of them no rule finds."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from signal import SIGTERM, default_int_handler, signal
from time import process_time

import click

from mutation.facts import facts_of
from mutation.mutants import Kind, Mutant
from mutation.observing import Index, index_of
from mutation.results import Book, ResultsError
from mutation.summaries import Row, Summary, rows_of, table, write_summary
from mutation.survivors import accepted, reason_for
from mutation.trials import Ground, Trial, observe, tried
from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.flows import CRASHED
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess

HERE = Path(__file__).parent
# Of every kind so many are tried first, however rare it is.
OF_EACH_KIND = 10
# Of the mutants in a sample that changed an answer so many must be killed, or listed with a reason; of those on facts, all.
RATE_MIN = 0.95
# Everything that counts for what becomes of a mutant: the counts themselves do not.
TRIED = (":/mock_server", ":/mutation", ":(exclude,top)mutation/kills.json")


@click.command()
@click.option("--seconds", default=280.0, show_default=True, help="CPU seconds that may be spent on the sample.")
@click.option("--seed", default=1, show_default=True, help="The sample is the same for the same seed, as far as it gets.")
@click.option("--all", "is_all", is_flag=True, help="Try every mutant, however long that takes.")
@click.option("--dialect", default="seed", type=click.Choice(["seed", "docs"]), show_default=True)
@click.option("--only", default="", help="Try only mutants whose description contains this.")
@click.option(
    "--unlisted",
    "is_unlisted",
    is_flag=True,
    help="Skip what survivors.toml lists, unless it denies a determined fact. What is skipped is counted by itself.",
)
@click.option(
    "--results", type=click.Path(dir_okay=False, path_type=Path), help="Write each result there at once; go on after what is there."
)
@click.option("--summary", "is_kept", is_flag=True, help="Put the counts into kills.json, from which docs/tables.py makes the kill table.")
def main(
    *, seconds: float, seed: int, is_all: bool, dialect: str, only: str, is_unlisted: bool, results: Path | None, is_kept: bool
) -> None:
    """Print the kill rate of each kind, of all and of those that deny a determined fact, and every survivor.

    All of them take hours: --all with --results can be stopped, tells what there is, and goes on where it stopped. Exit code 1: one
    survived that denies what the contract, the request or another answer determines, or of all of them any, and survivors.toml does not
    list it; of a sample, which is as large as the machine is fast, more than a twentieth did; or the suite crashed over one.
    """
    name, date, changes = commit()
    if is_kept and is_unlisted:
        raise click.UsageError("--summary keeps what was tried: leave --unlisted out")
    if is_kept and changes:
        raise click.UsageError(f"--summary names a commit, and something has changed since {name}: commit it first")
    try:
        book = Book(results, f"{code_of(name, changes)}, dialect {dialect}")
    except ResultsError as error:
        raise click.UsageError(str(error)) from None
    signal(SIGTERM, default_int_handler)
    # What needs no key is told in the server's dialect, and the rest in the tenants': a service has one.
    app = InProcess(Config(dialect=dialect), callbacks_open=False)
    try:
        started = process_time()
        ground = observe(AppCarrier(app), dialect)
        index = index_of(ground.seen)
        chosen = [mutant for mutant in ordered(index, seed) if only in str(mutant)]
        places = len({each.place for each in index})
        say(f"seed {seed}, dialect {dialect}: {len(index)} mutants at {places} places, seen in {process_time() - started:.0f} s of CPU")
        determines = facts_of(ground.recordings.values()).what_determines
        until = None if is_all else started + seconds
        trials = list(run(ground, index, chosen, until, book=book, skips=partial(is_skipped, ground, determines) if is_unlisted else never))
    finally:
        app.stop()
    tried_of = sum(not trial.is_skipped for trial in trials)
    say(f"{tried_of} tried and {len(trials) - tried_of} skipped in {process_time() - started:.0f} s of CPU")
    rows = rows_of(trials, Counter(each.kind for each in index), accepted(), determines)
    if is_kept:
        write_summary(Summary(dialect, name, date, rows))
    sys.exit(report(trials, rows, determines, is_sample=not is_all or len(trials) < len(chosen)))


def ordered(index: Iterable[Mutant], seed: int) -> list[Mutant]:
    """Returns mutants in the order of a seed: some of each kind first."""
    # A digest of seed and name: a mutant that is new or gone leaves the order of the others.
    pool = sorted(index, key=lambda mutant: sha256(f"{seed} {mutant!r}".encode()).digest())
    met: Counter[Kind] = Counter()
    first: list[Mutant] = []
    later: list[Mutant] = []
    for mutant in pool:
        met[mutant.kind] += 1
        (first if met[mutant.kind] <= OF_EACH_KIND else later).append(mutant)
    return first + later


def is_skipped(ground: Ground, determines: Callable[[Mutant], str], mutant: Mutant) -> bool:
    """Tells whether a mutant need not be tried: the list has it, nothing determines what it denies, and nothing is known of it yet."""
    return bool(reason_for(mutant, accepted())) and not determines(mutant) and not ground.foresight.knows(mutant)


def never(mutant: Mutant) -> bool:
    """Skips none."""
    return False


def run(
    ground: Ground, index: Index, chosen: list[Mutant], until: float | None, *, book: Book, skips: Callable[[Mutant], bool] = never
) -> Iterator[Trial]:
    """Tries one mutant after the other, until the time is over or somebody interrupts; what is skipped is told as such, and not kept."""
    for mutant in chosen:
        if until is not None and process_time() > until:
            return
        trial = book.result_of(mutant)
        try:
            if trial is None and skips(mutant):
                trial = Trial(mutant, 0, is_skipped=True)
            elif trial is None:
                trial = tried(ground, mutant, index[mutant])
                book.note(trial)
        except KeyboardInterrupt:
            return
        yield trial


def report(trials: list[Trial], rows: tuple[Row, ...], determines: Callable[[Mutant], str], *, is_sample: bool) -> int:
    """Prints the table and the survivors; returns the exit code."""
    known = accepted()
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for trial in trials:
        if trial.changes and not trial.killer:
            why = determines(trial.mutant)
            lines[reason_for(trial.mutant, known)].append(f"{trial.mutant}{f' ({why} determines it)' if why else ''}")
    total = Summary("", "", "", rows).total
    for line in table((*rows, total)):
        say(line)
    crashed = [trial for trial in trials if CRASHED in trial.says]
    if crashed:
        say(f"\nFOUND BY A CRASH of the suite, which says nothing of the server: {len(crashed)}")
    for trial in crashed:
        say(f"  {trial.mutant}: {trial.killer} {trial.says}")
    for reason, survivors in sorted(lines.items()):
        say(f"\n{f'listed, {reason}' if reason else 'SURVIVED'}: {len(survivors)}")
        for survivor in sorted(survivors):
            say(f"  {survivor}")
    allowed = total.changed * (1 - RATE_MIN) if is_sample else 0
    return 1 if total.left > allowed or total.facts_left or crashed else 0


def commit() -> tuple[str, str, bytes]:
    """Returns which commit this is, its date, and how what is tried here has changed since."""
    name, _, date = _git("log", "-1", "--format=%h %cs").decode().partition(" ")
    return name, date, _git("diff", "--no-ext-diff", "--binary", "HEAD", "--", *TRIED)


def code_of(name: str, changes: bytes) -> str:
    """Returns what the code is called that is tried: a commit, and which changes of it where there are any."""
    return f"{name}+{sha256(changes).hexdigest()[:12]}" if changes else name


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=HERE, check=True, capture_output=True).stdout.strip()  # noqa: S603, S607


def say(text: str) -> None:
    """Prints a line at once."""
    click.echo(text)


if __name__ == "__main__":
    main()
