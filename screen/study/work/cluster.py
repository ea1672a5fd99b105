"""Workers of a Dask cluster: the same tasks, handed out by its scheduler.

A worker needs this program with the extra `cluster`, and the study's folder and the papers under
the paths that they have here. What it makes it writes there; the scheduler only passes numbers
around. One that runs another version of the program is refused, since it would make other shards.
A worker that dies gives its tasks back to the scheduler; a scheduler that is started again is given
anew what it has forgotten.
"""

import logging
import socket
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from screen.errors import StudyError
from screen.study.work.recipe import tell_program

Task = TypeVar("Task")
Result = TypeVar("Result")

# How long to wait for a scheduler, or for a first worker, in seconds.
_PATIENCE = 300.0
_TRY = 10.0
# For each thread of the cluster one task under way and one at hand.
_AT_HAND = 2
# How often the threads of the cluster are counted, and the connection looked at, in seconds.
_LOOK_EVERY = 2.0
# How often the library asks again for a result where a connection broke.
_RETRIES = 5
_ACCOUNTS = (
    "distributed",
    "distributed.client",
    "distributed.core",
    "tornado",
    "tornado.application",
)
# So many shards may each have been in the hands of several workers that died, not more.
_MOST_DEATHS = 5


class ClusterWorkers:
    """The workers of the cluster of one scheduler, given by its address or its file.

    `say` is told what is waited for. Raises StudyError if there is no scheduler, or if a worker
    cannot run this version of the program.
    """

    def __init__(
        self, scheduler: str | Path, say: Callable[[str], None], patience: float = _PATIENCE
    ) -> None:
        try:
            from distributed import KilledWorker
            from distributed.comm.core import CommClosedError
        except ModuleNotFoundError:
            raise StudyError("a cluster needs: pip install 'ddr-screen[cluster]'") from None
        # An ImportError tells of a worker that came later and lacks what this program is made of.
        self.lost: tuple[type[BaseException], ...] = (
            CancelledError,
            CommClosedError,
            KilledWorker,
            ImportError,
            AttributeError,
        )
        self._killed = KilledWorker
        self._deaths = 0
        self.number, self._counted = 1, 0.0
        self._scheduler = scheduler
        self._say = say
        self._patience = patience
        self._program = tell_program()
        self._connect(patience=_TRY)

    @property
    def at_once(self) -> int:
        """How many tasks to hand over: workers come and go."""
        if time.monotonic() - self._counted > _LOOK_EVERY:
            # Where the scheduler is gone, the next task tells.
            with suppress(Exception):
                self._count()
        return _AT_HAND * self.number

    def submit(self, work: Callable[[Task], Result], task: Task) -> "Future[Result]":
        """Hand a task over; connects anew if the scheduler went away."""
        if self._is_cut_off():
            self._connect_again()
        future: Future[Result] = self._executor.submit(work_as, self._program, work, task)
        return future

    def wait(self, held: "Collection[Future[Any]]") -> "set[Future[Any]]":
        """Wait until one has ended; all of them are lost if the scheduler goes away."""
        while True:
            done = wait(held, timeout=_LOOK_EVERY, return_when=FIRST_COMPLETED).done
            if self._is_cut_off():
                self._connect_again()
                for future in held:
                    # The library has ended most of them, but none whose result was on its way.
                    if not future.done() and future.cancel():
                        future.set_running_or_notify_cancel()
                done = wait(held).done
            if done:
                return done

    def note_loss(self, error: BaseException) -> None:
        """Say whether a task that was lost may be handed over again."""
        if isinstance(error, ImportError | AttributeError):
            raise StudyError(f"a worker of the cluster cannot run this program: {error}") from None
        if isinstance(error, self._killed):
            self._deaths += 1
            if self._deaths > _MOST_DEATHS:
                raise StudyError(
                    f"the workers of {self._scheduler} keep dying: see their logs; what is done is "
                    "kept"
                ) from None

    def stop(self, held: "Iterable[Future[Any]]") -> None:
        """Forget what is not begun; workers end what they are at, which nobody can stop."""
        for future in held:
            with suppress(Exception):
                future.cancel()

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self._drop()

    def _is_cut_off(self) -> bool:
        """Tell whether the scheduler went away, though the library may have found it again."""
        return self._client.status != "running" or self._client.scheduler_comm is not self._comm

    def _connect_again(self) -> None:
        self._say(f"the scheduler {self._scheduler} went away; waiting for it to come back")
        self._drop()
        self._connect(self._patience)
        self._say("connected again")

    def _connect(self, patience: float) -> None:
        from dask import config
        from distributed import Client

        # What goes wrong is told here; the library's own account of it would be pages.
        for name in _ACCOUNTS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        config.set({"distributed.comm.retry.count": _RETRIES})
        until = time.monotonic() + patience
        where: dict[str, Any] = (
            {"scheduler_file": str(self._scheduler)}
            if isinstance(self._scheduler, Path)
            else {"address": self._scheduler}
        )
        while True:
            try:
                self._client: Any = Client(  # type: ignore[no-untyped-call]
                    **where, timeout=_TRY, set_as_default=False
                )
                break
            except (OSError, ValueError) as error:
                if time.monotonic() > until:
                    raise StudyError(f"no scheduler at {self._scheduler}: {error}") from None
                time.sleep(0.5)
        try:
            self._wait_for_workers()
        except BaseException:
            self._drop()
            raise
        self._comm: Any = self._client.scheduler_comm
        self._executor: Any = self._client.get_executor(  # type: ignore[no-untyped-call]
            pure=False
        )

    def _wait_for_workers(self) -> None:
        """Wait until there is a worker, and check those that are there."""
        if not self._client.nthreads():
            self._say(f"{self._scheduler} has no workers yet; waiting for them")
            try:
                self._client.wait_for_workers(1, timeout=self._patience)
            except TimeoutError:
                raise StudyError(f"{self._scheduler} has no workers") from None
        answers = self._client.run(tell_program, on_error="return")
        for worker, program in answers.items():
            if isinstance(program, Exception):
                raise StudyError(f"the worker {worker} cannot run this program: {program}")
            _compare(self._program, program, worker)
        self._count()

    def _count(self) -> None:
        self.number = max(sum(self._client.nthreads().values()), 1)
        self._counted = time.monotonic()

    def _drop(self) -> None:
        with suppress(Exception):
            self._client.close(timeout=_TRY)


def work_as(program: str, work: Callable[[Task], Result], task: Task) -> Result:
    """Do a task on a worker, if it runs this program; it may have come after the others."""
    _compare(program, tell_program(), socket.gethostname())
    return work(task)


def _compare(wanted: str, found: str, worker: str) -> None:
    if found != wanted:
        raise StudyError(
            f"the worker {worker} runs {found}, not {wanted} as here: "
            "install the same version everywhere"
        )
