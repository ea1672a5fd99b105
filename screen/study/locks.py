"""Who may change a study: one process alone, or several that share the work out among them.

The lock is the operating system's, so it goes with its holder, however that ends. What stands in
the file tells others who holds it.
"""

import fcntl
import getpass
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from screen.errors import StudyError

_FILE = ".lock"


@contextmanager
def hold(study: Path, what: str, *, shared: bool = False) -> Iterator[None]:
    """Keep other processes from changing a study; with `shared` only those that want it alone.

    `what` says to others what is being done. Raises StudyError if somebody holds it already, or if
    the folder cannot be written to.
    """
    try:
        file = (study / _FILE).open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise StudyError(f"{study} cannot be written to: {error.strerror}") from None
    with file:
        _take(file, study, shared=shared)
        _sign(file, what)
        yield


def _take(file: IO[str], study: Path, *, shared: bool) -> None:
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "another process"
        raise StudyError(f"{study} is in use: {holder}") from None
    except OSError as error:
        # Some file systems of clusters know no locks.
        why = f"{study} cannot be locked ({error.strerror})"
        sys.stderr.write(f"ddr-screen: {why}: see to it that nobody else changes it\n")


def _sign(file: IO[str], what: str) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    words = f"{what} (process {os.getpid()} of {user} on {socket.gethostname()}, since {since})"
    try:
        file.truncate(0)
        file.write(words)
        file.flush()
    except OSError as error:
        raise StudyError(f"{file.name} cannot be written: {error.strerror}") from None
