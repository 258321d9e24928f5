"""Holds the coverage of `domain`, `engine` and `wire` against its floor: every line and branch, but for those with a reason.

python tests/support/coverage_floors.py reports/coverage.json
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FLOORS = ("domain", "engine", "wire")
# What is left uncovered, by file and function, and why that is right.
EXCEPTIONS: Mapping[str, str] = {
    "wire/attachments.py: Intake._objection": "a file beyond its limit has 50 MiB, more than a test that is not slow should carry",
}


def uncovered(report: Mapping[str, Any]) -> Iterator[tuple[str, list[int]]]:
    """Yields each function of the floors with lines, or lines before branches, that no test reaches."""
    for path, measured in report["files"].items():
        _, _, place = path.partition("runflow_mock/")
        if place.split("/")[0] in FLOORS:
            for name, function in measured["functions"].items():
                lines = {*function["missing_lines"], *(start for start, _ in function.get("missing_branches", ()))}
                if lines:
                    yield f"{place}: {name or 'module'}", sorted(lines)


def main(report: Path) -> int:
    """Prints what falls short of the floor, and what is excepted though it is covered."""
    found = dict(uncovered(json.loads(report.read_bytes())))
    for place, lines in found.items():
        if place not in EXCEPTIONS:
            sys.stdout.write(f"{place}: not covered at {', '.join(map(str, lines))}\n")
    for place in EXCEPTIONS.keys() - found.keys():
        sys.stdout.write(f"{place}: is covered; take it out of EXCEPTIONS\n")
    return 0 if found.keys() == EXCEPTIONS.keys() else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
