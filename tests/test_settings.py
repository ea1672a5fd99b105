"""A study's settings: the template says the defaults, and nothing unknown is passed over."""

import re
from pathlib import Path

import pytest

from screen.errors import SettingsError
from screen.settings import (
    TEMPLATE,
    Limits,
    Settings,
    Work,
    read_settings,
)


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def uncomment(template: str) -> str:
    """Return the template with every setting that is commented out set."""
    return re.sub(r"^# (?=\w+ = )", "", template, flags=re.MULTILINE)


def test_the_template_parses_to_the_defaults(tmp_path: Path) -> None:
    assert read_settings(write(tmp_path, TEMPLATE)) == Settings()


def test_every_value_the_template_shows_is_the_default(tmp_path: Path) -> None:
    text = uncomment(TEMPLATE)
    assert read_settings(write(tmp_path, text)) == Settings()


def test_the_template_shows_every_setting() -> None:
    text = uncomment(TEMPLATE)
    shown = set(re.findall(r"^(\w+) = ", text, flags=re.MULTILINE))
    sections = [
        kind for field in Settings.model_fields.values() if (kind := field.annotation) is not str
    ]
    known = {name for section in sections for name in section.model_fields}  # type: ignore[union-attr]
    assert shown == known | {"pack", "scope", "model"}


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_settings(write(tmp_path, "")) == Settings()


def test_values_are_read(tmp_path: Path) -> None:
    text = 'pack = "mine"\n[limits]\npdf_mb = 1.5\n[work]\nshard_size = 7\nworkers = 3\n'
    settings = read_settings(write(tmp_path, text))
    assert settings.pack == "mine"
    assert settings.limits == Limits(pdf_mb=1.5)
    assert settings.work == Work(shard_size=7, workers=3)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1", "colour"),
        ("[limits]\npdf_md = 3", "limits.pdf_md"),
        ("[work]\nworker = 3", "work.worker"),
        ("[works]\nworkers = 3", "works"),
        ("[work]\nworkers = -1", "work.workers"),
        ("[work]\nshard_size = 0", "work.shard_size"),
        ('[work]\nshard_size = "many"', "work.shard_size"),
        ("[limits]\ntext_mb = 0", "limits.text_mb"),
        ("pack = 3", "pack"),
        ("model = 3", "model"),
        ("[learning]\nevery = -1", "learning.every"),
        ('[learning]\nstrategy = "luck"', "learning.strategy"),
        ("[stopping]\nrecall = 1", "stopping.recall"),
        ("[stopping]\nconfidence = 95", "stopping.confidence"),
        ("[stopping]\ncode = 0", "stopping.code"),
        ("limits = 3", "limits"),
    ],
)
def test_what_cannot_be_is_refused_with_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: {key}: ")
    assert "\n" not in message


@pytest.mark.parametrize("data", [b"pack = ", b"pack = 'a'\npack = 'b'", b"pack = '\xb9\xa9'"])
def test_what_is_no_toml_is_refused_by_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(data)
    with pytest.raises(SettingsError, match=re.escape(str(path))):
        read_settings(path)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        read_settings(tmp_path / "none.toml")


def test_settings_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().pack = "other"
