"""The workbench under load: reviewers who judge at once, and a server that is killed.

    python -m benchmarks.review --reviewers 20 --verdicts 200
    python -m benchmarks.review --server postgresql://name@host/postgres

Each reviewer is a thread that sends a verdict as soon as the answer to the last one is there, or
after a `--pause` to think. Afterwards every verdict that the server acknowledged must be in the
database, once; the same after the server is killed with SIGKILL in the middle. Ends with status 1
otherwise.
"""

import argparse
import html
import http.client
import json
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from benchmarks.material import CORPUS, read_texts, run_sql, write_texts
from screen.review.access import Account, add_account, begin_session
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.schema import verdicts

_FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_FORM = re.compile(r'<form class="decision" method="post" action="([^"]+)"')
_CODES = ("2", "1", "0")
_COMMAND = Path(sys.executable).with_name("ddr-screen")


@dataclass
class Judge:
    """One reviewer with a session: sends verdicts, and remembers which were acknowledged."""

    name: str
    cookie: str
    port: int
    pause: float = 0.0
    times: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    refused: int = 0
    problem: str = ""

    def work(self, wanted: int, stop: threading.Event) -> None:
        """Judge until so many verdicts are acknowledged, nothing is left, or the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            _, page = self._ask(connection, "GET", "/judge")
            while len(self.acknowledged) < wanted and not stop.is_set():
                form = _FORM.search(page)
                if form is None:
                    return
                inside = page[form.start() : page.index("</form>", form.start())]
                fields = {name: html.unescape(value) for name, value in _FIELD.findall(inside)}
                fields["judgement"] = _CODES[len(self.acknowledged) % 3]
                time.sleep(self.pause)
                start = time.perf_counter()
                status, page = self._ask(connection, "POST", html.unescape(form[1]), fields)
                if status == 200:
                    self.times.append(time.perf_counter() - start)
                    self.acknowledged.append(fields["key"])
                else:
                    self.refused += 1
                    _, page = self._ask(connection, "GET", "/judge")
        except (OSError, http.client.HTTPException) as error:
            self.problem = repr(error)
        finally:
            connection.close()

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        fields: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        headers = {"cookie": self.cookie, "x-fragment": "1"}
        body = urllib.parse.urlencode(fields) if fields else None
        if body:
            headers["content-type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def make_study(folder: Path, papers: int, server: str) -> tuple[Study, str]:
    """Make a study of papers of the corpus, in a new database on a server if one is given.

    Returns it with the name of that database, "" for SQLite.
    """
    write_texts(folder / "papers", read_texts(CORPUS), papers)
    study = Study.create(folder / "study")
    settings = study.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("# reviewers_per_passage = 1", "reviewers_per_passage = 2")
    # Learning would measure the classifier beside.
    text = text.replace("# every = 20", "every = 0")
    # The papers are made from few, and as near-duplicates most of them would not be read.
    text = text.replace("# find = true", "find = false")
    name = ""
    if server:
        name = f"load_{secrets.token_hex(4)}"
        run_sql(server, f"CREATE DATABASE {name}")
        url = sa.make_url(server).set(database=name)
        text = text.replace('# url = ""', f'url = "{url.render_as_string(hide_password=False)}"')
    settings.write_text(text, encoding="utf-8")
    for command in (["add", study.folder, folder / "papers"], ["run", study.folder]):
        subprocess.run([_COMMAND, *map(str, command)], check=True, capture_output=True)
    return Study(study.folder), name


@contextmanager
def serve(study: Study) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Serve a study's workbench in a process of its own; gives it with its port."""
    command = [str(_COMMAND), "review", str(study.folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            raise SystemExit("the workbench did not start")
        yield process, int(found[1])
    finally:
        process.kill()
        process.wait()


def let_in(study: Study, port: int, names: Sequence[str], pause: float) -> list[Judge]:
    """Return reviewers with a session each."""
    engine = open_database(study)
    judges = []
    for name in names:
        session = begin_session(engine, Account(name, "reviewer"), time.time())
        judges.append(Judge(name, f"session-{port}={session.token}", port, pause))
    engine.dispose()
    return judges


def measure(
    study: Study, names: Sequence[str], wanted: int, pause: float, kill_after: float = 0
) -> dict[str, object]:
    """Let reviewers judge at once, and compare what was acknowledged with what is kept.

    With `kill_after` the server is killed after so many seconds.
    """
    stop = threading.Event()
    with serve(study) as (process, port):
        judges = let_in(study, port, names, pause)
        threads = [threading.Thread(target=judge.work, args=(wanted, stop)) for judge in judges]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        if kill_after:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
    engine = open_database(study)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(verdicts)).mappings().all()
    engine.dispose()
    kept = Counter(row["key"] for row in rows)
    standing = Counter((row["hit"], row["paper"], row["reviewer"]) for row in rows)
    judged = Counter((row["paper"], row["hit"]) for row in rows)
    sent = [key for judge in judges for key in judge.acknowledged]
    times = sorted(moment for judge in judges for moment in judge.times)
    return {
        "acknowledged": len(sent),
        "lost": sum(key not in kept for key in sent),
        "doubled": sum(number > 1 for number in (*kept.values(), *standing.values())),
        "too_many_reviewers": sum(number > 2 for number in judged.values()),
        "refused": sum(judge.refused for judge in judges),
        "seconds": round(seconds, 2),
        "per_second": round(len(sent) / seconds, 1),
        "median_ms": round(1000 * statistics.median(times), 1) if times else None,
        "p95_ms": round(1000 * times[int(0.95 * len(times))], 1) if times else None,
        "p99_ms": round(1000 * times[int(0.99 * len(times))], 1) if times else None,
        "problems": sorted({judge.problem for judge in judges if judge.problem})
        if not kill_after
        else [],
    }


def main() -> None:
    """Measure, print, and end with status 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--verdicts", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before each verdict")
    parser.add_argument("--papers", type=int, default=1200)
    parser.add_argument("--server", default="", help="a PostgreSQL server; else SQLite")
    options = parser.parse_args()
    names = [f"R{number:02d}" for number in range(options.reviewers)]
    with tempfile.TemporaryDirectory() as folder:
        study, database = make_study(Path(folder), options.papers, options.server)
        try:
            engine = open_database(study)
            for name in names:
                add_account(engine, name, "reviewer", secrets.token_hex(8))
            engine.dispose()
            load = measure(study, names, options.verdicts, options.pause)
            print(json.dumps({"load": load}))
            killed = measure(study, names, options.verdicts, options.pause, kill_after=2.0)
            print(json.dumps({"killed": killed}))
        finally:
            if database:
                run_sql(options.server, f"DROP DATABASE {database} WITH (FORCE)")
    bad = ("lost", "doubled", "too_many_reviewers")
    if any(figures[name] for figures in (load, killed) for name in bad) or load["problems"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
