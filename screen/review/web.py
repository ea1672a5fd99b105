"""What every answer of the workbench goes through: host, session, role, form token, headers.

Papers and records are hostile by assumption: templates escape everything, and the policy lets a
page load nothing but what this server has.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, quote

import jinja2
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from screen.errors import AccessError, DocumentError, ReviewError, ScreenError
from screen.review.access import Account, Session, find_session
from screen.review.desk import Desk
from screen.review.interface import LANGUAGES, Interface

_LARGEST_FORM = 64 * 1024
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": with that, browsers send forms with the origin "null".
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_FAILED = "the workbench failed; what it prints where it was started says more"
_log = logging.getLogger("screen.review")


@dataclass(slots=True)
class Site:
    """The served site: its desk, its words, its templates, and the hosts it answers to."""

    desk: Desk
    interface: Interface
    templates: jinja2.Environment
    hosts: frozenset[str]
    cookie: str
    secure: bool
    # the token of the link for who is alone; None once it was used
    link: str | None


@dataclass
class Call:
    """One request, once it is known who asks: `session` is None only where nobody need log in."""

    site: Site
    request: Request
    session: Session | None
    form: Mapping[str, list[str]]

    @property
    def desk(self) -> Desk:
        """The study on the desk."""
        return self.site.desk

    @property
    def account(self) -> Account:
        """Who asks."""
        if self.session is None:
            raise AccessError("log_in_first")
        return self.session.account

    @cached_property
    def language(self) -> str:
        """The language of the interface: as chosen, or as the browser asks for."""
        chosen = self.request.cookies.get("language", "")
        if chosen in LANGUAGES:
            return chosen
        asked = self.request.headers.get("accept-language", "").lower()
        return "zh" if asked.startswith("zh") else "en"

    @property
    def is_fragment(self) -> bool:
        """Whether a script asks, which puts the answer into the page that it has."""
        return self.request.headers.get("x-fragment") == "1"

    def field(self, name: str) -> str:
        """Return a field of the form, "" if it is not there."""
        return self.form.get(name, [""])[0]

    def say(self, key: str, **values: object) -> str:
        """Return words of the interface in the language of the page."""
        return self.site.interface.say(self.language, key, **values)

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page, or only its main part if a script asks."""
        html = self.site.templates.get_template(template).render(
            call=self, t=self.say, fragment=self.is_fragment, rules=self.desk.rules, **values
        )
        return HTMLResponse(html, status, {"cache-control": "no-store"})

    def tell(self, status: int, key: str, **values: object) -> Response:
        """Return a page that says one thing, such as why something cannot be done."""
        return self.show(
            "message.html", status, title=self.say("not_done"), text=self.say(key, **values)
        )

    def go(self, path: str) -> Response:
        """Send the browser to another page of the site."""
        return RedirectResponse(path, 303)


Handler = Callable[[Call], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def make_endpoint(
    site: Site, handler: Handler, permissions: frozenset[str], room: CapacityLimiter
) -> Endpoint:
    """Return what answers a route: the handler, for those with one of the permissions.

    Without permissions anybody may ask, as for the page to log in. The handler runs in a thread, of
    which `room` allows so many at once.
    """

    async def endpoint(request: Request) -> Response:
        body = b""
        if request.method == "POST":
            async for chunk in request.stream():
                body += chunk
                if len(body) > _LARGEST_FORM:
                    return PlainTextResponse("the form is too large", 413)
        return await run_sync(answer, request, body, limiter=room)

    def answer(request: Request, body: bytes) -> Response:
        try:
            form = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200)
        except ValueError:
            return PlainTextResponse("the form cannot be read", 400)
        token = request.cookies.get(site.cookie, "")
        desk = site.desk
        try:
            session = (
                find_session(
                    desk.engine,
                    token,
                    desk.clock(),
                    desk.rules.session_hours * 3600,
                    alone=desk.alone is not None,
                )
                if token
                else None
            )
            call = Call(site, request, session, form)
            return _refuse(call, permissions) or handler(call)
        except ReviewError as error:
            return call.tell(409, str(error))
        except DocumentError as error:
            return call.show("message.html", 404, title=call.say("not_done"), text=error.reason)
        except ScreenError as error:
            # It may name folders and hosts, which are not for everybody who asks.
            _log.error("%s: %s", request.url.path, error)
            return PlainTextResponse(_FAILED, 500)

    return endpoint


def _refuse(call: Call, permissions: frozenset[str]) -> Response | None:
    """Return the answer to who may not ask this, None for who may."""
    if call.request.method == "POST" and not _is_own(call):
        return call.tell(403, "foreign_form")
    if not permissions:
        return None
    if call.session is None:
        if call.request.method == "POST" or call.is_fragment:
            return call.tell(401, "session_over")
        path = call.request.url.path
        asked = f"{path}?{call.request.url.query}" if call.request.url.query else path
        return call.go(f"/login?next={quote(asked)}")
    if not any(call.account.may(permission) for permission in permissions):
        return call.tell(403, "not_permitted")
    return None


def _is_own(call: Call) -> bool:
    """Tell whether a form comes from a page of ours, and carries the token of its session."""
    headers = call.request.headers
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        return False
    if call.session is None:
        return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    given = call.field("csrf") or headers.get("x-csrf", "")
    return hmac.compare_digest(given.encode(), call.session.csrf.encode())


async def fail(_: Request, __: Exception) -> Response:
    """Answer where the program is at fault; what it is goes into the log of the server."""
    headers = {**_HEADERS, "cache-control": "no-store"}
    return PlainTextResponse(_FAILED, 500, headers)


class Guard:
    """Turns away what asks for another host, and adds the headers that every answer has."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        # A page elsewhere may have had its own name point here.
        if Headers(scope=scope).get("host", "").lower() not in self._hosts:
            refusal = PlainTextResponse("this server does not go by that name", 421)
            await refusal(scope, receive, send_with_headers)
            return
        # No name of anything holds it, and not every database can be asked for it.
        if "\0" in scope["path"]:
            await PlainTextResponse("Not Found", 404)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)
