"""Where work runs: on threads that each give it to a process of their own, here or in a cluster.

A task is a function that a thread calls, on this machine or on a worker of a Dask cluster
(`cluster`). It has its work done by the thread's own process, which may die of it; what then
becomes of the task is for the task to say. So a death costs no other task anything.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol, TypeVar

from screen.study.work.isolation import Isolated

Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers(Protocol):
    """Something that takes tasks and does them, as an executor of `concurrent.futures` does.

    `number` tasks are done at a time, and no more than `at_once` handed over; `lost` are the errors
    that tell of a task that has to be handed over again, once `note_loss` has been told.
    """

    number: int
    lost: tuple[type[BaseException], ...]

    @property
    def at_once(self) -> int:
        """How many tasks to hand over at most."""

    def submit(self, work: Callable[[Task], Result], task: Task) -> "Future[Result]":
        """Hand a task over."""

    def wait(self, held: "Collection[Future[Any]]") -> "set[Future[Any]]":
        """Return those that have ended, once there is one."""

    def note_loss(self, error: BaseException) -> None:
        """Be told of a task that was lost. Raises StudyError if none is to be handed over again."""

    def stop(self, held: "Iterable[Future[Result]]") -> None:
        """Forget what was handed over and not begun; wait for what was."""

    def close(self) -> None:
        """End all that was started."""


class LocalWorkers:
    """So many processes on this machine, each of them a thread's own."""

    lost: tuple[type[BaseException], ...] = ()

    def __init__(self, number: int) -> None:
        self.number = self.at_once = number
        self._processes: list[Isolated] = []
        self._threads = ThreadPoolExecutor(number, initializer=self._adopt)

    def _adopt(self) -> None:
        self._processes.append(own_process())

    def submit(self, work: Callable[[Task], Result], task: Task) -> "Future[Result]":
        """Hand a task over."""
        return self._threads.submit(work, task)

    def wait(self, held: "Collection[Future[Any]]") -> "set[Future[Any]]":
        """Return those that have ended, once there is one."""
        return wait(held, return_when=FIRST_COMPLETED).done

    def note_loss(self, error: BaseException) -> None:
        """Never called: nothing is lost here."""
        raise error

    def stop(self, held: "Iterable[Future[Result]]") -> None:
        """Forget what was not begun and wait for what was; interrupted again, break it off."""
        for future in held:
            future.cancel()
        try:
            wait(held)
        except KeyboardInterrupt:
            for process in self._processes:
                process.break_off()
            raise

    def close(self) -> None:
        """End the threads and their processes."""
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.close()


_own = threading.local()


def own_process() -> Isolated:
    """Return the process that this thread gives its work to."""
    if not hasattr(_own, "process"):
        _own.process = Isolated()
    process: Isolated = _own.process
    return process


def count_workers(wanted: int) -> int:
    """Return the number of workers: those wanted, or one for each processor allowed."""
    if wanted:
        return wanted
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def run_tasks(
    workers: Workers, work: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Result]]:
    """Have `work` done on each task and yield (task, result) as they end.

    Errors that `work` raises are raised here: they are the program's, not a paper's. Where the
    caller stops (an error, an interrupt), what is under way is ended and nothing new is begun.
    """
    waiting = deque(tasks)
    held: dict[Future[Result], Task] = {}
    try:
        while waiting or held:
            while waiting and len(held) < workers.at_once:
                task = waiting.popleft()
                held[workers.submit(work, task)] = task
            # Where one failed, what the others made is passed on first.
            for future in sorted(workers.wait(held), key=_has_failed):
                task = held.pop(future)
                try:
                    result = future.result()
                except workers.lost as error:
                    waiting.append(task)
                    workers.note_loss(error)
                else:
                    yield task, result
    finally:
        workers.stop(held)


def _has_failed(future: "Future[Result]") -> bool:
    return future.cancelled() or future.exception() is not None
