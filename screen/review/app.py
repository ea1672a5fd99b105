"""The review workbench as a web application: its routes, and who may ask each."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import jinja2
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from screen.review.desk import Desk
from screen.review.handlers import entering, figures, judging, reading
from screen.review.interface import load_interface
from screen.review.web import Guard, Handler, Site, fail, make_endpoint

_READ, _JUDGE, _ADJUDICATE = frozenset({"read"}), frozenset({"judge"}), frozenset({"adjudicate"})
_COMPARE, _ANYBODY = frozenset({"compare"}), frozenset[str]()


@dataclass(frozen=True, slots=True)
class Rule:
    """A route: who has one of the permissions may ask it; without any everybody may."""

    method: str
    path: str
    handler: Handler
    permissions: frozenset[str]
    # what takes long has a room of its own, lest it keep verdicts, or each other, waiting
    room: str = "judging"


# Requests answered at once: more would only take the processor from each other.
_AT_ONCE = 2

RULES = (
    Rule("GET", "/enter", entering.enter, _ANYBODY),
    Rule("GET", "/login", entering.show_login, _ANYBODY),
    Rule("POST", "/login", entering.take_login, _ANYBODY, room="passwords"),
    Rule("POST", "/logout", entering.log_out, _ANYBODY),
    Rule("POST", "/language", entering.set_language, _ANYBODY),
    Rule("GET", "/session", entering.tell_session, _READ),
    Rule("GET", "/", judging.start, _READ),
    Rule("GET", "/judge", judging.show_next, _JUDGE),
    Rule("GET", "/adjudicate", judging.show_next_dispute, _ADJUDICATE),
    Rule("GET", "/passages/{hit}", judging.show_passage, _READ),
    Rule("POST", "/passages/{hit}/verdict", judging.give_passage_verdict, _JUDGE | _ADJUDICATE),
    Rule("GET", "/passages/{hit}/paper", reading.show_whole_paper, _READ, room="figures"),
    Rule("GET", "/passages/{hit}/page", reading.show_page, _READ, room="pictures"),
    Rule("GET", "/passages/{hit}/pages/{number}.png", reading.draw_page, _READ, room="pictures"),
    Rule("GET", "/papers/{paper}", judging.show_paper, _READ),
    Rule("POST", "/papers/{paper}/verdict", judging.give_paper_verdict, _JUDGE | _ADJUDICATE),
    Rule("POST", "/papers/{paper}/skip", judging.skip, _JUDGE),
    Rule("POST", "/undo", judging.undo, _JUDGE | _ADJUDICATE),
    Rule("POST", "/keep", judging.keep, _JUDGE | _ADJUDICATE),
    Rule("GET", "/step/{way}", judging.step, _JUDGE | _ADJUDICATE),
    Rule("GET", "/find", reading.find, _READ, room="figures"),
    Rule("GET", "/dashboard", figures.show_dashboard, _READ, room="figures"),
    Rule("GET", "/agreement", figures.show_agreement, _COMPARE, room="figures"),
)


def make_app(desk: Desk, port: int, names: Collection[str] = ()) -> Starlette:
    """Return the application for a desk, as reached at a port of this machine.

    `names` are further names of it under which it may be asked. The application's
    `state.site.link` is the token of the link for who is alone, None for a team.
    """
    public = urlsplit(desk.rules.public_url)
    local = {("http", f"{name}:{port}") for name in ("127.0.0.1", "localhost", "[::1]", *names)}
    asked = {
        host.lower() for at in (*local, (public.scheme, public.netloc)) for host in _name_host(*at)
    }
    site = Site(
        desk=desk,
        interface=load_interface(),
        templates=_load_templates(),
        hosts=frozenset(asked - {""}),
        # Browsers keep cookies by host, not by port: two studies at once must not share one.
        cookie=f"session-{port}",
        secure=public.scheme == "https",
        link=secrets.token_urlsafe(24) if desk.alone is not None else None,
    )
    rooms = {rule.room: CapacityLimiter(_AT_ONCE) for rule in RULES}
    routes = []
    for rule in RULES:
        endpoint = make_endpoint(site, rule.handler, rule.permissions, rooms[rule.room])
        routes.append(Route(rule.path, endpoint, methods=[rule.method]))
    static = StaticFiles(packages=[("screen.review", "static")])
    app = Starlette(
        routes=[*routes, Mount("/static", static)],
        middleware=[Middleware(Guard, hosts=site.hosts)],
        # It is answered outside of the guard.
        exception_handlers={Exception: fail},
    )
    app.state.site = site
    return app


def _name_host(scheme: str, address: str) -> tuple[str, ...]:
    """Return how browsers name an address: they leave out the port that goes without saying."""
    return address, address.removesuffix({"http": ":80", "https": ":443"}.get(scheme, "/"))


def _load_templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("screen.review"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
