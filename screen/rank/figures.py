"""Figures as files: calibration plots and recall curves, PNG or SVG by the name's suffix."""

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screen.errors import ScreenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that stay apart for readers who confuse some (Okabe and Ito 2008), and line styles.
_STYLES = (
    ("#0072B2", "-"),
    ("#D55E00", "--"),
    ("#009E73", "-."),
    ("#CC79A7", ":"),
    ("#E69F00", (0, (5, 1, 1, 1, 1, 1))),
    ("#56B4E9", (0, (1, 1))),
)
_MARKERS = ("o", "s")
_SUFFIXES = (".png", ".svg")


def plot_calibration(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write a calibration plot of held-out probabilities, as `measure_chances` gives them."""
    with _figure(path, (5.2, 4.6)) as (figure, axes):
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, label="perfectly calibrated")
        styles = zip(metrics.items(), _STYLES, _MARKERS, strict=False)
        for (name, found), (colour, _), marker in styles:
            bins = found["bins"]
            error = found["calibration_error"]["value"]
            true = [part["true"] for part in bins]
            marks = axes.errorbar(
                [part["given"] for part in bins],
                true,
                yerr=[
                    [at - part["low"] for at, part in zip(true, bins, strict=True)],
                    [part["high"] - at for at, part in zip(true, bins, strict=True)],
                ],
                color=colour,
                marker=marker,
                linestyle="none",
                elinewidth=0.8,
                capsize=2,
                markersize=5,
                label=f"{name} (error {error:.3f})",
            )
            marks[2][0].set_alpha(0.6)
            for part in bins:
                axes.annotate(
                    str(part["count"]),
                    (part["given"], part["true"]),
                    textcoords="offset points",
                    xytext=(5, 4 if marker == "o" else -9),
                    fontsize=6,
                    color=colour,
                )
        axes.set(
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            xlabel="probability given (held out)",
            ylabel="share judged so",
            title="Calibration: passages a bin, exact 95 % intervals",
        )
        axes.legend(loc="lower right", fontsize=8, frameon=False)
        figure.tight_layout()


def plot_recall(path: Path, curves: Mapping[str, Sequence[Sequence[float]]], title: str) -> None:
    """Write recall curves: for each order the share found after each share read, for each seed."""
    with _figure(path, (6.4, 4.4)) as (figure, axes):
        axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
        axes.axhline(0.95, color="0.8", linewidth=1, linestyle=":")
        for (name, seeds), (colour, style) in zip(curves.items(), _STYLES, strict=False):
            for number, curve in enumerate(seeds):
                steps = len(curve)
                axes.step(
                    [i / steps for i in range(steps + 1)],
                    [0.0, *curve],
                    where="post",
                    color=colour,
                    linestyle=style,
                    linewidth=1.4,
                    alpha=1 if len(seeds) == 1 else 0.7,
                    label="_" if number else name,
                )
        axes.set(
            xlim=(0, 1),
            ylim=(0, 1.02),
            xlabel="share read",
            ylabel="share of the relevant found (recall)",
            title=title,
        )
        axes.legend(loc="lower right", fontsize=8, frameon=False)
        figure.tight_layout()


def check_figure(path: Path) -> None:
    """Raise ScreenError unless a figure can be written by that name."""
    if path.suffix.lower() not in _SUFFIXES:
        raise ScreenError(f"{path}: figures are written as .png or .svg")


@contextmanager
def _figure(path: Path, size: tuple[float, float]) -> "Iterator[tuple[Figure, Axes]]":
    """Yield a figure to draw in and write it; the same drawing gives the same bytes."""
    check_figure(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "ddr-screen", "svg.fonttype": "none"}):
        figure = Figure(figsize=size, dpi=150)
        yield figure, figure.subplots()
        is_svg = path.suffix.lower() == ".svg"
        metadata = {"Date": None, "Creator": None} if is_svg else {"Software": None}
        try:
            figure.savefig(path, metadata=metadata)
        except OSError as error:
            raise ScreenError(f"{path} cannot be written: {error.strerror}") from None
