"""The appendix table as a page of its own, to be read or printed."""

from importlib.resources import files

import jinja2

from screen.findings.appendix.table import COLUMNS, Appendix


def render_appendix(appendix: Appendix) -> str:
    """Return the table as one HTML page that needs nothing else."""
    template = files("screen.findings").joinpath("templates/appendix.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(appendix=appendix, columns=COLUMNS)
