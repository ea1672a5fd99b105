"""The tables of a study's database, on SQLite and PostgreSQL, as they are now.

A new database is made from these; an older one gets here by `migrations/`, and a test holds that
both are the same. All but the verdicts and the accounts is loaded from the files of the study and
can be built anew from them. Verdicts are only ever added: the database itself refuses to change or
delete one.
"""

from typing import Any

import sqlalchemy as sa

# The last of `migrations/`.
REVISION = "0006"


class _Text(sa.TypeDecorator[str]):
    """Words that come back as they were put in, and sort alike on SQLite and PostgreSQL.

    PostgreSQL sorts by the rules of a language unless told to sort by code points, and cannot hold
    NUL, which a damaged text may: there it is written with an escape. Halves of characters, which
    no database can hold, are written out.
    """

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        is_postgresql = dialect.name == "postgresql"
        return dialect.type_descriptor(sa.String(collation="C" if is_postgresql else None))

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        if not value.isascii():
            value = value.encode("utf-8", "backslashreplace").decode()
        if dialect.name == "postgresql":
            return value.replace(ESCAPE, f"{ESCAPE}1").replace("\0", f"{ESCAPE}0")
        return value

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None or dialect.name != "postgresql" or ESCAPE not in value:
            return value
        return value.replace(f"{ESCAPE}0", "\0").replace(f"{ESCAPE}1", ESCAPE)


# "Data link escape", which stands in no text.
ESCAPE = "\x10"
TEXT = _Text()

# What the published search says of a paper or hit: null where it was not asked.
PUBLISHED = ("published_flagged", "published_distance", "published_target")


def _published() -> tuple[sa.Column[Any], ...]:
    types = (sa.Boolean(), sa.Float(), TEXT)
    return tuple(
        sa.Column(name, kind)  # type: ignore[arg-type]
        for name, kind in zip(PUBLISHED, types, strict=True)
    )


def _passage() -> tuple[sa.Column[Any], ...]:
    """Return the columns of a passage: those of `types.Hit` but for its id, and its pack."""
    return (
        sa.Column("paper", TEXT, nullable=False, index=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("page", "start", "end")),
        *(
            sa.Column(name, TEXT, nullable=False)
            for name in ("quote", "passage", "context", "section", "reason", "pack")
        ),
        # lists, as JSON
        *(
            sa.Column(name, sa.JSON, nullable=False)
            for name in ("continued", "events", "criteria", "mitigating", "matches")
        ),
        sa.Column("score", sa.Float, nullable=False, index=True),
        sa.Column("code", sa.Integer, nullable=False),
        # whether it stands in another paper that begins or ends on the same page
        sa.Column("neighbour", sa.Boolean, nullable=False, server_default=sa.false()),
        *_published(),
    )


metadata = sa.MetaData()
loaded = sa.Table(
    "loaded",
    metadata,
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", TEXT, nullable=False),
)
papers = sa.Table(
    "papers",
    metadata,
    sa.Column("sha256", TEXT, primary_key=True),
    sa.Column("file", TEXT, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("media_type", TEXT, nullable=False),
    sa.Column("shard", sa.Integer, nullable=False, index=True),
    # waiting (not worked on yet), screened, or unreadable (nothing of it could be read, or the
    # program failed on its text)
    sa.Column("status", TEXT, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("unread_pages", sa.Integer, nullable=False),
    # how many pages each method read, as {"pdfium": 4, "ocr": 1}
    sa.Column("methods", sa.JSON, nullable=False, server_default="{}"),
    *_published(),
)
paths = sa.Table(
    "paths",
    metadata,
    sa.Column("path", TEXT, primary_key=True),
    sa.Column("sha256", TEXT, primary_key=True, index=True),
)
records = sa.Table(
    "records",
    metadata,
    # its place among the records of the study, from 1
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    # "" if it names no file
    sa.Column("file", TEXT, nullable=False),
    # the paper that it was matched to, and by what: file or title
    sa.Column("sha256", TEXT, index=True),
    sa.Column("matched", TEXT),
    *(
        sa.Column(name, TEXT, nullable=False)
        for name in ("title", "authors", "affiliations", "journal")
    ),
    sa.Column("year", sa.Integer),
    *(
        sa.Column(name, TEXT, nullable=False)
        for name in ("volume", "issue", "pages", "doi", "abstract", "keywords", "database", "key")
    ),
)
# Papers that are near-duplicates of another one, which is read for all of them.
copies = sa.Table(
    "copies",
    metadata,
    sa.Column("paper", TEXT, primary_key=True),
    sa.Column("original", TEXT, nullable=False, index=True),
    # the share of character n-grams in common, 0-1, as estimated
    sa.Column("similarity", sa.Float, nullable=False),
    sa.Column("reason", TEXT, nullable=False),
)
# What the pack's scope leaves out: papers, and records without a paper.
exclusions = sa.Table(
    "exclusions",
    metadata,
    # the paper's SHA-256, or "record" and the number of a record that no paper is matched to
    sa.Column("subject", TEXT, primary_key=True),
    sa.Column("paper", TEXT, index=True),
    sa.Column("record", sa.Integer, index=True),
    sa.Column("rule", TEXT, nullable=False),
    # what decided: record (title, abstract, keywords, year) or text
    sa.Column("stage", TEXT, nullable=False),
    sa.Column("reason", TEXT, nullable=False),
)
failures = sa.Table(
    "failures",
    metadata,
    sa.Column("shard", sa.Integer, index=True),
    sa.Column("sha256", TEXT, nullable=False),
    sa.Column("path", TEXT, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("stage", TEXT, nullable=False),
    sa.Column("error", TEXT, nullable=False),
)
hits = sa.Table(
    "hits",
    metadata,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("shard", sa.Integer, nullable=False, index=True),
    *_passage(),
)
# Papers that were drawn at random from the unflagged, each with the passage that stands for it in
# the queue; that may be one of its hits.
samples = sa.Table(
    "samples",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("drawn_at", TEXT, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("population", sa.Integer, nullable=False),
)
drawn = sa.Table(
    "drawn",
    metadata,
    sa.Column("sample", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", TEXT, primary_key=True),
    *_passage(),
)
# The order of reading that is in force; the earlier ones are in the folder orders/.
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    # what gave the probabilities; null if there was no classifier
    sa.Column("model", TEXT),
    sa.Column("learned_from", sa.Integer, nullable=False),
    sa.Column("strategy", TEXT, nullable=False),
    sa.Column("ready", sa.Boolean, nullable=False),
)
ranks = sa.Table(
    "ranks",
    metadata,
    sa.Column("order", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hit", TEXT, primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    # probabilities of code 2, and of code 1 or 2
    sa.Column("problematic", sa.Float),
    sa.Column("possible", sa.Float),
    sa.Index("ix_ranks_place", "order", "place"),
)
verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    # the passage, or null for a verdict on the whole paper
    sa.Column("hit", TEXT, index=True),
    sa.Column("paper", TEXT, nullable=False, index=True),
    sa.Column("reviewer", TEXT, nullable=False, index=True),
    sa.Column("round", sa.Integer, nullable=False),
    # null if the paper is out of scope (`reason` then says why), and in a withdrawal
    sa.Column("code", sa.Integer),
    sa.Column("criteria", sa.JSON, nullable=False),
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("note", TEXT, nullable=False),
    sa.Column("at", TEXT, nullable=False),
    sa.Column("supersedes", sa.Integer, index=True),
    # the pack and the model that were shown, and the order in which the passage stood
    sa.Column("pack", TEXT),
    sa.Column("model", TEXT),
    sa.Column("order", sa.Integer),
    sa.Column("mitigating", sa.Boolean, nullable=False, server_default=sa.false()),
    # whether codes, criteria and reasons were hidden from the reviewer until then
    sa.Column("blind", sa.Boolean, nullable=False, server_default=sa.false()),
    # takes back the verdict that it supersedes
    sa.Column("withdrawn", sa.Boolean, nullable=False, server_default=sa.false()),
    # names one act of judging, so that sending it twice gives one verdict
    sa.Column("key", TEXT, unique=True, index=True),
    sqlite_autoincrement=True,
)
# What the verdicts on a passage (or with `hit` "" on a whole paper) come to, so that what is next
# need not be found out from all verdicts: how many reviewers judged it in the first round, the last
# round, and whether those in force in it differ.
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("paper", TEXT, primary_key=True),
    sa.Column("hit", TEXT, primary_key=True, index=True),
    sa.Column("judged", sa.Integer, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("disputed", sa.Boolean, nullable=False, index=True),
)
# Papers that are in somebody's hands; times are seconds since 1970.
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("paper", TEXT, primary_key=True),
    sa.Column("reviewer", TEXT, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("expires", sa.Float, nullable=False),
)
# Papers that a reviewer put aside: they come last.
skips = sa.Table(
    "skips",
    metadata,
    sa.Column("paper", TEXT, primary_key=True),
    sa.Column("reviewer", TEXT, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
)
# When a reviewer was first shown what the program makes of a passage, in a study that hides it
# until the verdict.
reveals = sa.Table(
    "reveals",
    metadata,
    sa.Column("hit", TEXT, primary_key=True),
    sa.Column("reviewer", TEXT, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
)
reviewers = sa.Table(
    "reviewers",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("role", TEXT, nullable=False),
    # as argon2 writes it
    sa.Column("password", TEXT, nullable=False),
    sa.Column("added_at", TEXT, nullable=False),
    # null while the account is open
    sa.Column("closed_at", TEXT),
)
sessions = sa.Table(
    "sessions",
    metadata,
    # SHA-256 of the token in the browser's cookie
    sa.Column("token", TEXT, primary_key=True),
    sa.Column("reviewer", TEXT, nullable=False),
    sa.Column("role", TEXT, nullable=False),
    sa.Column("csrf", TEXT, nullable=False),
    sa.Column("began", sa.Float, nullable=False),
    sa.Column("seen", sa.Float, nullable=False),
)
# Failed logins.
tries = sa.Table(
    "tries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("address", TEXT, nullable=False),
    sa.Column("at", sa.Float, nullable=False, index=True),
)

# What is loaded from the files of a study; the other tables hold what people did.
DERIVED = (
    loaded,
    papers,
    paths,
    records,
    copies,
    exclusions,
    failures,
    hits,
    samples,
    drawn,
    orders,
    ranks,
)

_REFUSAL = "verdicts are never changed or deleted"
# SQLite's REPLACE deletes what is in its way without asking the trigger on deletes.
GUARDS = {
    "sqlite": (
        *(
            f"CREATE TRIGGER verdicts_{action.lower()} BEFORE {action} ON verdicts BEGIN "
            f"SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            for action in ("UPDATE", "DELETE")
        ),
        "CREATE TRIGGER verdicts_insert BEFORE INSERT ON verdicts "
        "WHEN EXISTS (SELECT 1 FROM verdicts WHERE id = NEW.id OR key = NEW.key) BEGIN "
        "SELECT RAISE(ABORT, 'verdicts are never changed or deleted'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION verdicts_are_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$",
        *(
            f"CREATE TRIGGER verdicts_{action.lower()} BEFORE {action} ON verdicts "
            "FOR EACH STATEMENT EXECUTE FUNCTION verdicts_are_kept()"
            for action in ("UPDATE", "DELETE", "TRUNCATE")
        ),
    ),
}


@sa.event.listens_for(verdicts, "after_create")
def _guard(_: sa.Table, connection: sa.Connection, **__: object) -> None:
    """Let the database itself refuse to change or delete a verdict."""
    for statement in GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
