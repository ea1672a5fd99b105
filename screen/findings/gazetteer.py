"""The names of hospitals, universities, cities and provinces, found in an affiliation in one pass.

The tables are `labels/hospitals.csv` and `labels/places.csv`; docs/formats.md tells their columns.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from screen.errors import SettingsError
from screen.findings.provinces import WHOLE_CITIES
from screen.findings.spelling import spell
from screen.settings import shipped_folder

_AREA_ENDS = {
    "province": ("省", "自治区", "特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区"),
    "city": ("市", "地区", "盟", "州", "自治州"),
}
_ENGLISH_ENDS = {
    "province": (" province", " autonomous region"),
    "city": (" city", " municipality"),
}
# Names that are also those of a person, of an idea, or of something else in many cities.
_WORDS = frozenset({"中山", "朝阳", "安康", "东方", "延安", "黄山", "北海"})
# What is left of a name that says which of many it is: 第一人民医院, 附属医院.
_COMMON = re.compile(
    r"(?:[省市县区]|州|第?\d+|附属|人民|中心|红十字会?|中医|中西医结合|医院|儿童|妇女|妇幼|保健院?|肿瘤|"
    r"胸科|传染病|口腔|眼科|骨科|军区|总|解放军|医科大学|医学院|大学|武警|总队|空军(?!总医院)|海军(?!总医院)|陆军|协和|"
    r"友谊|同济|同仁|中山(?!医学院|医科大学|大学)|职工|铁路|医药|研究院|研究所|心血管病?|心脏|器官|移植|\W)*"
)
# The army counts its hospitals through the whole country, a city its own to ten or so.
_UNIT = re.compile(r"\d{2,} ?(?:中心|central )?(?:医院|hospital)")
_ARMY_UNIT = re.compile(r"(?:解放军|联勤保障部队)(\d{2,}(?:中心)?医院)")
_COMMON_ENGLISH = re.compile(
    r"(?:(?:hospital|affiliated|peoples|central|center|general|municipal|provincial|city|province|"
    "county|district|children|womens?|maternity|cancer|tumor|chest|heart|infectious|diseases?|medical|"
    "medicine|clinical|traditional|chinese|tcm|institute|university|college|union|xiehe|tongji|"
    r"zhongshan|friendship|red|cross|military|pla|workers|railway|\d) ?)*"
)
_ENGLISH_NUMBER = re.compile(
    r"(?:chinese )?pla (\d{2,} (?:central )?hospital)"
    r"|(\d{2,} (?:central )?hospital)(?: (?:chinese )?pla)?"
)
_MEDICAL_SCHOOL = re.compile("(?<=大学)医学[院部](?=附属|第|.{1,8}医院)")
_BARE_AFFILIATED = re.compile("(?<=大学)附属(?!医院)|(?<=医学院)附属(?!医院)")
_NUMBERED = re.compile("(?<=大学)第(?=\\d+医院)")


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital under its present name; city and province are short: 广州, 广东."""

    name: str
    english: str
    city: str
    province: str


@dataclass(frozen=True, slots=True)
class Area:
    """A province, a city or a university, and where it is; `city` is "" for most provinces."""

    name: str
    kind: str
    city: str
    province: str


class HospitalName(NamedTuple):
    """A spelling of hospitals: of one, or of several that it cannot tell apart.

    A common one (省人民医院, 协和医院) needs a city beside it; a whole one names its place itself.
    """

    hospitals: tuple[Hospital, ...]
    common: bool
    whole: bool


class AreaName(NamedTuple):
    """A spelling of areas: `ended` if it says of what kind (吉林市), `word` if it may mean more."""

    areas: tuple[Area, ...]
    ended: bool
    word: bool


class Found(NamedTuple):
    """A spelling where it stands in a text, in code points."""

    spelling: str
    start: int
    end: int


class Gazetteer:
    """The tables made ready: what each spelling stands for, and one automaton for all.

    A spelling that a table of one's own has is that hospital's, whatever the other table says.
    """

    def __init__(
        self,
        hospitals: Sequence[tuple[Hospital, Sequence[str]]],
        areas: Sequence[tuple[Area, Sequence[str]]],
        own: Sequence[tuple[Hospital, Sequence[str]]] = (),
    ) -> None:
        self.areas = _name_areas(areas)
        self.hospitals = {
            **_name_hospitals(hospitals, self.areas),
            **_name_hospitals(own, self.areas),
        }
        self._spellings = sorted({*self.areas, *self.hospitals})
        self._automaton = AhoCorasick(self._spellings, matchkind=MatchKind.Standard)

    def find(self, text: str) -> tuple[list[Found], list[Found]]:
        """Return the hospitals and the areas named in a text in one spelling, each in order.

        Of names that overlap the longest is found, then the first.
        """
        found = [
            Found(self._spellings[index], start, end)
            for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True)
            if not _cuts_word(text, start, end)
        ]
        hospitals = _keep_longest(item for item in found if item.spelling in self.hospitals)
        return hospitals, _keep_longest(item for item in found if item.spelling in self.areas)


@cache
def open_gazetteer(own: Path | None = None) -> Gazetteer:
    """Return the gazetteer of the tables that ship with the program, and of a table of one's own.

    Raises SettingsError for a table that cannot be read, with what is missing.
    """
    folder = shipped_folder("labels")
    return Gazetteer(
        read_hospitals(folder / "hospitals.csv"),
        read_areas(folder / "places.csv"),
        read_hospitals(own) if own else (),
    )


def read_hospitals(path: Path) -> list[tuple[Hospital, list[str]]]:
    """Return each hospital of a table with all its names, Chinese and English."""
    return [
        (
            Hospital(row["name"], row["english"], _shorten(row["city"]), row["province"]),
            [name for name in (row["name"], row["english"], *row["aliases"].split("|")) if name],
        )
        for row in _read_rows(path, ("name", "english", "aliases", "city", "province"))
    ]


def _shorten(city: str) -> str:
    return city.removesuffix("市") if len(city) > len("津市") else city


def read_areas(path: Path) -> list[tuple[Area, list[str]]]:
    """Return each province, city and university of a table with all its names."""
    return [
        (
            Area(row["name"], row["kind"], row["city"] or _whole_city(row), row["province"]),
            [name for name in (row["name"], *row["aliases"].split("|")) if name],
        )
        for row in _read_rows(path, ("name", "kind", "city", "province", "aliases"))
    ]


def _whole_city(row: Mapping[str, str]) -> str:
    return row["province"] if row["province"] in WHOLE_CITIES else ""


def _read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [{name: (row.get(name) or "").strip() for name in columns} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path}: {error}") from None
    if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
        raise SettingsError(f"{path}: no column {missing[0]}")
    return rows


def _name_areas(areas: Iterable[tuple[Area, Sequence[str]]]) -> dict[str, AreaName]:
    names: dict[str, tuple[list[Area], bool, bool]] = {}
    for area, spellings in areas:
        for written in spellings:
            text = spell(written).text
            if len(text) < (4 if text.isascii() else 2):
                continue
            ends = _ENGLISH_ENDS if text.isascii() else _AREA_ENDS
            for end in ("", *ends.get(area.kind, ())):
                # 广州 itself ends in 州, and says no more than a name does.
                whole = written != area.name and text.endswith(ends.get(area.kind, ("大学",)))
                ended = bool(end) or whole
                known = names.setdefault(text + end, ([], ended, area.name in _WORDS))
                known[0].append(area)
    return {text: AreaName(_prefer(found), *rest) for text, (found, *rest) in names.items()}


def _prefer(areas: Sequence[Area]) -> tuple[Area, ...]:
    """Return the areas that a name may stand for: of a province and its like-named city the first.

    吉林 alone is the province; 北京 is both at once, and the city tells more.
    """
    unlike = {(area.city, area.province): area for area in areas}
    places = [area for area in unlike.values() if area.kind != "university"]
    wide = [area for area in places if area.kind == "province" and not area.city]
    return (wide[0],) if wide else tuple(unlike.values())


def _name_hospitals(
    hospitals: Sequence[tuple[Hospital, Sequence[str]]], areas: Mapping[str, AreaName]
) -> dict[str, HospitalName]:
    owners: dict[str, dict[Hospital, bool]] = {}
    official = {spell(hospital.name).text for hospital, _ in hospitals}
    for hospital, spellings in hospitals:
        for written in spellings:
            for text, short in _vary(spell(written).text, areas):
                if len(text) > 3:
                    known = owners.setdefault(text, {})
                    known[hospital] = known.get(hospital, True) and short
    names = {}
    for text, known in owners.items():
        written_out = tuple(hospital for hospital, short in known.items() if not short)
        whole = any(True for _ in _inner_areas(text, areas))
        rare = whole or text in official or _is_rare(text)
        common = not rare or not (written_out or _UNIT.fullmatch(text))
        names[text] = HospitalName(
            tuple(known) if common else written_out or tuple(known), common, whole
        )
    return names


def _is_rare(text: str) -> bool:
    """Tell whether a name that says no place is one that few hospitals can have: 华西医院."""
    if _UNIT.search(text):
        return True
    if text.isascii():
        return not _COMMON_ENGLISH.fullmatch(text)
    return not _COMMON.fullmatch(text) or text in ("解放军总医院", "武警总医院")


def _inner_areas(text: str, areas: Mapping[str, AreaName]) -> Iterator[tuple[int, int]]:
    """Yield where areas stand in a name; names are short, so every part of it is looked up."""
    if text.isascii():
        ends = [0, *(match.end() for match in re.finditer(" ", text)), len(text) + 1]
        spans = ((one, two - 1) for one, two in product(ends, ends) if one < two)
    else:
        spans = (
            (start, end)
            for start in range(len(text))
            for end in range(min(start + 14, len(text)), start + 1, -1)
        )
    for start, end in spans:
        name = areas.get(text[start:end])
        if name and not name.word:
            yield start, end


def _vary(text: str, areas: Mapping[str, AreaName]) -> Iterator[tuple[str, bool]]:
    """Yield the ways to write the name of a hospital, with whether they leave out its place."""
    if text.isascii():
        yield from ((form, False) for form in {text, *_vary_army(text)})
        head, hospital, tail = text.partition("hospital ")
        if hospital and re.search("university|college", tail):
            yield f"{tail} {head}hospital", False
        return
    forms = {text, _MEDICAL_SCHOOL.sub("", text), _NUMBERED.sub("附属第", text)}
    forms |= {_BARE_AFFILIATED.sub("", form) for form in forms}
    forms |= {form for whole in tuple(forms) for form in _vary_place(whole, areas)}
    if unit := _ARMY_UNIT.fullmatch(text):
        forms |= {unit[1], f"解放军{unit[1]}"}
    for form in forms:
        yield form, False
    yield from ((form, True) for form in _leave_place(text, areas))


def _leave_place(text: str, areas: Mapping[str, AreaName]) -> Iterator[str]:
    """Yield how a name is said where its place is known: 省人民医院, 市第一医院, 第一医院."""
    for start, end in _inner_areas(text, areas):
        area = areas[text[start:end]].areas[0]
        if start or area.kind == "university" or not text.endswith("医院"):
            continue
        mark = "市" if area.city else "省"
        rest = text[end:].removeprefix(mark)
        yield mark + rest
        if area.city:
            yield rest


def _vary_army(text: str) -> Iterator[str]:
    """Yield the orders in which English tells the army and the number of its hospital."""
    if match := _ENGLISH_NUMBER.fullmatch(text):
        number = match[1] or match[2]
        yield from (f"pla {number}", f"{number} pla", f"{number} chinese pla")


def _vary_place(text: str, areas: Mapping[str, AreaName]) -> Iterator[str]:
    """Yield a name with and without what ends the names of its places: 广州市, 广州."""
    for start, end in _inner_areas(text, areas):
        for mark in ("省", "市"):
            place, rest = text[start:end], text[end:]
            if place.endswith(mark) and place[:-1] in areas:
                yield text[:start] + place[:-1] + rest
            elif place + mark in areas and not rest.startswith(
                ("省", "市", "大学", "医科", "医学")
            ):
                yield text[:start] + place + mark + rest


def _cuts_word(text: str, start: int, end: int) -> bool:
    """Tell whether a match begins or ends inside a foreign word or a figure."""
    return (start > 0 and _hold_together(text[start - 1], text[start])) or (
        end < len(text) and _hold_together(text[end - 1], text[end])
    )


def _hold_together(before: str, after: str) -> bool:
    if before.isdigit():
        return after.isdigit()
    return not (_is_chinese(before) or before == " ") and not (_is_chinese(after) or after == " ")


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _keep_longest(found: Iterable[Found]) -> list[Found]:
    kept: list[Found] = []
    for item in sorted(found, key=lambda item: (item.start - item.end, item.start)):
        if all(item.end <= other.start or other.end <= item.start for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda item: item.start)
