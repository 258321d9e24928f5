"""What shows what: tests that prove a kind of fault name it, and one test of each file sees that no kind was forgotten."""

from collections.abc import Callable

Test = Callable[..., None]


def showing(shown: dict[str, Test]) -> Callable[[str], Callable[[Test], Test]]:
    """Returns the decorator `shows(kind)`, which names the kind that a test is the proof of, and keeps it in a table."""

    def shows(kind: str) -> Callable[[Test], Test]:
        def enter(test: Test) -> Test:
            shown[kind] = test
            return test

        return enter

    return shows
