"""The report in a real browser: it asks for nothing, and shows one language at a time."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy

pytestmark = [pytest.mark.browser, pytest.mark.database]


def test_the_report_asks_for_nothing_and_is_read_in_either_language(
    browser: Browser, papers_to_review: "MadeStudy", invoke: "Invoke", tmp_path: Path
) -> None:
    target = tmp_path / "report.html"
    assert invoke("report", papers_to_review.folder, "-o", target).exit_code == 0
    page = browser.new_context().new_page()
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(target.as_uri())
    english = page.get_by_text("What these figures cannot say").last
    chinese = page.get_by_text("这些数字不能说明什么").last
    expect(english).to_be_visible()
    expect(chinese).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(chinese).to_be_visible()
    expect(english).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert asked == [target.as_uri()]
    assert problems == []
