"""Screen Chinese transplant papers for passages inconsistent with a declaration of brain death.

The software flags text for people to judge; it never asserts what happened.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screen.api import (
        Evidence,
        Failure,
        Finding,
        Given,
        Hit,
        Judged,
        Match,
        OpenedStudy,
        PaperState,
        Passage,
        Place,
        Quote,
        Record,
        ScreenError,
        Screening,
        Verdict,
        open_study,
        screen_text,
    )

__version__ = "0.1.0"

__all__ = [
    "Evidence",
    "Failure",
    "Finding",
    "Given",
    "Hit",
    "Judged",
    "Match",
    "OpenedStudy",
    "PaperState",
    "Passage",
    "Place",
    "Quote",
    "Record",
    "ScreenError",
    "Screening",
    "Verdict",
    "open_study",
    "screen_text",
]


if not TYPE_CHECKING:
    # So a type checker still knows which attributes there are, and which there are not.

    def __getattr__(name: str) -> object:
        """Import what is for programs when it is first used: every worker imports `screen`."""
        if name in __all__:
            return getattr(import_module("screen.api"), name)
        raise AttributeError(f"module 'screen' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
