"""The metadata of a bundle as an RO-Crate: JSON-LD that other programs know how to read.

RO-Crate Metadata Specification 1.1, https://w3id.org/ro/crate/1.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from screen.findings.bundle.tables import CRATE, MANIFEST, SOURCES

_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
# Not every copy of the context of RO-Crate 1.1 knows this term.
_CONTEXT = [f"{_SPECIFICATION}/context", {"sha256": "http://schema.org/sha256"}]
_STATEMENT = (
    "What a screening of papers found: passages of text that rules flagged and people judged. The "
    "software flags text for people to judge; it never asserts what happened. A paper that could "
    "not be read is counted as unscreened, never as negative."
)
_RIGHTS = (
    "No licence is given with this bundle. Quotations, abstracts and sources belong to their "
    "authors and publishers; verdicts and notes to those who gave them."
)
HISTORY_COUNT, HISTORY_HEAD = "#verdicts-count", "#verdicts-head"

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """A file as the metadata tell of it; `size` in bytes."""

    name: str
    title: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class History:
    """How many verdicts there are, and the chain of the last one."""

    count: int
    head: str


def make_crate(
    files: Sequence[Described],
    history: History,
    versions: Mapping[str, Any],
    question: str,
    date: str,
) -> dict[str, Any]:
    """Return the metadata of a bundle; `date`, in ISO 8601, is that of the study's last change.

    `question` is what the pack asks; `date` is "" if nothing in the study has one.
    """
    parts = [{"@id": name} for name in sorted([*(file.name for file in files), MANIFEST])]
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Evidence of a screening: {question}",
        "description": _STATEMENT,
        "license": {"@id": "#rights"},
        "conformsTo": {"@id": "#format"},
        "hasPart": parts,
        "mentions": {"@id": "#screening"},
    }
    if date:
        root |= {"dateCreated": date, "datePublished": date}
    about = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": _SPECIFICATION},
    }
    return {
        "@context": _CONTEXT,
        "@graph": [
            about,
            root,
            *map(_describe_file, files),
            {
                "@id": MANIFEST,
                "@type": "File",
                "name": "The SHA-256 of every other file, for `sha256sum -c`",
                "encodingFormat": "text/plain",
            },
            *_describe_history(history),
            *_describe_action(versions, files, date),
            {
                "@id": "#format",
                "@type": "CreativeWork",
                "name": f"Bundle of ddr-screen, format {versions['bundle']}",
            },
            {
                "@id": "#rights",
                "@type": "CreativeWork",
                "name": "No licence",
                "description": _RIGHTS,
            },
        ],
    }


def _describe_file(file: Described) -> Entity:
    told: Entity = {
        "@id": file.name,
        "@type": "File",
        "name": file.title,
        "encodingFormat": file.media_type,
        "contentSize": str(file.size),
        "sha256": file.sha256,
    }
    if file.name == "verdicts.jsonl":
        told["additionalProperty"] = [{"@id": HISTORY_COUNT}, {"@id": HISTORY_HEAD}]
    return told


def _describe_history(history: History) -> list[Entity]:
    return [
        {
            "@id": HISTORY_COUNT,
            "@type": "PropertyValue",
            "name": "Number of verdicts in the history",
            "value": history.count,
        },
        {
            "@id": HISTORY_HEAD,
            "@type": "PropertyValue",
            "name": "Chain of the last verdict (SHA-256)",
            "value": history.head,
        },
    ]


def _describe_action(
    versions: Mapping[str, Any], files: Sequence[Described], date: str
) -> list[Entity]:
    libraries = [
        {
            "@id": f"#library-{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": version,
        }
        for name, version in versions["libraries"].items()
    ]
    python = {
        "@id": "#python",
        "@type": "SoftwareApplication",
        "name": versions["python"].partition(" ")[0],
        "softwareVersion": versions["python"].partition(" ")[2],
    }
    program = {
        "@id": "#ddr-screen",
        "@type": "SoftwareApplication",
        "name": "ddr-screen",
        "softwareVersion": versions["program"],
        "operatingSystem": versions["platform"],
        "softwareRequirements": [{"@id": item["@id"]} for item in (python, *libraries)],
    }
    results = [file.name for file in files if not file.name.startswith(SOURCES)]
    action: Entity = {
        "@id": "#screening",
        "@type": "CreateAction",
        "name": f"Screening with the pattern pack {versions['pack']}",
        "instrument": [{"@id": "#ddr-screen"}],
        "result": [{"@id": name} for name in results if name.endswith((".jsonl", ".json"))],
    }
    if date:
        action["endTime"] = date
    return [action, program, python, *libraries]
