"""Learn while people review: train again after enough verdicts, in a process of its own."""

from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path

import sqlalchemy as sa

from screen.errors import ScreenError
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.ranking import bring_up_to_date, is_due


class Learner:
    """Puts the queue in a new order when enough was judged; never in the way of who judges.

    Training runs in another process, one at a time. What is judged meanwhile is learned from the
    next time; an order that fails to be made leaves the one before it in force.
    """

    def __init__(self, study: Study, engine: sa.Engine) -> None:
        self._study = study
        self._engine = engine
        self._process: SpawnProcess | None = None

    def notice(self) -> bool:
        """Look at what was judged and return at once; True if a new order has been set off."""
        if self._is_running() or not is_due(self._study, self._engine):
            return False
        self._process = get_context("spawn").Process(
            target=reorder, args=(self._study.folder,), daemon=True
        )
        self._process.start()
        return True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the order that is being made, at most so many seconds; True if it is done."""
        if self._process is not None:
            self._process.join(timeout)
        return not self._is_running()

    @property
    def has_failed(self) -> bool:
        """Whether the last order could not be made, as while another process uses the study."""
        return self._process is not None and bool(self._process.exitcode)

    def _is_running(self) -> bool:
        return self._process is not None and self._process.is_alive()


def reorder(folder: Path) -> None:
    """Bring the order of a study up to date; if another process works on the study, leave it."""
    study = Study(folder)
    try:
        with study.lock("a new order"):
            bring_up_to_date(study, open_database(study))
    except ScreenError as error:
        # Nobody waits for this process: the order in force stays, and the next verdicts try again.
        raise SystemExit(str(error)) from None
