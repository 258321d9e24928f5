import pytest
from records import SEED

from runflow_mock.domain.judges import JUDGE_BY_NAME, JUDGES, PASS_MARK, TOP_COUNT, Opinion, conclude, deliberate


def verdict_without(*names: str) -> tuple[bool, float, str]:
    verdict = conclude([Opinion(judge.name, judge.name not in names, 0.9) for judge in JUDGES])
    return verdict.overall_passed, verdict.weighted_pass_rate, verdict.action


def test_judges_have_different_names_and_positive_weights() -> None:
    assert len(JUDGE_BY_NAME) == len(JUDGES)
    assert all(judge.weight > 0 for judge in JUDGES)
    assert any(judge.is_gate for judge in JUDGES)


@pytest.mark.parametrize(
    ("failing", "result"),
    [
        ((), (True, 1.0, "accept")),
        (("Lighting",), (True, 0.9167, "accept")),
        (("Likeness", "Lighting"), (True, 0.75, "accept")),
        (("Likeness", "Sharpness"), (False, 0.6667, "review")),
        (("Anatomy",), (False, 0.75, "regenerate")),
    ],
)
def test_gates_and_the_pass_mark_decide(failing: tuple[str, ...], result: tuple[bool, float, str]) -> None:
    assert verdict_without(*failing) == result


def test_issues_and_strengths_are_those_of_the_judges() -> None:
    verdict = conclude([Opinion(judge.name, judge.name != "Anatomy", 0.9) for judge in JUDGES])
    assert verdict.top_issues == (JUDGE_BY_NAME["Anatomy"].issue,)
    assert verdict.top_strengths == tuple(judge.strength for judge in JUDGES if judge.name != "Anatomy")[:TOP_COUNT]
    assert verdict.gate_failures == ("Anatomy",)


def test_equal_seeds_give_equal_verdicts_and_others_differ() -> None:
    assert deliberate(SEED.child("a")) == deliberate(SEED.child("a"))
    assert deliberate(SEED.child("a")) != deliberate(SEED.child("b"))


def test_most_images_pass_and_some_do_not() -> None:
    verdicts = [deliberate(SEED.child(number)) for number in range(300)]
    assert 0.5 < sum(verdict.overall_passed for verdict in verdicts) / len(verdicts) < 0.95
    assert {verdict.action for verdict in verdicts} == {"accept", "review", "regenerate"}
    assert all(0 <= verdict.weighted_pass_rate <= 1 for verdict in verdicts)
    assert all(verdict.weighted_pass_rate >= PASS_MARK for verdict in verdicts if verdict.overall_passed)
