"""Figures: how far the screening has come, and how well reviewers agree."""

from starlette.responses import Response

from screen.review.figures import compare, draw_recall, list_progress
from screen.review.web import Call
from screen.study.completeness import list_read, measure_completeness
from screen.study.queries import count_everything, list_failures
from screen.study.verdicts import read_told, settle


def show_dashboard(call: Call) -> Response:
    """Show progress, recall with the stopping test, the sample, failures and flow numbers."""
    desk = call.desk
    # While others judge blind, what was found could be told from before and after a verdict.
    tells = call.account.may("compare") or desk.rules.reviewers_per_passage == 1
    with desk.engine.connect() as connection:
        told = read_told(connection)
    judgements = settle(told, desk.rules.reviewers_per_passage)
    known = measure_completeness(desk.study, desk.engine, judgements)
    code = desk.study.settings.stopping.code
    return call.show(
        "dashboard.html",
        known=known,
        counts=count_everything(desk.engine),
        failures=list_failures(desk.engine),
        # Who has judged how much is for those who may compare reviewers.
        progress=list_progress(told) if call.account.may("compare") else None,
        curve=draw_recall(*list_read(desk.engine, judgements, code)) if tells else None,
        tells=tells,
    )


def show_agreement(call: Call) -> Response:
    """Show how well reviewers agree, in total and by criterion."""
    criteria = call.desk.pack.manifest.criteria
    return call.show(
        "agreement.html",
        tables=compare(call.desk.engine, list(criteria)),
        criteria=criteria,
    )
