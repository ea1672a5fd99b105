"""The named errors of the package.

What goes wrong with one paper is a `DocumentError` and becomes a row that is kept (`Failure`);
everything else stops the program with one clear line.
"""


class ScreenError(Exception):
    """Base of all errors that end a command with exit status 2 and one line."""


class SettingsError(ScreenError):
    """A study.toml that cannot be used."""


class StudyError(ScreenError):
    """A folder that is not a study, is one already, or is in use by another run."""


class PackError(ScreenError):
    """A pattern pack that breaks its schema; the message names file and line."""


class RecordsError(ScreenError):
    """A file of bibliographic records that cannot be read at all."""


class GoldError(ScreenError):
    """Judgements to learn from or to measure against that cannot be used; names file and line."""


class ModelError(ScreenError):
    """A file of a trained classifier that cannot be used."""


class TargetsError(ScreenError):
    """A file of target phrases for the published search that cannot be used."""


class ExportError(ScreenError):
    """What cannot leave a study in the way that was asked for."""


class BundleError(ScreenError):
    """A file that is no bundle of evidence, or one that cannot be read safely."""


class ReviewError(ScreenError):
    """What a reviewer may not do, or not any more; the message is a key of review/interface.yml."""


class AccessError(ScreenError):
    """An account that cannot be made or changed, or a login that fails."""


class DocumentError(Exception):
    """One source file, or one page of it, that cannot be read.

    `stage` names where it failed (`read`, `parse`, `text`), for the row in the failures table.
    """

    def __init__(self, stage: str, reason: str) -> None:
        # Both, so that the error can be sent from one process to another.
        super().__init__(stage, reason)
        self.stage = stage
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
