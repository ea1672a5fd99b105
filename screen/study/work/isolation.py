"""Work in a process of its own, which may die of it; then a new one takes its place.

A crash in a parser, a file that takes too long, the kernel's out-of-memory killer: what they end is
such a process, never the command. It is started anew rather than forked, so that it is the same on
every system; and not by `multiprocessing`, whose processes may have no children where they are
themselves a daemon's, as the workers of a cluster are.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, TypeVar

from screen.ingest.limits import make_expendable

Result = TypeVar("Result")

# What starting a process and loading what it needs may take, in seconds, beside the work itself.
GRACE = 60.0
# Where memory runs out, these processes are to be killed before anything else of the user's.
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_CODE = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from screen.study.work.isolation import serve; serve(int(sys.argv[1]))"
)


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended in the middle of a task: it ran out of time, or in another way."""

    timed_out: bool


class BrokenOffError(Exception):
    """Work that was ended from outside: its process was closed while it was at it."""


class Isolated:
    """Calls functions in a process of its own, and in a new one whenever that process dies."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._broken_off = False

    def ask(
        self, work: Callable[..., Result], *args: Any, seconds: float | None = None
    ) -> Result | Death:
        """Return what the function returns, or how the process died of it; raise what it raises.

        After so many seconds the process is killed. One that has served before may have died of
        something else: then a new one is asked.
        """
        used = self._process is not None
        result = self._ask(seconds, work, args)
        if used and isinstance(result, Death) and not result.timed_out:
            result = self._ask(seconds, work, args)
        return result

    def _ask(
        self, seconds: float | None, work: Callable[..., Result], args: tuple[Any, ...]
    ) -> Result | Death:
        process, line = self._start()
        late = False
        answer: tuple[Result, None] | tuple[None, Exception] | None = None
        try:
            line.send((work, args))
            late = not line.poll(seconds)
            if not late:
                answer = line.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            pass
        except BaseException:
            # The answer is still to come, and must not be taken for that to the next task.
            process.kill()
            self.close()
            raise
        if answer is None:
            if late:
                process.kill()
            status = process.wait()
            self.close()
            if self._broken_off:
                raise BrokenOffError
            return Death(late or status == -signal.SIGALRM)
        result, error = answer
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def _start(self) -> "tuple[subprocess.Popen[bytes], Connection]":
        if self._broken_off:
            raise BrokenOffError
        if self._process is None or self._line is None:
            self._line, theirs = Pipe()
            number = theirs.fileno()
            # In a session of its own, where no Ctrl-C reaches it: what it is at is to be ended.
            # Its input is never written to: it ends when whoever started it does.
            self._process = subprocess.Popen(  # noqa: S603 - this program, and no input
                [sys.executable, "-c", _CODE, str(number), *sys.path],
                stdin=subprocess.PIPE,
                pass_fds=(number,),
                start_new_session=True,
            )
            theirs.close()
        return self._process, self._line

    def break_off(self) -> None:
        """Kill the process, from another thread, whatever it is at; no new one is started."""
        self._broken_off = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process."""
        process, line = self._process, self._line
        self._process = self._line = None
        if line is not None:
            line.close()
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            process.kill()
            process.wait()


def serve(number: int) -> None:
    """Answer what is asked on a line, given by its file's number, until the other end closes."""
    make_expendable()
    # Where a whole group of processes is told to stop, as by SLURM, whoever asks is to decide.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    with suppress(OSError):
        _OOM_SCORE.write_text("500", encoding="ascii")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    line = Connection(number)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            work, args = line.recv()
            answer: tuple[Any, Exception | None]
            try:
                answer = work(*args), None
            except Exception as error:  # noqa: BLE001 - it is raised again where it was asked for
                answer = None, error
            line.send(answer)


def _end_with_parent() -> None:
    """Wait for the end of whoever started this process: nobody else would tell it to stop."""
    with suppress(OSError):
        while os.read(0, 1):
            pass
    os._exit(1)
