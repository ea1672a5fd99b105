"""What leaves a study, as typed objects: papers, judged passages, findings, verdicts."""

from dataclasses import dataclass

from screen.findings.places import Place
from screen.types import Evidence, Hit, Record, Verdict


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict in the history of a study.

    `number` is its place in the history, from 1; `id` its number in the database, `supersedes`
    that of the verdict it changes or takes back. `in_force` says that it counts: it is the last of
    its reviewer on that thing in that round, no later round decided, and it was not taken back.
    """

    number: int
    id: int
    verdict: Verdict
    file: str
    supersedes: int | None
    order: int | None
    in_force: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What people's verdicts on a passage, or on a whole paper, come to.

    `code` is None unless it is settled, and for what is out of scope (`reason` then says why).
    `criteria` are those that any verdict in force names, `mitigating` whether any says so.
    """

    code: int | None
    criteria: tuple[str, ...]
    mitigating: bool
    reason: str
    is_settled: bool
    verdicts: tuple[Given, ...]

    @property
    def in_force(self) -> tuple[Given, ...]:
        """The verdicts that count."""
        return tuple(given for given in self.verdicts if given.in_force)


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage with what people said of it, None if nobody did.

    `hit` is None if it was judged, and a changed pack finds it no more.
    """

    id: str
    hit: Hit | None
    judged: Judged | None


@dataclass(frozen=True, slots=True)
class PaperState:
    """A paper of a study, as it stands.

    `status` is screened, unreadable, waiting or excluded, `reason` why it is unreadable or
    excluded. `code`, `criteria` and `score` are of the rules, None (and no criteria) if it was not
    screened; `problematic` and `possible` are probabilities, None without a classifier. `verdict`
    is the code people settled it at; None if they did not, or if its flagged passages are all code
    0: then too `is_settled` says that people said what it is; and if they settled that it is out of
    scope, for the reason `out_of_scope`. `carried` says that this was said of
    another file of the same paper. `copy_of` is the SHA-256 of the paper that this is a copy of.
    `published` is what the published search says: flagged, distance, target; None where not asked.
    """

    sha256: str
    file: str
    record: Record
    place: Place
    status: str
    reason: str | None
    pages: int
    unread_pages: int
    code: int | None
    criteria: tuple[str, ...]
    score: float | None
    hits: int
    problematic: float | None
    possible: float | None
    verdict: int | None
    is_settled: bool
    out_of_scope: str | None
    judged_criteria: tuple[str, ...]
    carried: bool
    copy_of: str | None
    published: tuple[bool | None, float | None, str | None]

    @property
    def is_flagged(self) -> bool | None:
        """Whether the rules flag it; None if it was not screened."""
        return None if self.code is None else self.code >= 1


@dataclass(frozen=True, slots=True)
class Finding:
    """A paper that people settled at code 1 or 2, with all that was said of it.

    `number` counts the findings, by year and title. `judged_as` is the SHA-256 of the file that
    was judged: the paper's own, or that of a copy. `whole` is what was said of the paper as a
    whole, None if nothing was. `passages` are those that were judged or that the rules flag, in
    the order of the paper. `signs` speak against a problematic reading, as the rules see it;
    `mitigating` is what people say. `reviewers` counts those who have a verdict in force. `copies`
    are the file names of further copies.
    """

    number: int
    paper: PaperState
    code: int
    criteria: tuple[str, ...]
    mitigating: bool
    signs: tuple[Evidence, ...]
    passages: tuple[Passage, ...]
    whole: Judged | None
    judged_as: str
    reviewers: int
    copies: tuple[str, ...]

    @property
    def verdicts(self) -> tuple[Given, ...]:
        """All verdicts on the paper and its passages, in the order in which they were given."""
        parts = [self.whole, *(passage.judged for passage in self.passages)]
        given = [one for part in parts if part is not None for one in part.verdicts]
        return tuple(sorted(given, key=lambda one: one.number))

    @property
    def is_adjudicated(self) -> bool:
        """Whether an adjudicator decided any of it."""
        return any(one.verdict.round > 1 for one in self.verdicts if one.in_force)

    @property
    def confirmed(self) -> tuple[Passage, ...]:
        """The passages to be shown for it.

        Those settled at code 1 or 2; where only the whole paper was judged, those that the rules
        flag and that nobody found not problematic.
        """
        settled = tuple(p for p in self.passages if p.judged and p.judged.code)
        return settled or tuple(
            p
            for p in self.passages
            if p.hit is not None and p.hit.code and (p.judged is None or p.judged.code != 0)
        )
