"""The words of the report: both languages stand on the page, and one of them is shown."""

from dataclasses import dataclass
from importlib.resources import files

import yaml
from markupsafe import Markup, escape

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of words.yml, by key and language; `{name}` in them is filled in."""

    words: dict[str, dict[str, str]]

    def say(self, language: str, key: str, **values: object) -> str:
        """Return words in one language. Raises KeyError for a key that is not in words.yml."""
        words = self.words[key][language]
        return words.format(**values) if values else words

    def both(self, key: str, **values: object) -> Markup:
        """Return words in both languages, as elements of which the page shows one."""
        return pair(*(self.say(language, key, **values) for language in LANGUAGES))

    def has(self, key: str) -> bool:
        """Tell whether there are words under a key."""
        return key in self.words


def pair(english: str, chinese: str) -> Markup:
    """Return two texts of the same meaning as elements of which the page shows one."""
    parts = zip(("en", "zh-CN"), (english, chinese or english), strict=True)
    return Markup("").join(
        Markup('<span class="w" lang="{}">{}</span>').format(language, escape(text))
        for language, text in parts
    )


def load_words() -> Words:
    """Read words.yml, which ships with the program."""
    text = files("screen.findings.report").joinpath("words.yml").read_text("utf-8")
    return Words(yaml.safe_load(text))
