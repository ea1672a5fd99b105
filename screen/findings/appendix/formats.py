"""The formats of the appendix table, by name and by the suffix of a file."""

from pathlib import Path

from screen.errors import ExportError
from screen.findings.appendix.table import Appendix
from screen.findings.output import open_binary, open_output, write_text

FORMATS = ("docx", "html", "markdown")
_SUFFIXES = {
    ".docx": "docx",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
}


def find_format(path: Path) -> str:
    """Return the format that the suffix of a file tells. Raises ExportError if it tells none."""
    try:
        return _SUFFIXES[path.suffix.lower()]
    except KeyError:
        raise ExportError(f"{path}: --format, or a name as *.docx, *.html, *.md") from None


def write_appendix(appendix: Appendix, format_: str, output: Path) -> None:
    """Write the table to a file, or standard output for "-".

    A file is there wholly or not at all. Raises ScreenError if it cannot be written.
    """
    if format_ == "docx":
        from screen.findings.appendix.document import write_document  # slow to start

        with open_binary(output) as binary:
            write_document(appendix, binary)
    elif format_ == "html":
        from screen.findings.appendix.page import render_appendix

        write_text(output, render_appendix(appendix))
    else:
        from screen.findings.appendix.markdown import write_markdown

        with open_output(output) as text:
            write_markdown(appendix, text)
