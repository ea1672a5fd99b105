"""Serve the workbench: one process, on this machine unless a team has accounts."""

import socket
import sys
from collections.abc import Callable

import uvicorn

from screen.errors import AccessError
from screen.review.app import make_app
from screen.review.desk import Desk

_ALL = frozenset({"0.0.0.0", "::"})  # noqa: S104 - if asked for
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def serve(desk: Desk, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until interrupted; `announce` is given the address once it answers.

    Port 0 is any that is free. Raises AccessError if the address cannot be had, or if others could
    reach a study in which nobody has an account.
    """
    if desk.alone is not None and host not in _LOOPBACK:
        raise AccessError(
            f"others could reach {host}, and nobody has an account: ddr-screen reviewer add"
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise AccessError(f"{host}:{port} cannot be served: {error.strerror}") from None
    # Inherited by its connections; asyncio sees to it only for sockets that it made. Without it the
    # end of each answer waits some 40 milliseconds.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    number = listener.getsockname()[1]
    names = _find_names(host)
    app = make_app(desk, number, names)
    link = app.state.site.link
    name = names[0]
    address = (
        desk.rules.public_url if desk.rules.public_url and not link else f"http://{name}:{number}"
    )
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Only a proxy of the team's own may say who asks.
        proxy_headers=bool(desk.rules.public_url),
        lifespan="off",
    )
    server = _Server(config, lambda: announce(f"{address}/enter?token={link}" if link else address))
    try:
        server.run(sockets=[listener])
    finally:
        desk.close()
        sys.stderr.flush()


def _find_names(host: str) -> list[str]:
    """Return the names by which a server that listens at an address can be asked, the best first.

    Where it listens at all addresses those of this machine.
    """
    if host not in _ALL:
        return [f"[{host}]" if ":" in host else host]
    own = socket.gethostname()
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(own, None)}
    except OSError:
        found = set()
    return [own, *sorted(f"[{name}]" if ":" in name else name for name in found)]


class _Server(uvicorn.Server):
    """A server that tells when it answers."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, and tell."""
        await super().startup(sockets)
        if self.started:
            self._tell()
