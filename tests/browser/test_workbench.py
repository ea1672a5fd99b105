"""The workbench in a real browser, as people use it."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD

if TYPE_CHECKING:
    from tests.browser.conftest import Serve, Served

pytestmark = [pytest.mark.browser, pytest.mark.database]

# One whole session and one hostile paper are in every test run.
MORE = pytest.mark.slow(reason="more of the workbench in a real browser")


def enter(browser: Browser, served: "Served", **more: object) -> Page:
    page = served.watch(browser.new_context(**more).new_page())  # type: ignore[arg-type]
    page.goto(served.link)
    expect(page.locator(".decision")).to_be_visible()
    return page


def log_in(browser: Browser, served: "Served", name: str) -> Page:
    page = served.watch(browser.new_context().new_page())
    page.goto(served.address)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".name")).to_contain_text(name)
    # Only then do keys press anything.
    page.wait_for_load_state()
    return page


def find_task(page: Page) -> str:
    return page.locator("[data-task]").get_attribute("data-task") or ""


def press(page: Page, key: str) -> None:
    """Press a key that leads to another task, and wait for it."""
    before = find_task(page)
    page.keyboard.press(key)
    expect(page.locator(f'[data-task="{before}"]')).to_have_count(0)


def finish(page: Page, code: str) -> int:
    """Judge by keys until nothing is left; return how many verdicts that took."""
    count = 0
    while find_task(page):
        is_paper = len(find_task(page)) == 64  # a SHA-256
        expect(page.locator("button.confirm")).to_have_count(int(is_paper))
        press(page, "Enter" if is_paper else code)
        count += 1
    return count


def test_a_whole_session_by_keyboard_alone(browser: Browser, serve: "Serve") -> None:
    served = serve()
    page = enter(browser, served)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keys and help")
    page.keyboard.press("Escape")

    first = find_task(page)
    page.keyboard.press("a")
    page.keyboard.press("m")
    page.keyboard.press("n")
    # What is typed into a note judges nothing.
    page.keyboard.type("20 see page 3")
    page.keyboard.press("Escape")
    press(page, "2")
    expect(page.get_by_role("status")).to_contain_text("Saved: problematic")
    [verdict] = served.read()
    assert (verdict["hit"], verdict["code"], verdict["criteria"]) == (first, 2, ["A"])
    assert (verdict["mitigating"], verdict["note"]) == (True, "20 see page 3")

    press(page, "u")
    assert find_task(page) == first
    assert served.read()[-1]["withdrawn"]
    press(page, "1")
    press(page, "ArrowLeft")
    assert find_task(page) == first
    expect(page.locator(".meta", has_text="You said").first).to_contain_text("1")
    press(page, "0")
    assert served.read()[-1]["supersedes"] == served.read()[-2]["id"]

    page.keyboard.press("w")
    expect(page.locator(".whole .loaded .passage").first).to_be_visible()
    page.keyboard.press("g")
    expect(page.locator("body")).to_have_class("glossed")
    page.keyboard.press("g")
    expect(page.locator(".paper-page img")).to_be_visible()
    page.keyboard.press("i")
    expect(page.locator("main")).to_have_class("large")
    press(page, "s")
    expect(page.get_by_role("status")).to_contain_text("Put aside")

    page.keyboard.press("x")
    expect(page.get_by_role("dialog")).to_contain_text("out of scope")
    press(page, "2")
    assert (served.read()[-1]["code"], served.read()[-1]["reason"]) == (None, "animal")

    finish(page, "0")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing left")
    standing = {(row["paper"], row["hit"]) for row in served.read() if not row["withdrawn"]}
    assert len({paper for paper, hit in standing if hit is None}) == 4
    page.keyboard.press("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Find")
    expect(page.get_by_label("Words in the passage")).to_be_focused()
    page.keyboard.type("气管")
    page.keyboard.press("Enter")
    expect(page.locator(".passages li").first).to_be_visible()
    assert served.problems == []


@MORE
def test_the_same_by_mouse_and_without_scripts(browser: Browser, serve: "Serve") -> None:
    served = serve()
    page = enter(browser, served, java_script_enabled=False)
    first = find_task(page)
    page.locator(".chip", has_text="mask").click()
    page.get_by_role("button", name="2 problematic").click()
    assert find_task(page) != first
    [verdict] = served.read()
    assert (verdict["hit"], verdict["code"], verdict["criteria"]) == (first, 2, ["C"])
    page.get_by_role("link", name="Previous").click()
    assert find_task(page) == first
    page.get_by_role("link", name="Next").click()
    page.get_by_role("button", name="Undo").click()
    assert find_task(page) == first


@MORE
def test_two_reviewers_and_an_adjudicator(browser: Browser, serve: "Serve") -> None:
    people = {"Ann": "reviewer", "Bo": "reviewer", "Cy": "adjudicator", "Di": "observer"}
    served = serve(people, reviewers_per_passage=2)
    ann, bo = log_in(browser, served, "Ann"), log_in(browser, served, "Bo")
    assert find_task(ann) == find_task(bo)
    first = find_task(ann)
    for page in (ann, bo):
        expect(page.locator(".program")).to_contain_text("Hidden until you have judged")
        assert "criterion" not in page.locator("main").inner_html().replace("criteria", "")
    press(ann, "2")
    bo.reload()
    assert "Ann" not in bo.content()
    judged = finish(ann, "0") + 1
    press(bo, "0")
    assert finish(bo, "0") + 1 == judged

    cy = log_in(browser, served, "Cy")
    assert find_task(cy) == first
    assert "Ann" not in cy.content()
    expect(cy.locator(".verdicts li")).to_have_count(2)
    press(cy, "2")
    finish(cy, "2")
    decided = [row for row in served.read() if row["round"] == 2]
    assert {row["reviewer"] for row in decided} == {"Cy"}
    assert [row["code"] for row in decided if row["hit"] == first] == [2]
    assert all(row["blind"] for row in served.read() if row["round"] == 1)

    di = log_in(browser, served, "Di")
    di.goto(f"{served.address}/agreement")
    row = di.locator("tbody tr").first
    expect(row).to_contain_text("Codes of passages")
    assert "–" not in row.locator("td").nth(2).inner_text()[:4]
    di.goto(f"{served.address}/judge")
    expect(di.get_by_role("heading", level=1)).to_have_text("Not done")
    assert served.problems == []


def test_a_hostile_paper_is_shown_as_text(browser: Browser, serve: "Serve") -> None:
    served = serve()
    page = enter(browser, served)
    page.goto(f"{served.address}/find?q=script")
    hit = page.locator(".passages a").first.get_attribute("href")
    for path in (f"{hit}", f"{hit}/paper", f"{hit}/page", "/dashboard", "/find?q=<script>"):
        page.goto(served.address + path)
        assert "stolen" not in page.title()
    page.goto(f"{served.address}{hit}")
    expect(page.locator("#text")).to_contain_text("<script>")
    expect(page.locator(".record .file")).to_contain_text("<script>")
    expect(page.get_by_role("heading", level=1)).to_contain_text("onerror")
    expect(page.locator("pre.raw")).to_contain_text("<img")
    assert page.locator("main script, main img:not(.leaf img)").count() == 0
    assert served.problems == []


@MORE
def test_what_was_said_outlasts_the_session(browser: Browser, serve: "Serve") -> None:
    served = serve({"Ann": "reviewer"})
    page = log_in(browser, served, "Ann")
    first = find_task(page)
    page.keyboard.press("n")
    page.keyboard.type("long thought")
    page.keyboard.press("Escape")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.keyboard.press("2")
    expect(page.get_by_role("alert").first).to_contain_text("session is over")
    assert find_task(page) == first
    assert served.read() == []
    other = page.context.new_page()
    other.goto(served.address)
    other.get_by_label("Name").fill("Ann")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    expect(other.locator(".name")).to_contain_text("Ann")
    assert page.context.cookies() != cookies
    press(page, "2")
    [verdict] = served.read()
    assert (verdict["hit"], verdict["note"]) == (first, "long thought")


@MORE
def test_a_second_tab_does_not_judge_unawares(browser: Browser, serve: "Serve") -> None:
    served = serve()
    page = enter(browser, served)
    first = find_task(page)
    other = served.watch(page.context.new_page())
    other.goto(f"{served.address}/passages/{first}")
    press(page, "2")
    other.keyboard.press("0")
    expect(other.locator(".problem")).to_contain_text("another window")
    assert [row["code"] for row in served.read()] == [2]
    # Now it is known, and a change is meant.
    press(other, "0")
    assert [row["code"] for row in served.read()] == [2, 0]


@MORE
def test_a_killed_server_loses_nothing_that_was_saved(browser: Browser, serve: "Serve") -> None:
    served = serve({"Ann": "reviewer"})
    page = log_in(browser, served, "Ann")
    press(page, "2")
    second = find_task(page)
    served.kill()
    page.keyboard.press("1")
    expect(page.get_by_role("alert").first).to_contain_text("does not answer")
    assert find_task(page) == second
    served.start()
    press(page, "1")
    assert [row["code"] for row in served.read()] == [2, 1]


@MORE
def test_the_interface_in_chinese_and_narrow(browser: Browser, serve: "Serve") -> None:
    served = serve()
    page = enter(browser, served, locale="zh-CN", viewport={"width": 1000, "height": 760})
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.get_by_role("button", name="有问题").first).to_be_visible()
    expect(page.locator(".chip", has_text="A")).to_contain_text("判定脑死亡后才插管")
    expect(page.locator("rect.box").first).to_be_attached()
    for path in ("/judge", "/dashboard", "/agreement", "/find?q=气管"):
        page.goto(served.address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1000, path
    page.goto(f"{served.address}/judge")
    expect(page.locator(".dock button.code2")).to_be_in_viewport()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert served.problems == []


@MORE
def test_keys_of_an_input_method_and_keys_switched_off(browser: Browser, serve: "Serve") -> None:
    served = serve()
    page = enter(browser, served)
    first = find_task(page)
    process = "new KeyboardEvent('keydown', {key: 'Process', code: 'Digit2', bubbles: true})"
    page.evaluate(f"document.body.dispatchEvent({process})")
    expect(page.locator(f'[data-task="{first}"]')).to_have_count(0)
    page.keyboard.press("?")
    page.get_by_label("Keys are on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.keyboard.press("x")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert len(served.read()) == 1


# What of a page's text has less contrast with what is behind it than AA asks for.
_FAINT = """() => {
  const bend = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const channel = (v) => bend(v / 255);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24
      || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${element.tagName} ${element.className} ${ratio}`);
  }
  return faint;
}"""
# Controls that a screen reader would find no name for.
_NAMELESS = """() => [...document.querySelectorAll("button, a, input:not([type=hidden]), textarea")]
  .filter((e) => !(e.innerText || e.value || e.getAttribute("aria-label") || e.labels?.length))
  .map((e) => e.outerHTML)"""


@MORE
def test_pages_are_legible_and_their_controls_have_names(browser: Browser, serve: "Serve") -> None:
    served = serve()
    page = enter(browser, served)
    expect(page.locator(".paper-page img")).to_be_visible()
    press(page, "2")
    for path in ("/judge", "/dashboard", "/agreement", "/find?q=气管", "/adjudicate"):
        page.goto(served.address + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(_FAINT) == [], path
        assert page.evaluate(_NAMELESS) == [], path
    page.goto(f"{served.address}/judge")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
