"""By what names the fields of a record go, in Chinese and English columns and labels.

Besides the fields of `Record` there are `date`, for want of a year; `start` and `end`, the first
and the last page; and `imprint`, year, volume, issue and pages in one.
"""

import unicodedata

_NAMES = {
    "file": "file, file name, filename, 文件, 文件名, 文件名称, 全文文件, 全文文件名, pdf 文件名",
    "title": (
        "title, title ch, title cn, title zh, article title, document title, 题名, 篇名, 标题, "
        "题目, 正题名, 中文题名, 中文标题, 论文题名, 论文标题, 论文名称, 文献标题, 文献题名, "
        "文章标题, 文章题名"
    ),
    "authors": (
        "authors, author, author ch, author cn, author zh, author names, 作者, 著者, 责任者, "
        "作者姓名, 中文作者, 论文作者, 全部作者, 全部责任者, 作者名称"
    ),
    "affiliations": (
        "affiliations, affiliation, affiliation ch, organ, organization, organisation, "
        "institution, institutions, address, addresses, author address, author affiliation, "
        "author affiliations, 单位, 机构, 作者单位, 作者机构, 机构名称, 工作单位, 作者地址"
    ),
    "journal": (
        "journal, journal ch, journal cn, journal title, journal name, source, source title, "
        "secondary title, publication title, 期刊, 刊名, 刊物, 杂志, 来源, 出处, 期刊名, "
        "期刊名称, 刊物名称, 杂志名称, 杂志名, 中文刊名, 文献来源, 来源期刊, 来源刊名, "
        "期刊来源, 来源出版物"
    ),
    "year": (
        "year, publication year, pub year, 年, 年份, 年度, 出版年, 出版年份, 发表年, 发表年份"
    ),
    "date": (
        "date, pub date, pub time, publication date, 日期, 出版日期, 出版时间, 发表日期, 发表时间, "
        "刊出日期"
    ),
    "volume": "volume, vol, 卷, 卷号, 卷次",
    "issue": "issue, no, number, period, issue number, 期, 期号, 期次, 刊期, 期数",
    "pages": "pages, page, page range, page numbers, 页, 页码, 页次, 起止页, 起止页码, 页码范围",
    "start": "start page, begin page, first page, 起始页, 起始页码, 开始页, 首页",
    "end": "end page, last page, 结束页, 结束页码, 终止页, 终止页码, 末页",
    "imprint": "年卷期, 年,卷(期), 年,卷(期):页, 年卷期页, 年卷期页码, 出版年卷期, 卷期页码",
    "doi": "doi, 数字对象标识符, doi 号",
    "abstract": (
        "abstract, abstract ch, abstract cn, abstract zh, abstract note, summary, 摘要, 文摘, "
        "中文摘要, 内容摘要, 内容提要, 论文摘要"
    ),
    "keywords": (
        "keywords, keyword, keyword ch, keywords ch, keywords cn, author keywords, 关键词, "
        "关键字, 中文关键词, 作者关键词, 主题词"
    ),
    "database": (
        "database, src database, database provider, name of database, 数据库, 来源库, "
        "来源数据库, 数据库名称, 数据来源"
    ),
    "key": "key, accession number, citation key, 文献号, 记录号, 登录号, 记录标识",
}


def plain(label: str) -> str:
    """Return a label without what may be written this way or that: case, width, signs, spaces."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", label).casefold()))


_FIELDS = {plain(name): field for field, names in _NAMES.items() for name in names.split(", ")}


def find_field(label: str) -> str | None:
    """Return the field that a column or label stands for, or None.

    Of a double one, as `Title-题名`, the Chinese half says more exactly what it is.
    """
    field = _FIELDS.get(plain(label))
    if field is None and "-" in label:
        halves = label.split("-")
        field = _FIELDS.get(plain(halves[-1])) or _FIELDS.get(plain(halves[0]))
        if plain(halves[-1]).startswith("页数"):
            return None
    return field
