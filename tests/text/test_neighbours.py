"""What belongs to another paper that ends or begins on a page of this one."""

from screen.match.events.sections import lay_out
from screen.text.neighbours import find_neighbours
from screen.text.normalise import clean_pages
from screen.types import CleanText, Page

OWN = (
    "虚州心脏移植的麻醉处理\n虚大海 拟志远（虚州市中心医院）\n1 临床资料\n1.1 一般资料 患者五例。\n"
    + "供心切取后植入受者，术后恢复顺利。" * 60
    + "\n参考文献\n[1] 虚大海．心脏移植．虚州医学，1999，8（2）：11-13．\n"
    "[2] 拟志远．肺移植．虚州医学，2000，9：21-23．\n"
)
END = (
    "1.2 供体 男，脑外伤。讨论部分到此为止。\n参考文献\n"
    "[1] 样立新．肾移植．例城医学，1998，7（1）：3-5．\n"
    "[2] 样立新．肝移植．例城医学，1998，7（2）：6．（收稿日期：2001-02-03）\n"
)
START = (
    "样州肝移植术的护理\n样丽（例城医院）\n摘要：报告护理体会。\n关键词：肝移植；护理\n"
    "1 资料与方法 共三例，均行原位肝移植术，术前做好准备，术后送监护室，无人死亡，均已出院。"
)


def clean(*texts: str) -> CleanText:
    return clean_pages(
        [Page("x", place, text, "text", 1.0) for place, text in enumerate(texts, start=1)]
    )


def test_the_end_of_a_paper_before_and_the_beginning_of_one_after_are_told_apart() -> None:
    text = clean(END + OWN + START)
    before, after = find_neighbours(text)
    assert before.is_before
    assert text.text[before.end :].startswith("虚州心脏移植")
    assert not after.is_before
    assert text.text[after.start :].startswith("样州肝移植术")
    assert (before.start, after.end) == (0, len(text.text))


def test_a_paper_by_itself_has_no_neighbour() -> None:
    assert find_neighbours(clean(OWN)) == ()
    assert find_neighbours(clean("")) == ()


def test_an_english_abstract_below_the_references_is_the_papers_own() -> None:
    abstract = "Anesthesia for heart transplantation. Abstract: Five patients were reported. " * 5
    assert find_neighbours(clean(OWN + abstract)) == ()


def test_references_in_the_midst_of_several_pages_are_no_boundary() -> None:
    assert find_neighbours(clean(OWN, END + START, OWN)) == ()


def test_no_heading_is_carried_over_from_a_neighbour() -> None:
    text = clean(END + OWN)
    layout = lay_out(text)
    (before,) = layout.neighbours
    place = layout.section(before.end)
    assert layout.sections[place].start == before.end
    assert layout.parents[place] is None
    assert layout.neighbour(0) == before
    assert layout.neighbour(before.end) is None
