"""The settings of one study: study.toml, read and checked."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from screen.errors import SettingsError

TEMPLATE = """\
# Settings of this study. Every value shown is the default; remove the # to change one.

# The pattern pack: the name of one that ships with the program, or a folder of your own (a path
# from this study's folder).
pack = "brain-death"

# The scope: the name of one of those in the pack's scope.yml. What it leaves out is not read, and
# counted with its reason; nothing is deleted. "" leaves nothing out.
# scope = ""

# The classifier that orders the queue: "default" is the one that ships for the pack (if one does),
# a path is a folder made by ddr-screen train, "" is none: then the score orders, and nothing is
# learned.
# model = "default"

[limits]
# Files above these sizes (in megabytes) are not read, and counted as unscreened.
# text_mb is for .txt and .html, pdf_mb for .pdf and .docx.
# text_mb = 20
# pdf_mb = 200
# A file that takes longer to read, or needs more memory, is counted as unscreened too.
# seconds = 120
# memory_mb = 2000

[ocr]
# Optical character recognition of pages that hold no text that can be read: "auto" if it is
# installed (pip install 'ddr-screen[ocr]'), "no" to leave it; such pages then count as unscreened.
# use = "auto"
# A page that takes longer, in seconds, is given up.
# seconds = 120

[work]
# Papers in one shard. A shard is the unit of work: it is done wholly or not at all.
# shard_size = 100
# Worker processes; 0 means one for each processor.
# workers = 0

[learning]
# After so many judged passages the classifier is trained again, on the labels that ship for the
# pack and on the study's own, in place of the model above, and the queue is put in a new order;
# 0 means never.
# every = 20
# Which passages come first: "certainty" the likely ones, "uncertainty" those that teach the
# classifier most, "mix" the likely ones with every fourth of the other kind.
# strategy = "certainty"
# seed = 1

[copies]
# Whether files that are the same paper (reprints, two scans, text and PDF) are found, and one of
# them is read for all.
# find = true

[stopping]
# Reading may stop once, with this confidence, at least this share of what the queue holds is found.
# recall = 0.95
# confidence = 0.95
# What is looked for: 2 is code 2 only, 1 is codes 1 and 2.
# code = 1

[review]
# How many people judge each passage, without knowing of each other. If they differ, an adjudicator
# who was none of them decides.
# reviewers_per_passage = 1
# Whether reviewers see code, criteria, reason, score and mitigating signs only after their verdict:
# "auto" is yes if several judge each passage; "yes", "no".
# blind = "auto"
# A paper that was handed out comes back to the others after so many minutes without a verdict.
# lease_minutes = 30
# A reviewer who did nothing for so many hours must log in again.
# session_hours = 8
# The address under which a team reaches the workbench, as "https://review.example.org".
# public_url = ""

[places]
# A table of hospitals of your own (a path from this study's folder), for those that are not in the
# one that ships; with its columns: name,english,aliases,city,province,standing. What it says goes
# first.
# hospitals = ""

[database]
# "" is SQLite, in the file screen.db of this folder; or "postgresql://name@host/database" (the
# password is better kept in ~/.pgpass or PGPASSWORD than here).
# url = ""

[published]
# The search of the published study, to be compared with: a file of its target phrases, one a line
# (a path from this study's folder). "" leaves the search out.
# targets = ""
# A paper is flagged for a window below this cosine distance, if within so many characters of its
# first one there is this word.
# cutoff = 0.28
# context = 70
# require = "供"
"""


def shipped_folder(name: str) -> Path:
    """Return a folder of data that ships with the program, in the wheel or in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Strict):
    """What a file may be and cost: sizes and memory in megabytes (10^6 bytes), time in seconds."""

    text_mb: float = Field(default=20, gt=0)
    pdf_mb: float = Field(default=200, gt=0)
    seconds: float = Field(default=120, gt=0, le=86_400)
    memory_mb: float = Field(default=2000, ge=50, le=10_000_000)


class Recognition(_Strict):
    """Optical character recognition: whether, and the seconds that a page may take."""

    use: Literal["auto", "no"] = "auto"
    seconds: float = Field(default=120, gt=0, le=100_000)


class Work(_Strict):
    """How work is cut and spread; nothing here changes a byte of the result but shard_size."""

    shard_size: int = Field(default=100, ge=1, le=100_000)
    workers: int = Field(default=0, ge=0, le=1024)


class Learning(_Strict):
    """How the classifier learns from verdicts, and what it puts first; `every` counts passages."""

    every: int = Field(default=20, ge=0, le=1_000_000)
    strategy: Literal["certainty", "uncertainty", "mix"] = "certainty"
    seed: int = Field(default=1, ge=0, le=2**32 - 1)


class Copies(_Strict):
    """Whether near-duplicates are found."""

    find: bool = True


class Stopping(_Strict):
    """When enough is found: of `code` and above, with shares between 0 and 1."""

    recall: float = Field(default=0.95, gt=0, lt=1)
    confidence: float = Field(default=0.95, gt=0, lt=1)
    code: Literal[1, 2] = 1


class Review(_Strict):
    """Who judges what, and what they see of the program's reading before they have judged."""

    reviewers_per_passage: int = Field(default=1, ge=1, le=20)
    blind: Literal["auto", "yes", "no"] = "auto"
    lease_minutes: float = Field(default=30, gt=0, le=10_000)
    session_hours: float = Field(default=8, gt=0, le=10_000)
    public_url: str = Field(default="", pattern=r"^(https?://[A-Za-z0-9.-]+(:\d+)?)?$")

    @property
    def is_blind(self) -> bool:
        """Whether the program's reading is hidden until the verdict."""
        return self.blind == "yes" or (self.blind == "auto" and self.reviewers_per_passage > 1)


class Places(_Strict):
    """Where papers are from: `hospitals` is a table beside the one that ships, "" for none."""

    hospitals: str = ""


class Database(_Strict):
    """Where the database is: "" is SQLite in the study's folder."""

    url: str = Field(default="", pattern=r"^(postgresql(\+psycopg)?://.*)?$")


class Published(_Strict):
    """The search of the published study: its target phrases, and what makes it flag a paper.

    `targets` is a file, "" for none; `context` counts characters on either side.
    """

    targets: str = ""
    cutoff: float = Field(default=0.28, ge=0, le=1)
    context: int = Field(default=70, ge=0, le=1_000_000)
    require: str = "供"

    def tell(self, flagged: bool, distance: float, target: str) -> str:
        """Return in words what the search says of a passage or paper, by its telling window."""
        said = "flagged"
        if not flagged:
            said = "not flagged"
            if distance < self.cutoff:
                said += f" for want of {self.require} within {self.context} characters"
        return f"{said}, distance {distance:.3f} to “{target}”"


class Settings(_Strict):
    """Everything study.toml may hold."""

    pack: str = "brain-death"
    scope: str = ""
    model: str = "default"
    limits: Limits = Limits()
    ocr: Recognition = Recognition()
    work: Work = Work()
    learning: Learning = Learning()
    copies: Copies = Copies()
    stopping: Stopping = Stopping()
    review: Review = Review()
    places: Places = Places()
    database: Database = Database()
    published: Published = Published()


def read_settings(path: Path) -> Settings:
    """Read study.toml. Raises SettingsError with the file and the key at fault."""
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {key}: {first['msg']}") from None
