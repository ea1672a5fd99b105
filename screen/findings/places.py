"""Where a paper is from: the hospital, city and province that an affiliation tells.

Hospitals come first, by their names in the gazetteer; then places and universities; then counties,
by a library. What is not told stays "": a wrong hospital would accuse the wrong place.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from screen.findings.counties import find_county
from screen.findings.gazetteer import Area, Found, Gazetteer, Hospital, open_gazetteer
from screen.findings.spelling import Spelt, spell
from screen.text.tokens import Segmenter, find_starts

Method = Literal["hospital", "place name", "library", "unknown"]


@dataclass(frozen=True, slots=True)
class Place:
    """A hospital by its present name, Chinese and English, and where it is: 广州, 广东.

    What is not known is "". The method says by what the place was found.
    """

    hospital: str = ""
    english: str = ""
    city: str = ""
    province: str = ""
    method: Method = "unknown"


UNKNOWN = Place()

_SHORT_WORD = 3

_INSTITUTIONS = re.compile(r"[;；\n|]")
_STREET = re.compile(
    r"[东西南北中]?[一二三四五六七八九十\d]*(?:路|街(?!道)|大街|大道|巷|胡同|弄|新村|支路)"
    r"|[东西南北]?道(?![\u3400-\u9fff])"
    r"| (?:(?:east|west|south|north|middle|central|e|w|s|n|m|\d+) ?)*"
    r"(?:road|rd|street|st|avenue|ave|lane|boulevard)\b"
)
# Where a name goes on like this it is no place: a military region, a sea road, a district's name.
_NO_PLACE = re.compile("战区|海道|区(?!人民|中心|医院|妇|第)| military (?:region|area|command)")
_HOUSE = re.compile("[^\\d]{0,12}?(?:医院|保健院|医疗中心|医学中心)")
_BRANCH = re.compile(r"[\u3400-\u9fff]{2,8}?(?:医院|分院|院区|医疗中心)")
# What ends so is the beginning of a longer name, of another hospital than that which follows.
_BEGUN = re.compile("(?:[省市县州旗盟镇乡]|(?<!军)区|兵团|集团|公司|厂|矿|油田|农垦|铁路)$")
_SCHOOL_NAME = re.compile("[医科理工中药军师范第\\d]{0,4}(?:大学|学院)")
_SCHOOL = re.compile("(?:附属|大学|学院)$")
_ADMITTED = re.compile(
    r"(?:附属|医学院|医学部|临床|教学|第?\d*|中国|原|解放军|武警|省|市|军区|部队|联勤保障中心|地区)*"
)
_FOREIGN = re.compile(
    "美国|日本|德国|英国|法国|加拿大|澳大利亚|韩国|新加坡|意大利|西班牙|瑞典|瑞士|荷兰|比利时|奥地利|俄罗斯|"
    "苏联|印度|泰国|以色列|新西兰|丹麦|挪威|芬兰|巴西|土耳其|埃及|伊朗|马来西亚|菲律宾|越南|蒙古国|北海道|"
    r"\b(?:usa|u s a|united states|america|uk|united kingdom|england|scotland|japan|germany|canada|"
    "australia|korea|singapore|france|italy|spain|sweden|switzerland|netherlands|belgium|austria|"
    "russia|india|thailand|israel|new zealand|denmark|norway|finland|brazil|turkey|egypt|iran|"
    "malaysia|philippines|vietnam|mongolia(?<!inner mongolia)|ohio|texas|california|illinois|"
    r"pennsylvania|massachusetts|new york|maryland)\b"
)
_CHINA = re.compile(r"中国|中华|\bchina\b|\bprc\b")


def find_paper_place(affiliations: Sequence[str], own: Path | None = None) -> Place:
    """Return where a paper is from, by its affiliations in their order.

    The first that tells a hospital decides; if none does, the first of those that tell the most: a
    city with its province rather than a province alone. `own` is a table of hospitals beside the
    one that ships. Raises SettingsError for one that cannot be read.
    """
    places = [find_place(affiliation, own) for affiliation in affiliations]
    named = next((place for place in places if place.hospital), None)
    return named or max(
        places, key=lambda place: (bool(place.city), bool(place.province)), default=UNKNOWN
    )


@lru_cache(maxsize=65536)
def find_place(affiliation: str, own: Path | None = None) -> Place:
    """Return the place that an affiliation tells, by the first of its institutions.

    A name of a hospital that many cities have, and one that may mean several, counts only beside
    the city or province that tells which. A place abroad is unknown. `own` as above.
    """
    return tell_place(affiliation, open_gazetteer(own))


def tell_place(affiliation: str, gazetteer: Gazetteer) -> Place:
    """Return the place that an affiliation tells, by the names of a gazetteer; see `find_place`."""
    first = next(filter(_has_letters, _INSTITUTIONS.split(affiliation)), "")
    spelt = spell(first)
    return _Reading(spelt, gazetteer).decide() if spelt.text else UNKNOWN


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


class _Reading:
    """One institution, with the hospitals and areas that are named in it."""

    def __init__(self, spelt: Spelt, gazetteer: Gazetteer) -> None:
        self._spelt = spelt
        self.text, self.breaks = spelt
        self._names = gazetteer
        self.hospitals, areas = gazetteer.find(self.text)
        self.areas: list[Found] = []
        for area in areas:
            if self._is_place(area):
                self.areas.append(area)
        self.abroad = bool(_FOREIGN.search(self.text)) and not _CHINA.search(self.text)

    def decide(self) -> Place:
        """Return what is told: by a hospital, else by a place, else by a county."""
        for found in self.hospitals:
            hospital = self._settle(found)
            if hospital is None:
                continue
            branch = self._find_branch(found, hospital)
            if branch:
                return branch
            return Place(
                hospital.name, hospital.english, hospital.city, hospital.province, "hospital"
            )
        return UNKNOWN if self.abroad else self._find_area()

    def _is_place(self, found: Found) -> bool:
        """Tell whether a name is that of a place here, not of a street or a military region."""
        name, rest = self._names.areas[found.spelling], self.text[found.end :]
        if name.areas[0].kind == "university" or name.ended:
            return True
        touches = found.end not in self.breaks
        if touches and (_STREET.match(rest) or _NO_PLACE.match(rest)):
            return False
        # The army's regions were named for cities; 新疆军区 is in its province.
        if touches and name.areas[0].city and rest.startswith("军区"):
            return False
        return not (name.word or self._follows_city(found) or self._is_inside_word(found))

    def _follows_city(self, found: Found) -> bool:
        """Tell whether a name stands right behind another city's, as a street or a house in it."""
        before = self.areas[-1] if self.areas else None
        if before is None or before.end != found.start or found.start in self.breaks:
            return False
        if self._is_school(before):
            return False
        return self._is_chinese(found) and bool(self._areas(before)[0].city)

    def _is_inside_word(self, found: Found) -> bool:
        """Tell whether a name begins within a short word: 佛山 in 千佛山. Long words are names."""
        if found.start in self.breaks or not self._is_chinese(found):
            return False
        words = _segmenter().cut(self.text)
        starts = find_starts(words)
        word = bisect_right(starts, found.start) - 1
        return starts[word] < found.start and len(words[word]) <= _SHORT_WORD

    def _settle(self, found: Found) -> Hospital | None:
        """Return the hospital that a name stands for here, or None if that is in doubt."""
        name = self._names.hospitals[found.spelling]
        told = list(self._told_outside(found))
        if self.abroad and not name.whole:
            return None
        if name.common or len(name.hospitals) > 1:
            fitting = [one for one in name.hospitals if _agree(one, told, need=True)]
            return fitting[0] if len(fitting) == 1 and self._stands_alone(found) else None
        hospital = name.hospitals[0]
        if name.whole:
            return hospital
        if not _agree(hospital, told, need=False) or not self._is_explained(found, told):
            return None
        return hospital

    def _told_outside(self, hospital: Found) -> Iterator[Area]:
        """Yield the areas told elsewhere than in the names of hospitals."""
        for found in self.areas:
            if not any(_overlap(found, other) for other in (hospital, *self.hospitals)):
                yield from self._names.areas[found.spelling].areas

    def _is_explained(self, found: Found, told: Sequence[Area]) -> bool:
        """Tell whether what stands right before a name is no beginning of another name."""
        if not self._is_chinese(found):
            return True
        start = max(place for place in self.breaks if place <= found.start)
        before = self.text[start : found.start]
        for area in self.areas:
            if start <= area.start and area.end <= found.start:
                before = before.replace(area.spelling, "")
        if not before or _ADMITTED.fullmatch(before):
            return True
        if _BEGUN.search(before):
            return False
        # Of a school that no table knows, the city tells whether it may be the right one.
        return not _SCHOOL.search(before) or bool(told)

    def _stands_alone(self, found: Found) -> bool:
        """Tell whether nothing goes right before a name but the places it is in: 江苏第一医院."""
        start = found.start
        while start not in self.breaks:
            before = next((area for area in self.areas if area.end == start), None)
            if before is None or self._kind(before) == "university":
                return not self._is_chinese(found)
            start = before.start
        return True

    def _is_chinese(self, found: Found) -> bool:
        return not self.text[found.start : found.end].isascii()

    def _find_branch(self, found: Found, hospital: Hospital) -> Place | None:
        """Return where a hospital is whose name only begins with this: 北京大学第一医院太原医院."""
        rest = _BRANCH.match(self.text, found.end) if found.end not in self.breaks else None
        if rest is None or rest[0] in ("医院", "分院", "院区"):
            return None
        if any(other.start == found.end for other in self.hospitals):
            return None
        for area in self.areas:
            if area.start == found.end and not self._is_school(area):
                place = _tell(self._names.areas[area.spelling].areas, "place name")
                return (
                    place if (place.city or place.province) not in _whereabouts(hospital) else None
                )
        county = find_county(self._spelt, [found.end])
        if county and county.city != hospital.city:
            return Place("", "", county.city, county.province, "library")
        return None

    def _find_area(self) -> Place:
        schools = [found for found in self.areas if self._is_school(found)]
        explicit = [found for found in self.areas if found not in schools]
        provinces = {
            area.province for found in explicit for area in self._areas(found) if not area.city
        }
        cities = [found for found in explicit if any(area.city for area in self._areas(found))]
        if cities:
            place = self._choose_city(cities, provinces)
            if place.city:
                return place
        province = next(iter(provinces)) if len(provinces) == 1 else ""
        county = find_county(self._spelt, self._county_starts(), province)
        if county:
            return Place("", "", county.city, county.province, "library")
        for school in schools:
            place = _tell(self._areas(school), "place name")
            if place.province and (not provinces or place.province in provinces):
                return place
        return Place("", "", "", province, "place name") if province else UNKNOWN

    def _choose_city(self, cities: Sequence[Found], provinces: set[str]) -> Place:
        """Return the city in which the institution is.

        In Chinese it is the last named before the word hospital, since what goes before may be who
        runs it; in English the last of all, since addresses widen.
        """
        chosen = cities[-1]
        if not self.text.isascii():
            house = _HOUSE.search(self.text, cities[0].end)
            before = [found for found in cities if house and found.end <= house.end()]
            chosen = before[-1] if before else cities[0]
        areas = self._areas(chosen)
        fitting = [area for area in areas if area.province in provinces]
        return _tell(fitting or areas, "place name")

    def _county_starts(self) -> set[int]:
        """Return where the name of a county may begin: at a break, or behind another place."""
        return {*self.breaks, *(found.end for found in self.areas)}

    def _areas(self, found: Found) -> tuple[Area, ...]:
        return self._names.areas[found.spelling].areas

    def _is_school(self, found: Found) -> bool:
        """Tell whether a name is a university's, in a table or not: hospitals may be far off."""
        touches = found.end not in self.breaks
        unlisted = touches and _SCHOOL_NAME.match(self.text, found.end)
        return self._kind(found) == "university" or bool(unlisted)

    def _kind(self, found: Found) -> str:
        return self._areas(found)[0].kind


@cache
def _segmenter() -> Segmenter:
    return Segmenter()


def _tell(areas: Sequence[Area], method: Method) -> Place:
    """Return what all areas that a name may stand for have in common."""
    provinces = {area.province for area in areas}
    if len(provinces) != 1:
        return UNKNOWN
    cities = {area.city for area in areas}
    return Place("", "", cities.pop() if len(cities) == 1 else "", provinces.pop(), method)


def _agree(hospital: Hospital, told: Sequence[Area], *, need: bool) -> bool:
    """Tell whether a hospital is where the areas are that are told beside it."""
    cities = {area.city for area in told if area.city}
    if cities:
        return hospital.city in cities
    provinces = {area.province for area in told}
    return hospital.province in provinces if provinces else not need


def _whereabouts(hospital: Hospital) -> tuple[str, ...]:
    return (hospital.city, hospital.province)


def _overlap(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end
