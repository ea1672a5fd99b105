"""What the commands on classifiers print."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from screen.terminal import open_console, printable


def show_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Print what a model was trained on and how good it is."""
    console = open_console()
    codes = ", ".join(f"{number} of code {code}" for code, number in card["codes"].items())
    console.print(Text(f"{printable(str(folder))}: {card['passages']} passages ({codes})."))
    console.print(Text("Cross-validated, with 95 % intervals; see card.md for more:"))
    table = Table()
    for column in ("positive", "recall at 0.5", "precision at 0.5", "average precision",
                   "calibration error", "WSS@95", "loss"):  # fmt: skip
        table.add_column(column, justify="right")
    for name, found in card["cross_validated"].items():
        cells = [_interval(found.get(key)) for key in (
            "recall", "precision", "average_precision", "calibration_error")]  # fmt: skip
        screening = found.get("screening")
        cells += [f"{screening[key]:.3f}" if screening else "-" for key in ("wss_95", "loss")]
        table.add_row(name, *cells)
    console.print(table)


def _interval(found: Mapping[str, Any] | None) -> str:
    if found is None or found["low"] is None:
        return "-"
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def show_simulation(result: Mapping[str, Any]) -> None:
    """Print the measures of each order of reading, the mean over its replays."""
    console = open_console()
    console.print(
        Text(f"{result['items']} items, {result['relevant']} of code {result['code']} or above;"
             f" {result['model']}; {result['pack']}.")
    )  # fmt: skip
    if result["like_shipped"]:
        words = f"{result['like_shipped']} items are like passages that ship: cold has seen those."
        console.print(Text(words, style="yellow"))
    table = Table()
    names = {"recall_25": "recall at 25 %", "rrf_10": "RRF@10", "wss_95": "WSS@95",
             "atd": "ATD", "ndcg": "NDCG", "loss": "loss"}  # fmt: skip
    for column in ("order", *names.values()):
        table.add_column(column, justify="right")
    for order, found in result["orders"].items():
        mean = found["mean"]
        table.add_row(order, *(f"{mean[n]:.1f}" if n == "atd" else f"{mean[n]:.4f}" for n in names))
    console.print(table)
