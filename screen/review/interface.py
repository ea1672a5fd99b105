"""The words of the interface, in English and Chinese."""

from dataclasses import dataclass
from importlib.resources import files

import yaml

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Interface:
    """Words by language and key; `{name}` in them is filled in."""

    words: dict[str, dict[str, str]]

    def say(self, language: str, key: str, **values: object) -> str:
        """Return words in a language. Raises KeyError for a key that is not in interface.yml."""
        words = self.words[key][language]
        return words.format(**values) if values else words

    def has(self, key: str) -> bool:
        """Tell whether there are words under a key."""
        return key in self.words


def load_interface() -> Interface:
    """Read interface.yml, which ships with the program."""
    text = files("screen.review").joinpath("interface.yml").read_text("utf-8")
    return Interface(yaml.safe_load(text))
