"""The figures of the report: findings by year, place, criterion and sign, with what is behind them.

What is counted are papers, copies of one paper once. Behind the findings of a year or a place stand
the papers of that year or place that were screened: those that could be read, are in scope, and are
no copies. What could not be read stands behind nothing; it is counted by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from screen.findings.finding import Finding, PaperState
from screen.findings.holdings import Holdings

Key = TypeVar("Key")


@dataclass(slots=True)
class Group:
    """Papers of one year or place: the findings by code, and the papers that were screened."""

    by_code: Counter[int] = field(default_factory=Counter)
    screened: int = 0

    @property
    def findings(self) -> int:
        """The findings of both codes."""
        return self.by_code.total()


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital that findings name: by its name, with English, city and province."""

    name: str
    english: str
    city: str
    province: str
    group: Group


@dataclass(frozen=True, slots=True)
class Sign:
    """What speaks against a reading: in how many findings the rules, or people, see it."""

    kind: str
    findings: int


@dataclass(frozen=True, slots=True)
class Counts:
    """All figures of the report that are counted from papers and findings.

    `years` has every year from the first to the last, `no_year` the papers whose year is not
    known; `provinces` go by their short Chinese names, `nowhere` are papers of unknown place.
    `methods` counts the screened papers by the way in which their place was told.
    """

    screened: int
    findings: int
    by_code: Counter[int]
    years: Mapping[int, Group]
    no_year: Group
    provinces: Mapping[str, Group]
    nowhere: Group
    hospitals: tuple[Hospital, ...]
    hospitals_screened: int
    no_hospital: Group
    methods: Counter[str]
    criteria: Mapping[str, Counter[int]]
    signs: tuple[Sign, ...]
    with_signs: int
    said_mitigating: int
    disputed: int


def count(holdings: Holdings) -> Counts:
    """Count the findings of a study, and the papers behind them."""
    copies = {paper for members in holdings.groups.members.values() for paper in members}
    screened = [p for p in holdings.papers if p.status == "screened" and p.sha256 not in copies]
    findings = holdings.findings
    years = _group(screened, findings, lambda paper: paper.record.year)
    provinces = _group(screened, findings, lambda paper: paper.place.province)
    hospitals = _group(screened, findings, lambda paper: paper.place.hospital)
    return Counts(
        screened=len(screened),
        findings=len(findings),
        by_code=Counter(finding.code for finding in findings),
        no_year=years.pop(None, Group()),
        years=_fill(years),
        nowhere=provinces.pop("", Group()),
        provinces=provinces,
        no_hospital=hospitals.pop("", Group()),
        hospitals_screened=len(hospitals),
        hospitals=_list_hospitals(hospitals, findings),
        methods=Counter(paper.place.method for paper in screened),
        criteria=_count_criteria(findings),
        signs=_count_signs(findings),
        with_signs=sum(bool(finding.signs) for finding in findings),
        said_mitigating=sum(finding.mitigating for finding in findings),
        disputed=holdings.completeness.disputed,
    )


def _group(
    screened: Iterable[PaperState],
    findings: Iterable[Finding],
    tell: Callable[[PaperState], Key],
) -> dict[Key, Group]:
    groups: dict[Key, Group] = defaultdict(Group)
    for paper in screened:
        groups[tell(paper)].screened += 1
    for finding in findings:
        groups[tell(finding.paper)].by_code[finding.code] += 1
    return dict(groups)


def _fill(years: Mapping[int | None, Group]) -> dict[int, Group]:
    known = [year for year in years if year is not None]
    if not known:
        return {}
    return {year: years.get(year, Group()) for year in range(min(known), max(known) + 1)}


def _list_hospitals(
    groups: Mapping[str, Group], findings: Iterable[Finding]
) -> tuple[Hospital, ...]:
    places = {finding.paper.place.hospital: finding.paper.place for finding in findings}
    found = [
        Hospital(name, place.english, place.city, place.province, groups[name])
        for name, place in places.items()
        if name
    ]
    return tuple(sorted(found, key=lambda item: (-item.group.findings, item.name)))


def _count_criteria(findings: Iterable[Finding]) -> dict[str, Counter[int]]:
    criteria: dict[str, Counter[int]] = defaultdict(Counter)
    for finding in findings:
        for name in finding.criteria:
            criteria[name][finding.code] += 1
    return dict(sorted(criteria.items()))


def _count_signs(findings: Iterable[Finding]) -> tuple[Sign, ...]:
    kinds = Counter(kind for finding in findings for kind in {sign.kind for sign in finding.signs})
    return tuple(Sign(kind, number) for kind, number in sorted(kinds.items()))
