"""Affiliations tell hospitals and places; what is in doubt stays unknown."""

import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from benchmarks.places import GOLD, count_outcomes, judge_places
from screen.errors import SettingsError
from screen.findings.gazetteer import Area, Gazetteer, Hospital, open_gazetteer, read_hospitals
from screen.findings.places import UNKNOWN, Place, find_paper_place, find_place, tell_place
from screen.findings.provinces import read_provinces
from screen.findings.spelling import spell

# Place, name, and other names.
HOSPITALS = """\
广州 中山大学附属第一医院 中山医科大学附属第一医院
福州 解放军联勤保障部队第九〇〇医院 南京军区福州总医院
北京 解放军总医院第八医学中心 解放军第309医院 309th_Hospital_of_PLA
南京 东部战区总医院 南京军区南京总医院 Jinling_Hospital
上海 复旦大学附属中山医院 中山医院 Zhongshan_Hospital,_Fudan_University
厦门 厦门大学附属中山医院
上海 海军军医大学第一附属医院 长海医院
上海 海军军医大学第二附属医院 长征医院
郑州 河南省人民医院
南京 江苏省人民医院
长春 吉林省人民医院
北京 北京协和医院
武汉 武汉协和医院 协和医院
上海 上海市第一人民医院
北京 北京大学第一医院
武汉 华中科技大学同济医学院附属同济医院 同济医院 Tongji_Hospital
上海 同济大学附属同济医院 同济医院
杭州 浙江大学医学院附属第一医院
北京 首都医科大学附属北京朝阳医院 朝阳医院
"""
CITIES = """\
广东 广州 Guangzhou Canton
广东 中山
广东 深圳
广东 佛山
福建 福州
福建 厦门
江苏 南京 Nanjing
江苏 苏州 Suzhou
安徽 宿州 Suzhou
辽宁 沈阳
辽宁 朝阳
陕西 延安
吉林 吉林
吉林 长春
浙江 杭州
湖北 武汉
四川 成都
云南 昆明
河南 郑州
山西 太原
广西 北海
北京 北京 Beijing
上海 上海 Shanghai
"""
UNIVERSITIES = "广州 中山大学,北京 北京大学,沈阳 中国医科大学 China_Medical_University"
ENGLISH = {"台湾": "Taiwan", "江苏": "Jiangsu"}


@cache
def gazetteer() -> Gazetteer:
    """Return a gazetteer of few names, whatever the tables hold that ship with the program."""
    provinces: dict[str, str] = {}
    areas = []
    for province, city, *more in map(str.split, CITIES.splitlines()):
        provinces[city] = province
        areas.append((Area(city, "city", city, province), [city, *more]))
    for unit in read_provinces():
        city = unit.name if unit.name in provinces and unit.name != "吉林" else ""
        names = [unit.name, ENGLISH.get(unit.name, "")]
        areas.append((Area(unit.name, "province", city, unit.name), names))
    for city, *names in map(str.split, UNIVERSITIES.split(",")):
        spaced = [name.replace("_", " ") for name in names]
        areas.append((Area(names[0], "university", city, provinces[city]), spaced))
    hospitals = [
        (Hospital(names[0], "", city, provinces[city]), [name.replace("_", " ") for name in names])
        for city, *names in map(str.split, HOSPITALS.splitlines())
    ]
    return Gazetteer(hospitals, areas)


def tell(affiliation: str) -> Place:
    return tell_place(affiliation, gazetteer())


def where(affiliation: str) -> tuple[str, str, str]:
    place = tell(affiliation)
    return place.city, place.province, place.method


@pytest.mark.parametrize(
    ("affiliation", "hospital", "city"),
    [
        ("中山大学附属第一医院器官移植中心", "中山大学附属第一医院", "广州"),
        ("南京军区福州总医院", "解放军联勤保障部队第九〇〇医院", "福州"),
        ("解放军第309医院", "解放军总医院第八医学中心", "北京"),
        ("南京军区南京总医院(原金陵医院)", "东部战区总医院", "南京"),
        ("浙江大学附属第一医院", "浙江大学医学院附属第一医院", "杭州"),
        ("上海第一人民医院", "上海市第一人民医院", "上海"),
        ("上海第二军医大学长海医院", "海军军医大学第一附属医院", "上海"),
        ("长海医院；南京军区福州总医院", "海军军医大学第一附属医院", "上海"),
        ("上海市南京西路 长征医院", "海军军医大学第二附属医院", "上海"),
        ("Zhongshan Hospital, Fudan University, Shanghai", "复旦大学附属中山医院", "上海"),
    ],
)
def test_a_hospital_is_known_by_its_names_old_and_new(
    affiliation: str, hospital: str, city: str
) -> None:
    place = tell(affiliation)
    assert (place.hospital, place.city, place.method) == (hospital, city, "hospital")


@pytest.mark.parametrize(
    "spelling",
    [
        "中国人民解放军第三〇九医院", "解放军第三零九医院", "解放军第三○九医院", "解放军309医院",
        "解放军 ３０９ 医院", "中國人民解放軍第309醫院", "解放军（第309）医院", "北京军区309医院",
        "The 309th Hospital of Chinese People's Liberation Army", "PLA No. 309 Hospital, Beijing",
    ],
)  # fmt: skip
def test_a_hospital_of_the_army_is_one_however_its_number_is_written(spelling: str) -> None:
    assert tell(spelling).hospital == "解放军总医院第八医学中心"


@pytest.mark.parametrize(
    ("affiliation", "hospital"),
    [
        ("同济医院", ""),
        ("同济医院，上海", "同济大学附属同济医院"),
        ("武汉同济医院", "华中科技大学同济医学院附属同济医院"),
        ("省人民医院", ""),
        ("省人民医院，郑州", "河南省人民医院"),
        ("江苏大学附属人民医院", ""),
        ("市第一人民医院，上海", "上海市第一人民医院"),
        ("厦门大学附属中山医院", "厦门大学附属中山医院"),
        ("昆明中山医院", ""),
        ("虚州大学附属中山医院", ""),
        ("虚州市长海医院", ""),
        ("上海市松江区第一人民医院", ""),
        ("北京大学第一医院太原医院", ""),
        ("第一医院", ""),
        ("某军区总医院", ""),
        ("协和医院", ""),
        ("协和医院，北京", "北京协和医院"),
    ],
)
def test_a_name_that_many_have_counts_only_where_its_place_is_told(
    affiliation: str, hospital: str
) -> None:
    assert tell(affiliation).hospital == hospital


@pytest.mark.parametrize(
    ("affiliation", "city", "province"),
    [
        ("北京大学第一医院太原医院", "太原", "山西"),
        ("沈阳市和平区南京北街155号", "沈阳", "辽宁"),
        ("广州市中山二路58号", "广州", "广东"),
        ("昆明市延安医院", "昆明", "云南"),
        ("上海市武汉道 某医院", "上海", "上海"),
        ("武汉广州军区总医院", "武汉", "湖北"),
        ("新疆军区医院", "", "新疆"),
        ("陕西省延安市人民医院", "延安", "陕西"),
        ("吉林市中心医院", "吉林", "吉林"),
        ("吉林省肿瘤医院", "", "吉林"),
        ("湖南省肿瘤医院", "", "湖南"),
        ("山东省千佛山医院", "", "山东"),
        ("西藏自治区人民政府驻成都办事处医院", "成都", "四川"),
        ("中国医科大学器官移植科", "沈阳", "辽宁"),
        ("北京大学深圳医院", "深圳", "广东"),
        ("Suzhou, Jiangsu", "苏州", "江苏"),
        ("128 Nanjing West Road, Shanghai", "上海", "上海"),
        ("China Medical University, Taichung, Taiwan", "", "台湾"),
    ],
)
def test_a_place_is_told_without_a_hospital(affiliation: str, city: str, province: str) -> None:
    assert where(affiliation) == (city, province, "place name")


@pytest.mark.parametrize(
    ("affiliation", "city", "province"),
    [
        ("义乌市中心医院", "金华", "浙江"),
        ("江苏省昆山市第一人民医院", "苏州", "江苏"),
        ("河北正定县人民医院", "石家庄", "河北"),
        ("萧山市第一人民医院", "杭州", "浙江"),
        ("浙江大学医学院, 浙江 义乌 322000", "金华", "浙江"),
        ("济源市人民医院", "济源", "河南"),
        ("宽城满族自治县医院", "承德", "河北"),
    ],
)
def test_a_county_is_told_by_the_library(affiliation: str, city: str, province: str) -> None:
    assert where(affiliation) == (city, province, "library")


@pytest.mark.parametrize(
    "affiliation",
    [
        "", "；", "510080", "南京军区总医院", "黄河南路医院", "和平区人民医院",
        "日本北海道大学", "Nanjing Road, Boston, USA", "Suzhou Hospital", "Canton, Ohio",
        "中国器官移植杂志编辑部", "华中器官移植中心", "东部战区某医院",
        "虚州医学院附属第二医院", "友谊医院",
    ],
)  # fmt: skip
def test_what_tells_no_place_is_unknown(affiliation: str) -> None:
    assert tell(affiliation) == UNKNOWN


def test_the_first_affiliation_with_a_hospital_decides_then_the_first_that_tells_most() -> None:
    assert find_paper_place([]) == UNKNOWN
    assert find_paper_place(["不详", "辽宁省", "义乌市", "昆山市"]).city == "金华"
    named = find_paper_place(["义乌市", "北京协和医院", "南京鼓楼医院"])
    assert named.city == "北京"


def test_a_table_of_ones_own_goes_first(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "name,english,aliases,city,province,standing\n虚州总医院,,长海医院|某军区虚州总医院,虚州,江苏,\n",
        encoding="utf-8",
    )
    assert find_paper_place(["长海医院"], path).hospital == "虚州总医院"
    assert find_paper_place(["某军区虚州总医院心外科"], path).city == "虚州"
    assert find_paper_place(["某军区虚州总医院心外科"]) == UNKNOWN
    path.write_text("name,city\n虚州总医院,虚州\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"own\.csv: no column english"):
        Gazetteer(read_hospitals(path), [])


PIECES = (
    "中山大学|附属第一医院|南京军区|福州总医院|解放军第309医院|长海医院|河南|省|市|区|路|，|"
    "义乌|朝阳|人民医院|虚州|同济医院|Shanghai|USA|第一八一"
)
TRADITIONAL = OpenCC("s2t")
AFFILIATIONS = st.lists(st.sampled_from(PIECES.split("|")), max_size=6).map("".join)


@given(AFFILIATIONS | st.text(max_size=40))
def test_a_hospital_stands_where_its_table_says_and_unknown_is_empty(text: str) -> None:
    place = tell(text)
    whole = {
        (one.name, one.city, one.province)
        for name in gazetteer().hospitals.values()
        for one in name.hospitals
    }
    assert (place.method == "hospital") == bool(place.hospital)
    assert not place.hospital or (place.hospital, place.city, place.province) in whole
    assert (place.method == "unknown") == (not place.province)


@given(AFFILIATIONS)
def test_width_spaces_and_traditional_characters_change_nothing(text: str) -> None:
    traditional = TRADITIONAL.convert(text)
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in traditional)
    assert tell(wide) == tell(text)
    if not any(c.isascii() and c.isalpha() for c in text):
        assert tell(" ".join(wide)) == tell(text)
    assert tell(unicodedata.normalize("NFKC", wide)) == tell(text)


@given(AFFILIATIONS)
def test_a_text_in_one_spelling_is_spelt_so(text: str) -> None:
    assert spell(spell(text).text).text == spell(text).text


def test_the_34_provinces_have_a_square_each() -> None:
    provinces = read_provinces()
    assert len(provinces) == 34
    for column in (0, 1):
        assert len({unit[column] for unit in provinces}) == 34
    assert len({(unit.column, unit.row) for unit in provinces}) == 34
    assert all(0 <= unit.column < 10 and 0 <= unit.row < 8 for unit in provinces)


def test_every_hospital_of_the_table_is_found_by_its_own_name() -> None:
    hospitals = {one for name in open_gazetteer().hospitals.values() for one in name.hospitals}
    assert [one.name for one in hospitals if find_place(one.name).hospital != one.name] == []
    assert {one.province for one in hospitals} <= {unit.name for unit in read_provinces()}


def test_a_wrong_place_is_rarer_than_an_unknown_one() -> None:
    counts = count_outcomes(judge_places(GOLD))
    assert counts["hospital"]["wrong"] <= 2
    assert counts["city"]["wrong"] == counts["province"]["wrong"] == 0
    assert counts["hospital"]["right"] >= 424
    assert counts["city"]["right"] >= 436
    assert counts["province"]["right"] >= 436
