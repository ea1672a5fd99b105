"""Where work runs: shards on a pool of processes, and single papers where a process died.

A worker that dies (a crash in a parser, the kernel's out-of-memory killer) takes the whole pool
with it. The shards it left undone are then read again paper by paper, each in a process that may
die, so that the paper at fault costs itself only.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


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

    A task whose result is None was undone by the death of a worker. Errors that `work` raises are
    raised here: they are the program's, not a paper's.
    """
    waiting = list(tasks)
    if not waiting:
        return
    with _pool(min(workers, len(waiting))) as pool:
        futures = {pool.submit(work, task): task for task in waiting}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool:
                yield futures[future], None


class Isolated:
    """Calls one function in a process of its own, and a new one whenever that process dies."""

    def __init__(self, work: Callable[[Task], Result]) -> None:
        self._work = work
        self._process: ProcessPoolExecutor | None = None

    def __call__(self, task: Task) -> Result | None:
        """Return the result, or None if the process died."""
        if self._process is None:
            self._process = _pool(1)
        try:
            return self._process.submit(self._work, task).result()  # type: ignore[arg-type, return-value]
        except BrokenProcessPool:
            self.close()
            return None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.shutdown(cancel_futures=True)
            self._process = None


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: the same on every system, and no thread's lock is copied half-taken.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let a worker end when its parent is killed: nobody would give it work or tell it to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for, args=(parent,), daemon=True).start()


def _wait_for(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)
