"""Where work runs: shards on a pool of processes, and single papers where a process died.

A worker that dies (a crash in a parser, the kernel's out-of-memory killer) takes the whole pool
with it. The shards it left undone are then read again paper by paper, each in a process that may
die, so that the paper at fault costs itself only.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

# A process that was told to end has so many seconds to do so.
_FAREWELL = 5
# What starting a process and loading what it needs may take, in seconds, beside the work itself.
GRACE = 60.0


def count_workers(wanted: int) -> int:
    """Return the number of workers: those wanted, or one for each processor allowed."""
    if wanted:
        return wanted
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def run_tasks(
    work: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Iterator[tuple[Task, Result | None]]:
    """Run `work` on each task in a pool and yield (task, result) as they end.

    A task whose result is None was in the hands of a pool when one of its workers died. Errors
    that `work` raises are raised here: they are the program's, not a paper's. Where the caller
    stops (an error, an interrupt), what is under way is ended and nothing new is begun.
    """
    waiting = deque(tasks)
    while waiting:
        pool = _pool(min(workers, len(waiting)))
        try:
            yield from _run_in_pool(pool, work, waiting, workers)
        finally:
            pool.shutdown(cancel_futures=True)


def _run_in_pool(
    pool: ProcessPoolExecutor,
    work: Callable[[Task], Result],
    waiting: deque[Task],
    workers: int,
) -> Iterator[tuple[Task, Result | None]]:
    """Run waiting tasks until there are none or the pool breaks.

    Only as many tasks are handed over as there are workers, so that a death costs no others.
    """
    held: dict[Future[Result], Task] = {}
    broken = False
    while held or (waiting and not broken):
        while waiting and len(held) < workers and not broken:
            try:
                with _interrupts_held():
                    future = pool.submit(work, waiting[0])
                held[future] = waiting[0]
            except BrokenProcessPool:
                broken = True
            else:
                waiting.popleft()
        for future in wait(held, return_when=FIRST_COMPLETED).done:
            task = held.pop(future)
            try:
                yield task, future.result()
            except BrokenProcessPool:
                broken = True
                yield task, None


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended in the middle of a task: it ran out of time, or in another way."""

    timed_out: bool


class Isolated(Generic[Task, Result]):
    """Calls one function in a process of its own, and in a new one whenever that process dies.

    The function is to end itself by SIGALRM when its time is up; after `seconds` in all the process
    is killed.
    """

    def __init__(self, work: Callable[[Task], Result], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._process: SpawnProcess | None = None
        self._line: Connection | None = None

    def __call__(self, task: Task) -> Result | Death:
        """Return the result, or how the process died of it.

        A process that has served before may have died of something else: then a new one is asked.
        """
        used = self._process is not None
        result = self._ask(task)
        if used and isinstance(result, Death) and not result.timed_out:
            result = self._ask(task)
        return result

    def _ask(self, task: Task) -> Result | Death:
        process, line = self._start()
        try:
            line.send(task)
            ready = wait_for([line, process.sentinel], self._seconds)
            answer = line.recv() if line in ready else None
        except (EOFError, BrokenPipeError, ConnectionResetError):
            ready, answer = [process.sentinel], None
        except BaseException:
            # The answer is still to come, and must not be taken for that to the next task.
            process.kill()
            self.close()
            raise
        if answer is None:
            if not ready:
                process.kill()
            process.join()
            self.close()
            return Death(not ready or process.exitcode == -signal.SIGALRM)
        result, error = answer
        if error is not None:
            raise error
        done: Result = result
        return done

    def _start(self) -> "tuple[SpawnProcess, Connection]":
        if self._process is None or self._line is None:
            context = multiprocessing.get_context("spawn")
            self._line, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self._work), daemon=True)
            with _interrupts_held():
                self._process.start()
            theirs.close()
        return self._process, self._line

    def close(self) -> None:
        """End the process."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.join(_FAREWELL)
            self._process.kill()
            self._process.join()
        self._process = self._line = None


def _serve(line: "Connection", work: Callable[[Task], Result]) -> None:
    """Answer tasks until the other end is closed; an error goes back with the answer."""
    _start_worker()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = line.recv()
            try:
                answer: tuple[Result | None, Exception | None] = work(task), None
            except Exception as error:  # noqa: BLE001 - it is raised again where it was asked for
                answer = None, error
            line.send(answer)


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: the same on every system, and no thread's lock is copied half-taken.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold a Ctrl-C back while workers may be started.

    It reaches the whole group: a worker is not to be hit while it starts, so it inherits the signal
    blocked; and the parent is not to leave it half started, so it hears of the signal afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if heard:
            signal.raise_signal(signal.SIGINT)


def _start_worker() -> None:
    """Let a worker end when its parent is killed, and leave it to the parent to be interrupted.

    Nobody would give an orphan work or tell it to stop; and a Ctrl-C reaches the whole group, but
    the shards under way are to be ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for, args=(parent,), daemon=True).start()


def _wait_for(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)
