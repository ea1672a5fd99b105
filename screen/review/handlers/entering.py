"""Getting in and out: the link for who is alone, logging in, the language."""

import hmac

from starlette.responses import JSONResponse, Response

from screen.errors import AccessError
from screen.review.access import Session, begin_session, end_session, has_accounts, log_in
from screen.review.interface import LANGUAGES
from screen.review.web import Call

_YEAR = 365 * 24 * 3600


def enter(call: Call) -> Response:
    """Let in who is alone on the machine, by the link that the terminal showed; it works once."""
    site = call.site
    given = call.request.query_params.get("token", "")
    # Accounts may have been made since the workbench was started.
    if call.desk.alone is None or site.link is None or has_accounts(call.desk.engine):
        return call.tell(403, "link_used")
    if not hmac.compare_digest(given.encode(), site.link.encode()):
        return call.tell(403, "link_wrong")
    site.link = None
    return _admit(call, begin_session(call.desk.engine, call.desk.alone, call.desk.clock()), "/")


def show_login(call: Call) -> Response:
    """Show the form to log in, or where the link is for who is alone."""
    if call.session is not None:
        return call.go("/")
    following = _local(call.request.query_params.get("next", "/"))
    return call.show("login.html", following=following, alone=_is_alone(call))


def take_login(call: Call) -> Response:
    """Log in by name and password."""
    desk = call.desk
    following = _local(call.field("next"))
    name, password = call.field("name").strip(), call.field("password")
    address = call.request.client.host if call.request.client else ""
    try:
        session = log_in(desk.engine, name, password, address, desk.clock())
    except AccessError as error:
        status = 429 if str(error) == "too_many_tries" else 401
        told = {"problem": call.say(str(error)), "name": name, "alone": _is_alone(call)}
        return call.show("login.html", status, following=following, **told)
    return _admit(call, session, following)


def log_out(call: Call) -> Response:
    """End the session."""
    if call.session is not None:
        end_session(call.desk.engine, call.session)
    answer = call.go("/login")
    answer.delete_cookie(call.site.cookie, path="/")
    return answer


def tell_session(call: Call) -> Response:
    """Tell a script who is logged in, and the token for its forms: after logging in anew."""
    assert call.session is not None  # noqa: S101 - the route asks for a permission
    return JSONResponse({"reviewer": call.account.name, "csrf": call.session.csrf})


def set_language(call: Call) -> Response:
    """Remember the language of the interface in the browser."""
    language = call.field("language")
    answer = call.go(_local(call.field("next")))
    if language in LANGUAGES:
        answer.set_cookie("language", language, max_age=_YEAR, httponly=True, samesite="strict")
    return answer


def _admit(call: Call, session: Session, path: str) -> Response:
    answer = call.go(path)
    answer.set_cookie(
        call.site.cookie,
        session.token,
        httponly=True,
        samesite="strict",
        secure=call.site.secure,
        path="/",
    )
    return answer


def _is_alone(call: Call) -> bool:
    return call.desk.alone is not None and not has_accounts(call.desk.engine)


def _local(path: str) -> str:
    """Return a path if it is one of this site, else its beginning."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if plain and path.isprintable() and path.isascii() else "/"
