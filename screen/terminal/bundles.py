"""What the commands on bundles print."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from screen.findings.bundle.report import Report
from screen.terminal import open_console, printable

if TYPE_CHECKING:
    from screen.findings.bundle.packing import Packed


def show_packed(packed: "Packed", path: Path) -> list[str]:
    """Return what was written, in lines."""
    with_sources = f", {packed.sources} of them sources" if packed.sources else ""
    lines = [
        f"{printable(str(path))}: {packed.members} files{with_sources}; "
        f"{packed.findings} findings, {packed.verdicts} verdicts.",
    ]
    if packed.sha256:
        lines += [
            f"{_tell_size(packed.size)}, SHA-256 {packed.sha256}",
            "Publish this hash where nobody can change it: it is what tells this bundle from any "
            "other.",
        ]
    return lines


def show_report(report: Report, words: str) -> None:
    """Print every difference, what was noted, and what was and was not checked.

    `words` is what to say where there is no difference.
    """
    console = open_console()
    for one in report.differences:
        console.print(Text(printable(str(one)), style="red"), soft_wrap=True)
    number = len(report.differences)
    if number:
        told = f"{number} {'difference' if number == 1 else 'differences'}."
        console.print(Text(told, style="bold red"))
    else:
        console.print(Text(words, style="bold green"), soft_wrap=True)
    checked = ", ".join(_count(n, what) for what, n in report.checked.items() if n)
    console.print(Text(f"Checked: {checked or 'nothing'}."), soft_wrap=True)
    left = ", ".join(f"{n} {what}" for what, n in sorted(report.unchecked.items()) if n)
    console.print(Text(f"Not checked: {printable(left) or 'nothing'}."), soft_wrap=True)
    for line in report.notes:
        console.print(Text(printable(line)), soft_wrap=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what.removesuffix('s') if number == 1 else what}"


def _tell_size(size: int) -> str:
    return f"{size / 10**6:.1f} MB" if size >= 10**6 else f"{max(1, round(size / 1000))} kB"
