"""Wording of confirmed passages that a pack does not know yet: what to look at when it is extended.

A phrase is one to four words that stand together, none of which lies in a term or phrase of the
pack. It is counted by papers, since one author repeats himself, and ranked by the log-likelihood
ratio of its frequency in confirmed passages against other passages (Dunning 1993, "Accurate methods
for the statistics of surprise and coincidence").
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from screen.findings.holdings import Holdings
from screen.match.lexicon import Lexicon
from screen.match.phrases import PhraseFinder
from screen.match.schema import Pack
from screen.rank.gold import Gold
from screen.text.normalise import clean_pages
from screen.text.tokens import Segmenter
from screen.types import Page

_MOST_WORDS, _LONGEST = 4, 12
# Characters on either side of a phrase in its example.
_AROUND = 18


@dataclass(frozen=True, slots=True)
class Text:
    """A passage in clean text: of which paper (copies as one), from where, by what flagged.

    `rules` are the rules and phrases of the pack that it meets, none if it was found by people.
    """

    paper: str
    where: str
    text: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A phrase that no term of the pack covers.

    In how many papers' confirmed passages it stands, how often in them and how often in the other
    passages; the log-likelihood ratio; an example, in context, and where that is from.
    """

    phrase: str
    papers: int
    times: int
    elsewhere: int
    ratio: float
    before: str
    after: str
    where: str


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What was found; `unflagged` are confirmed passages that meet no rule: look at those first."""

    confirmed: int
    papers: int
    others: int
    unflagged: tuple[Text, ...]
    phrases: tuple[Suggestion, ...]


def suggest(
    pack: Pack, confirmed: Sequence[Text], others: Sequence[str], fewest: int
) -> Suggestions:
    """Return the phrases of confirmed passages that a pack does not know, the most telling first.

    Those that stand in the passages of fewer than so many papers are left out, and so are those
    that are no more frequent than in the `others`.
    """
    uncovered = _Uncovered(pack)
    papers: dict[str, set[str]] = defaultdict(set)
    places: dict[str, tuple[Text, int]] = {}
    times: Counter[str] = Counter()
    for item in confirmed:
        for phrase, start in uncovered.list_phrases(item.text):
            papers[phrase].add(item.paper)
            places.setdefault(phrase, (item, start))
            times[phrase] += 1
    elsewhere: Counter[str] = Counter()
    for text in others:
        elsewhere.update(phrase for phrase, _ in uncovered.list_phrases(text) if phrase in times)
    sizes = sum(len(item.text) for item in confirmed), sum(map(len, others))
    common = {phrase: n for phrase, n in times.items() if len(papers[phrase]) >= fewest}
    found = [
        Suggestion(
            phrase,
            len(papers[phrase]),
            number,
            elsewhere[phrase],
            ratio,
            *_show(*places[phrase], phrase),
        )
        for phrase, number in _drop_parts(common).items()
        if (ratio := compare(number, elsewhere[phrase], *sizes)) > 0
    ]
    found.sort(key=lambda item: (-item.ratio, -item.papers, item.phrase))
    return Suggestions(
        len(confirmed),
        len({item.paper for item in confirmed}),
        len(others),
        tuple(item for item in confirmed if not item.rules),
        tuple(found),
    )


def compare(here: int, there: int, size_here: int, size_there: int) -> float:
    """Return the log-likelihood ratio (G2) of two frequencies; negative if it is rarer here.

    `here` and `there` are how often a phrase stands in texts of so many characters.
    """
    total = size_here + size_there
    expected = [(here + there) * size / total if total else 0 for size in (size_here, size_there)]
    pairs = zip((here, there), expected, strict=True)
    ratio = 2 * sum(seen * math.log(seen / wanted) for seen, wanted in pairs if seen)
    return ratio if here >= expected[0] else -ratio


class _Uncovered:
    """Finds what of a text no term and no phrase of a pack covers, word by word."""

    def __init__(self, pack: Pack) -> None:
        words = [spelling for term in pack.terms for spelling in term.spellings]
        self._segmenter = Segmenter(word for word in words if "{" not in word)
        self._lexicon = Lexicon(pack, self._segmenter.is_word)
        self._phrases = PhraseFinder(pack.phrases)

    def list_phrases(self, text: str) -> Iterator[tuple[str, int]]:
        """Yield each phrase that may be suggested, with its place, as often as it stands there."""
        covered = [(m.start, m.end) for m in self._lexicon.find(text)]
        covered += [(m.start, m.end) for m in self._phrases.find(text)]
        run: list[tuple[int, str]] = []
        position = 0
        for word in self._segmenter.cut(text):
            start, position = position, position + len(word)
            known = any(first < position and start < last for first, last in covered)
            if known or not all("\u3400" <= character <= "\u9fff" for character in word):
                yield from _join(run)
                run = []
            else:
                run.append((start, word))
        yield from _join(run)


def _join(run: Sequence[tuple[int, str]]) -> Iterator[tuple[str, int]]:
    """Yield one to four words that stand together, of two to twelve characters."""
    for first, (start, _) in enumerate(run):
        phrase = ""
        for _, word in run[first : first + _MOST_WORDS]:
            phrase += word
            if 1 < len(phrase) <= _LONGEST:
                yield phrase, start


def _drop_parts(times: Mapping[str, int]) -> dict[str, int]:
    """Leave out each phrase that stands nowhere but within one longer phrase."""
    parts: dict[str, int] = {}
    for phrase, number in times.items():
        for length in range(2, len(phrase)):
            for start in range(len(phrase) - length + 1):
                part = phrase[start : start + length]
                parts[part] = max(parts.get(part, 0), number)
    return {phrase: number for phrase, number in times.items() if parts.get(phrase, 0) < number}


def _show(item: Text, start: int, phrase: str) -> tuple[str, str, str]:
    end = start + len(phrase)
    return item.text[max(start - _AROUND, 0) : start], item.text[end : end + _AROUND], item.where


# ---- what people confirmed -----------------------------------------------------------------------


def gather(holdings: Holdings) -> tuple[list[Text], list[str]]:
    """Return the passages that people confirmed in a study, and the other passages of its queue.

    Flagged passages that nobody judged are among neither.
    """
    confirmed, ids = [], set()
    for finding in holdings.findings:
        for passage in finding.confirmed:
            if passage.hit is not None:
                hit = passage.hit
                where = f"{finding.paper.file} page {hit.page}"
                rules = tuple(match.rule for match in hit.matches) if hit.code else ()
                confirmed.append(Text(finding.paper.sha256, where, hit.passage, rules))
            ids.add(passage.id)
    others = []
    for row in holdings.list_hits():
        judged = holdings.judged.get((row["paper"], row["id"]))
        settled = judged.code if judged else None
        if row["id"] not in ids and (settled == 0 or (settled is None and row["code"] == 0)):
            others.append(row["passage"])
    return confirmed, others


def gather_gold(pack: Pack, gold: Iterable[Gold]) -> tuple[list[Text], list[str]]:
    """Return the judged passages of files: those of code 1 or 2, and the others, in clean text."""
    from screen.match.cascade import Cascade  # slow to start

    cascade = Cascade(pack)
    confirmed, others = [], []
    for item in gold:
        if item.copy_of:
            continue
        clean = clean_pages([Page(item.id, 1, item.text, "text", 1.0)])
        if not item.code:
            others.append(clean.text)
            continue
        hits = [hit for hit in cascade.find_hits(item.id, clean) if hit.code]
        rules = tuple(dict.fromkeys(match.rule for hit in hits for match in hit.matches))
        confirmed.append(Text(item.paper or item.id, item.id, clean.text, rules))
    return confirmed, others
