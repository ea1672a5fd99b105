"""Who gets in: accounts with roles, sessions, and a limit on tries; kept in the database.

Passwords are kept as argon2 hashes, of session tokens only the SHA-256, so that who reads the
database can log in as nobody.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from screen.errors import AccessError
from screen.study.database import write
from screen.study.schema import leases, reviewers, sessions, tries

# What each role may do. Who adjudicates judges nothing in the first round, lest there be no one
# left to decide; an admin, often alone, may do everything.
ROLES: dict[str, frozenset[str]] = {
    "reviewer": frozenset({"read", "judge"}),
    "adjudicator": frozenset({"read", "adjudicate", "compare"}),
    "observer": frozenset({"read", "compare"}),
    "admin": frozenset({"read", "judge", "adjudicate", "compare"}),
}
SHORTEST_PASSWORD = 8
_LONGEST_PASSWORD = 256
# Failed logins within so many seconds: with one name from one place, with one name, from one place.
_SPELL = 15 * 60
_MOST_TRIES = {"both": 5, "name": 20, "address": 30}
# Letters of any script, with blanks, points and the like between them.
_NAME = re.compile(r"\w(?:[\w .@+-]{0,62}\w)?")
# A session's last use is written down no more often than this, in seconds.
_SEEN_EVERY = 60

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Account:
    """A reviewer by name, with a role of `ROLES`."""

    name: str
    role: str

    def may(self, permission: str) -> bool:
        """Tell whether the role permits something."""
        return permission in ROLES[self.role]


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who got in: `csrf` stands in every form; `began` is in seconds since 1970."""

    account: Account
    csrf: str
    began: float
    token: str


# Whether anybody has an account that is open.
_anybody = reviewers.alias()
_is_team = sa.exists().where(_anybody.c.closed_at.is_(None))
_SESSION = (
    sa.select(
        sessions,
        sa.case((reviewers.c.closed_at.is_(None), reviewers.c.role)).label("given"),
        _is_team.label("is_team"),
    )
    .select_from(sessions.outerjoin(reviewers, reviewers.c.name == sessions.c.reviewer))
    .where(
        sessions.c.token == sa.bindparam("token", type_=sa.String),
        sessions.c.seen > sa.bindparam("earliest", type_=sa.Float),
    )
)


def add_account(engine: sa.Engine, name: str, role: str, password: str) -> None:
    """Add an account. Raises AccessError if there is one, or for a name or password of no use."""
    if not _NAME.fullmatch(name):
        raise AccessError(f"{name!r} cannot be the name of a reviewer")
    hashed = _hash(password)
    with write(engine) as connection:
        if _find(connection, name) is not None:
            raise AccessError(f"{name} has an account already")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        row = {"name": name, "role": role, "password": hashed, "added_at": now}
        connection.execute(reviewers.insert().values(row))


def change_account(
    engine: sa.Engine,
    name: str,
    *,
    role: str | None = None,
    password: str | None = None,
    closed: bool | None = None,
) -> None:
    """Change an account and end its sessions. Raises AccessError if there is none."""
    values: dict[str, Any] = {}
    if role is not None:
        values["role"] = role
    if password is not None:
        values["password"] = _hash(password)
    if closed is not None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        values["closed_at"] = now if closed else None
    with write(engine) as connection:
        if _find(connection, name) is None:
            raise AccessError(f"{name} has no account")
        same = reviewers.c.name == name
        connection.execute(reviewers.update().where(same).values(values))
        connection.execute(sessions.delete().where(sessions.c.reviewer == name))
        held = leases.c.reviewer == name
        connection.execute(leases.update().where(held).values(expires=0.0))


def list_accounts(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return all accounts by name, without their passwords."""
    columns = [column for column in reviewers.c if column.name != "password"]
    with engine.connect() as connection:
        found = connection.execute(sa.select(*columns).order_by(reviewers.c.name)).mappings()
        return [dict(row) for row in found]


def has_accounts(engine: sa.Engine) -> bool:
    """Tell whether a team uses the study: whether anybody has an account that is open."""
    with engine.connect() as connection:
        return bool(connection.scalar(sa.select(_is_team)))


def log_in(engine: sa.Engine, name: str, password: str, address: str, now: float) -> Session:
    """Begin a session for a name and password.

    Raises AccessError, whose message is a key of review/interface.yml.
    """
    with write(engine) as connection:
        connection.execute(tries.delete().where(tries.c.at < now - _SPELL))
        if _has_tried_enough(connection, name, address):
            raise AccessError("too_many_tries")
        row: dict[str, Any] = {"name": name[:100], "address": address, "at": now}
        # Counted before the password is looked at: many tries at once are many tries.
        connection.execute(tries.insert().values(row))
        account = _find(connection, name)
    known = account is not None and account["closed_at"] is None
    hashed = account["password"] if account is not None and known else _hash_nothing()
    right = len(password) <= _LONGEST_PASSWORD and _is_right(hashed, password)
    if account is None or not (known and right):
        raise AccessError("wrong_login")
    with write(engine) as connection:
        connection.execute(tries.delete().where(tries.c.name == name, tries.c.address == address))
    return begin_session(engine, Account(account["name"], account["role"]), now)


def begin_session(engine: sa.Engine, account: Account, now: float) -> Session:
    """Begin a session for an account, or for who is alone on the machine."""
    session = Session(account, secrets.token_urlsafe(24), now, secrets.token_urlsafe(32))
    with write(engine) as connection:
        row = {"reviewer": account.name, "role": account.role, "csrf": session.csrf}
        token = _fingerprint(session.token)
        connection.execute(sessions.insert().values(**row, token=token, began=now, seen=now))
    return session


def find_session(
    engine: sa.Engine, token: str, now: float, idle: float, *, alone: bool
) -> Session | None:
    """Return the session of a token unless it was idle for `idle` seconds, or its account closed.

    Without an account a session counts only where somebody works `alone`, and nobody has one.
    """
    asked = {"token": _fingerprint(token), "earliest": now - idle}
    with engine.connect() as connection:
        row = connection.execute(_SESSION, asked).mappings().first()
    if row is None or (row["given"] is None and (row["is_team"] or not alone)):
        return None
    if now - row["seen"] > _SEEN_EVERY:
        with write(engine) as connection:
            same = sessions.c.token == row["token"]
            connection.execute(sessions.update().where(same).values(seen=now))
            connection.execute(sessions.delete().where(sessions.c.seen < now - idle))
    account = Account(row["reviewer"], row["given"] or row["role"])
    return Session(account, row["csrf"], row["began"], token)


def end_session(engine: sa.Engine, session: Session) -> None:
    """End a session, and let others have what its reviewer had in hand."""
    with write(engine) as connection:
        mine = leases.c.reviewer == session.account.name
        connection.execute(leases.update().where(mine).values(expires=0.0))
        same = sessions.c.token == _fingerprint(session.token)
        connection.execute(sessions.delete().where(same))


def _find(connection: sa.Connection, name: str) -> dict[str, Any] | None:
    row = connection.execute(sa.select(reviewers).where(reviewers.c.name == name)).mappings()
    found = row.first()
    return dict(found) if found is not None else None


def _has_tried_enough(connection: sa.Connection, name: str, address: str) -> bool:
    same_name, same_place = tries.c.name == name[:100], tries.c.address == address
    kinds = {"both": sa.and_(same_name, same_place), "name": same_name, "address": same_place}
    return any(
        (connection.scalar(sa.select(sa.func.count()).select_from(tries).where(kind)) or 0)
        >= _MOST_TRIES[key]
        for key, kind in kinds.items()
    )


def _hash(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise AccessError(f"a password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters")
    return _hasher.hash(password)


@cache
def _hash_nothing() -> str:
    """Return what is checked where there is no account, lest the time taken tell a name."""
    return _hasher.hash(secrets.token_hex(16))


def _is_right(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
