"""The model card, for people (Mitchell and others 2019, "Model cards for model reporting")."""

from collections.abc import Mapping
from typing import Any

_ABOUT = """\
Orders passages for people to read: the likely ones first. It gives each passage the probability
that a reader of the codebook would judge it code 2 (problematic), and code 1 or 2. It judges
descriptions in texts and never says what happened.

The probabilities hold for passages mixed as in the data below. In a screening with a smaller share
of problematic passages they are too high; the order does not depend on that.
"""


def render_card(card: Mapping[str, Any]) -> str:
    """Return a card as Markdown; `calibration.png` stands beside it."""
    parts = [
        f"# Model card: {card['name']}\n",
        _ABOUT,
        _render_data(card),
        "## How good it is\n",
        f"Cross-validated in {card['folds']} folds, seed {card['seed']}: each passage was judged "
        "by a classifier that had seen no passage of its paper, no near-duplicate and no damaged "
        "copy. "
        "Intervals are 95 %: exact for shares, by bootstrap over groups for the rest. The pack's "
        "rules, whose findings the classifier is shown, were written with part of this data in "
        "sight, so figures on other papers will be lower.\n",
        _render_metrics("passages", card["cross_validated"]),
    ]
    if card["papers"]:
        words = (
            "Papers: the highest probability of their passages, where several were judged. Many of "
            "these papers were made to be problematic.\n"
        )
        parts += [words, _render_metrics("papers", card["papers"])]
    parts += ["![Calibration](calibration.png)\n", _render_making(card)]
    return "\n".join(parts)


def _render_data(card: Mapping[str, Any]) -> str:
    rows = [
        "## What it was trained on\n",
        "| source | passages | code 2 | code 1 | code 0 | damaged copies | SHA-256 |",
        "|---|---|---|---|---|---|---|",
    ]
    for source in card["data"]:
        codes = source["codes"]
        rows.append(
            f"| {source['name']} | {source['passages']} | {codes['2']} | {codes['1']} | "
            f"{codes['0']} | {source['copies']} | {source['sha256'][:12]} |"
        )
    rows.append(f"\nIn {card['groups']} groups of papers and near-duplicates.\n")
    return "\n".join(rows)


def _render_metrics(what: str, metrics: Mapping[str, Any]) -> str:
    names = list(metrics)
    rows = [f"| {what} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]

    def add(words: str, cells: list[str]) -> None:
        rows.append(f"| {words} | {' | '.join(cells)} |")

    found = list(metrics.values())
    add("positive of all", [f"{part['positive']} of {part['passages']}" for part in found])
    for key, words in (
        ("recall", "recall at probability 0.5"),
        ("precision", "precision at probability 0.5"),
        ("average_precision", "average precision"),
        ("roc_auc", "area under the ROC curve"),
        ("brier", "Brier score"),
        ("calibration_error", "calibration error (10 bins)"),
    ):
        add(words, [_interval(part.get(key)) for part in found])
    for key, words in (
        ("recall_25", "recall after reading 25 %"),
        ("rrf_10", "recall after reading 10 %"),
        ("wss_95", "WSS@95"),
        ("atd", "average time to discovery (items)"),
        ("ndcg", "NDCG"),
        ("loss", "loss"),
    ):
        add(words, [_number(part.get("screening"), key) for part in found])
    return "\n".join(rows) + "\n"


def _interval(part: Mapping[str, Any] | None) -> str:
    if part is None or part["low"] is None:
        return "-"
    return f"{part['value']:.3f} ({part['low']:.3f}-{part['high']:.3f})"


def _number(part: Mapping[str, float] | None, key: str) -> str:
    if part is None:
        return "-"
    return f"{part[key]:.1f}" if key == "atd" else f"{part[key]:.4f}"


def _render_making(card: Mapping[str, Any]) -> str:
    versions = {**card["libraries"], **card["other_libraries"]}
    return "\n".join(
        [
            "## How it was made\n",
            f"- ddr-screen {card['program']}, pack {card['pack']} (family {card['family']})",
            f"- {', '.join(f'{name} {made}' for name, made in versions.items())}",
            f"- model.skops, SHA-256 {card['sha256']}",
            "",
        ]
    )
