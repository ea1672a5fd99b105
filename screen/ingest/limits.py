"""Bounds of time and memory around the reading of one file, in a process that may die of it.

Nothing in Python stops a loop within a C library, so the clock's signal ends the whole process.
Memory is bounded by the kernel: an allocation beyond it fails, and what asked for it raises an
error or ends the process too. Whoever started the process tells which of these it was.
"""

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from screen.errors import DocumentError

_MEGABYTE = 1_000_000
_USED = Path("/proc/self/statm")
# Whether this process was started to die of a file, should it come to that.
_expendable = False


def make_expendable() -> None:
    """Let the limits hold in this process, which they may end."""
    global _expendable
    _expendable = True


@contextmanager
def within(seconds: float, megabytes: float) -> Iterator[None]:
    """Bound what is done inside, in an expendable process; the command's own is left alone.

    A process that takes longer dies by SIGALRM. Raises DocumentError where memory ran out and
    Python noticed. Where the system does not tell what is in use, only time is bounded.
    """
    if not _expendable or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    before = _bound_memory(megabytes)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except MemoryError:
        why = f"needs more memory than the limit of {megabytes:g} MB"
        raise DocumentError("parse", why) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if before is not None:
            resource.setrlimit(resource.RLIMIT_AS, before)
        signal.signal(signal.SIGALRM, handler)


def _bound_memory(megabytes: float) -> tuple[int, int] | None:
    """Let the process grow by so much and no further; return the limits to be put back."""
    try:
        pages = int(_USED.read_text(encoding="ascii").split()[0])
    except OSError:
        return None
    before = soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + int(megabytes * _MEGABYTE)
    for present in (soft, hard):
        if present != resource.RLIM_INFINITY:
            wanted = min(wanted, present)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    return before
