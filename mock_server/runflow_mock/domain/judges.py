"""Judges: the questions that an evaluation asks about an image, and the verdict that their answers make.

Theory. Each judge has a weight; the pass rate is the weight of those that passed over the weight of all. A judge that is a gate must pass,
whatever the rate. No image is looked at: the answers are drawn from a seed, most of them positive, so that both ends occur.

Source: `evaluations.record` (the fields of a judge and of a verdict). Inferred: `evaluations.judges`, and that
most images pass.
"""

from collections.abc import Sequence

import msgspec

from runflow_mock.domain.seeds import Seed

PASS_MARK = 0.7
PASS_CHANCE = 0.88
TOP_COUNT = 3


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """One question: what it is called and asks, how much it weighs, and what is said when it is passed or not."""

    name: str
    description: str
    category: str
    weight: int
    is_gate: bool = False
    strength: str
    issue: str


class Opinion(msgspec.Struct, frozen=True, gc=False):
    """The answer of the judge of that name, and how sure it is, from 0 to 1."""

    judge: str
    passed: bool
    confidence: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What all judges together say about one image."""

    opinions: tuple[Opinion, ...]
    overall_passed: bool
    weighted_pass_rate: float
    top_issues: tuple[str, ...]
    top_strengths: tuple[str, ...]
    gate_failures: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        """What to do with the image: keep it, have a person look at it, or make it again."""
        if self.overall_passed:
            return "accept"
        return "regenerate" if self.gate_failures else "review"


JUDGES: tuple[Judge, ...] = (
    Judge(
        name="Prompt adherence",
        description="Does the image show what was asked for?",
        category="semantics",
        weight=3,
        is_gate=True,
        strength="Shows what was asked for",
        issue="Leaves out a part of the request",
    ),
    Judge(
        name="Anatomy",
        description="Are bodies, hands and faces plausible?",
        category="realism",
        weight=3,
        is_gate=True,
        strength="Plausible anatomy",
        issue="Implausible hands",
    ),
    Judge(
        name="Likeness",
        description="Does the subject agree with the references?",
        category="identity",
        weight=2,
        strength="Faithful to the references",
        issue="Differs from the references",
    ),
    Judge(
        name="Sharpness",
        description="Is the subject in focus, without artefacts?",
        category="technical",
        weight=2,
        strength="Crisp details",
        issue="Soft details",
    ),
    Judge(
        name="Lighting",
        description="Do light and shadow fit together?",
        category="technical",
        weight=1,
        strength="Even light",
        issue="Shadows without a source",
    ),
    Judge(
        name="Composition",
        description="Is the subject framed well?",
        category="aesthetics",
        weight=1,
        strength="Balanced framing",
        issue="Subject cut off at the edge",
    ),
)
JUDGE_BY_NAME = {judge.name: judge for judge in JUDGES}


def deliberate(seed: Seed) -> Verdict:
    """Returns the verdict that is drawn from a seed."""
    return conclude([_answer(judge, seed) for judge in JUDGES])


def conclude(opinions: Sequence[Opinion]) -> Verdict:
    """Returns the verdict that the answers of all judges make."""
    passed = [JUDGE_BY_NAME[opinion.judge] for opinion in opinions if opinion.passed]
    failed = [JUDGE_BY_NAME[opinion.judge] for opinion in opinions if not opinion.passed]
    gates = tuple(judge.name for judge in failed if judge.is_gate)
    rate = sum(judge.weight for judge in passed) / sum(judge.weight for judge in (*passed, *failed))
    return Verdict(
        opinions=tuple(opinions),
        overall_passed=not gates and rate >= PASS_MARK,
        weighted_pass_rate=round(rate, 4),
        top_issues=tuple(judge.issue for judge in failed[:TOP_COUNT]),
        top_strengths=tuple(judge.strength for judge in passed[:TOP_COUNT]),
        gate_failures=gates,
    )


def _answer(judge: Judge, seed: Seed) -> Opinion:
    confidence = round(0.6 + 0.39 * seed.fraction("confidence", judge.name), 2)
    return Opinion(judge.name, seed.fraction("passed", judge.name) < PASS_CHANCE, confidence)
