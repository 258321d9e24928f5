"""`python -m mutation`: plants mutants between the contract suite and the fake, and tells which of them no rule finds."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from time import process_time

import click

from mutation.mutants import Kind, Mutant
from mutation.observing import Index, index_of
from mutation.results import Book
from mutation.survivors import Accepted, accepted, reason_for
from mutation.trials import Ground, Trial, observe, tried
from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.testing.in_process import InProcess

# Of every kind so many are tried first, however rare it is.
OF_EACH_KIND = 10
# Of the mutants in a sample that changed an answer so many must be killed, or listed with a reason.
RATE_MIN = 0.95


@click.command()
@click.option("--seconds", default=280.0, show_default=True, help="CPU seconds that may be spent on the sample.")
@click.option("--seed", default=1, show_default=True, help="The sample is the same for the same seed, as far as it gets.")
@click.option("--all", "is_all", is_flag=True, help="Try every mutant, however long that takes.")
@click.option("--dialect", default="seed", type=click.Choice(["seed", "docs"]), show_default=True)
@click.option("--only", default="", help="Try only mutants whose description contains this.")
@click.option("--unlisted", "is_unlisted", is_flag=True, help="Try no mutant that survivors.toml lists: it counts as a survivor.")
@click.option(
    "--results", type=click.Path(dir_okay=False, path_type=Path), help="Write each result there at once; go on after what is there."
)
def main(*, seconds: float, seed: int, is_all: bool, dialect: str, only: str, is_unlisted: bool, results: Path | None) -> None:
    """Print the kill rate of each kind, and every survivor.

    All of them take hours: --all with --results can be stopped, and goes on where it stopped. Exit code 1: with --all one survived that
    survivors.toml does not list; of a sample, which is as large as the machine is fast, more than a twentieth did.
    """
    app = InProcess(callbacks_open=False)
    try:
        started = process_time()
        ground = observe(AppCarrier(app), dialect)
        index = index_of(ground.seen)
        chosen = [mutant for mutant in ordered(index, seed) if only in str(mutant)]
        places = len({each.place for each in index})
        say(f"seed {seed}, dialect {dialect}: {len(index)} mutants at {places} places, seen in {process_time() - started:.0f} s of CPU")
        book = Book(results)
        listed = accepted() if is_unlisted else ()
        trials = list(run(ground, index, chosen, None if is_all else started + seconds, book=book, listed=listed))
    finally:
        app.stop()
    say(f"{len(trials)} tried in {process_time() - started:.0f} s of CPU")
    sys.exit(report(trials, Counter(each.kind for each in index), is_sample=not is_all))


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


def run(
    ground: Ground, index: Index, chosen: list[Mutant], until: float | None, *, book: Book, listed: Iterable[Accepted]
) -> Iterator[Trial]:
    """Tries one mutant after the other, until the time is over."""
    for mutant in chosen:
        if until is not None and process_time() > until:
            return
        trial = book.result_of(mutant)
        if trial is None:
            trial = Trial(mutant, 1) if reason_for(mutant, listed) else tried(ground, mutant, index[mutant])
            book.note(trial)
        yield trial


def report(trials: list[Trial], all_of: Counter[Kind], *, is_sample: bool) -> int:
    """Prints the table and the survivors; returns the exit code."""
    known = accepted()
    rows: defaultdict[Kind, Counter[str]] = defaultdict(Counter)
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for trial in trials:
        row = rows[trial.mutant.kind]
        row["tried"] += 1
        if not trial.changes:
            continue
        row["changed"] += 1
        if trial.killer:
            row["killed"] += 1
            continue
        reason = reason_for(trial.mutant, known)
        row["accepted" if reason else "survived"] += 1
        lines[reason].append(str(trial.mutant))
    say(f"{'kind':20} {'all':>6} {'tried':>6} {'changed':>8} {'killed':>7} {'rate':>7} {'accepted':>9} {'survived':>9}")
    total: Counter[str] = Counter()
    for kind in Kind:
        total.update(rows[kind])
        say(line_of(kind.value, all_of[kind], rows[kind]))
    say(line_of("all", sum(all_of.values()), total))
    for reason, survivors in sorted(lines.items()):
        say(f"\n{f'accepted, {reason}' if reason else 'SURVIVED'}: {len(survivors)}")
        for survivor in sorted(survivors):
            say(f"  {survivor}")
    allowed = total["changed"] * (1 - RATE_MIN) if is_sample else 0
    return 1 if total["survived"] > allowed else 0


def line_of(name: str, all_of: int, row: Counter[str]) -> str:
    """Returns one row of the table."""
    rate = f"{100 * row['killed'] / row['changed']:.1f} %" if row["changed"] else "-"
    return f"{name:20} {all_of:6} {row['tried']:6} {row['changed']:8} {row['killed']:7} {rate:>7} {row['accepted']:9} {row['survived']:9}"


def say(text: str) -> None:
    """Prints a line at once."""
    click.echo(text)


if __name__ == "__main__":
    main()
