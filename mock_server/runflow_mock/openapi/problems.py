"""Problems: what in a document cannot be understood, with the file and the place in it; everything else is read all the same."""

from collections.abc import Sequence

import msgspec

TOLD_MAX = 20


class Problem(msgspec.Struct, frozen=True):
    """One part that is not understood: in which file, at which place, and why."""

    file: str
    place: str
    says: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.says}"


def told(problems: Sequence[Problem]) -> tuple[str, ...]:
    """Returns problems as lines; of many the first ones, and how many more there are."""
    more = len(problems) - TOLD_MAX
    lines = [str(problem) for problem in problems[:TOLD_MAX]]
    return (*lines, *([f"{problems[0].file}: {more} more places are not understood"] if more > 0 else []))
