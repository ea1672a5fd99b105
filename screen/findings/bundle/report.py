"""What a check comes to: differences by name, what was checked, and what was not."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

# Of a value so much is shown.
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it should be: where, what, and what was expected and found.

    `place` is a line, a verdict or a page within the member; "" for the whole of it.
    """

    member: str
    place: str
    what: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        where = f"{self.member}, {self.place}" if self.place else self.member
        told = [
            f"{word} {value}"
            for word, value in (("expected", self.expected), ("found", self.found))
            if value
        ]
        return f"{where}: {self.what}{': ' if told else ''}{', '.join(told)}"


@dataclass(slots=True)
class Report:
    """The account of a check: `checked` and `unchecked` count by the name of the thing."""

    differences: list[Difference] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)
    unchecked: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def differ(
        self, member: str, place: str, what: str, expected: object = "", found: object = ""
    ) -> None:
        """Note a difference."""
        self.differences.append(
            Difference(member, place, what, _shorten(expected), _shorten(found))
        )

    def compare(self, member: str, place: str, what: str, expected: object, found: object) -> None:
        """Note a difference if two values are not the same."""
        if expected != found:
            self.differ(member, place, what, tell(expected), tell(found))

    def add(self, other: "Report") -> None:
        """Add the account of another check."""
        self.differences += other.differences
        self.checked.update(other.checked)
        self.unchecked.update(other.unchecked)
        self.notes += other.notes

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "differences": [asdict(one) for one in self.differences],
            "checked": dict(self.checked),
            "not_checked": dict(self.unchecked),
            "notes": self.notes,
        }


def tell(value: object) -> str:
    """Return a value in words."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(tell, value))}]"
    return str(value)


def _shorten(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
