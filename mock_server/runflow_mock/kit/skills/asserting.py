"""The check for tests: the skill that a project has installed is the pinned one."""

from os import PathLike, fspath
from pathlib import Path


def assert_skill(source: str | PathLike[str] | None = None) -> None:
    """Passes when every copy of the Runflow skill has the pinned bytes, as `runflow-mock skill verify` does.

    Args:
        source: a SKILL.md, a folder that holds one, or an address; left out, the copies installed in this project and the user's home.

    Raises:
        AssertionError: a copy has other bytes, or there is none; the message says in what they differ, and which claims of the text are
            contradicted by the API's document.
    """
    # What judges is only loaded by those who ask for it.
    from runflow_mock.kit.sheets.summaries import Summary
    from runflow_mock.kit.sheets.terminal import lines
    from runflow_mock.kit.skills.comparing import compare, pin_for
    from runflow_mock.kit.skills.copies import find_copies
    from runflow_mock.kit.skills.telling import tell_comparison

    asked, here = None if source is None else fspath(source), Path.cwd()
    found = find_copies(asked, here, Path.home())
    pinned = pin_for(asked, here)
    compared = [compare(copy, pinned) for copy in found.copies]
    differing = tuple(line for each in compared if not each.is_match for line in tell_comparison(each, pinned))
    told = [*lines(Summary(title="skills", lines=differing))]
    if not compared:
        told = [f"no copy of the Runflow skill in {asked or here}", *found.warnings]
    if told:
        raise AssertionError("\n".join(told))
