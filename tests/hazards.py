"""Papers that end the process that reads or matches them, in all the ways in which that happens."""

from pathlib import Path

import pytest

# Found by Python as it starts, in every process: what becomes of some papers is what the worst
# files do to a reader, or to what reads its text.
_TRAPS = """
import functools
import os
import sys


def spring(name):
    if name.endswith("crash.txt"):
        os._exit(9)
    if name.endswith("kill.txt"):
        os.kill(os.getpid(), 9)
    if name.endswith("hang.txt"):
        while True:
            pass
    if name.endswith("memory.txt"):
        block = [bytes(1 << 20)]
        while True:
            block.append(bytes(len(block[-1]) * 2))
    if name.endswith("error.txt"):
        raise ZeroDivisionError(name)


class Trap:
    def find_spec(self, name, path=None, target=None):
        if name == "screen.study.work.isolation":
            sys.meta_path.remove(self)
            from screen.ingest import files
            from screen.text import normalise

            read, clean = files._read_bytes, normalise.clean_pages

            def read_or_die(source, limits):
                data = read(source, limits)
                if "read-" in source.path:
                    spring(source.path)
                return data

            @functools.wraps(clean)
            def clean_or_die(pages):
                text = pages[0].text
                for name in ("crash", "kill", "hang", "memory", "error"):
                    if f"match-{name}" in text:
                        spring(f"{name}.txt")
                return clean(pages)

            files._read_bytes, normalise.clean_pages = read_or_die, clean_or_die
        return None


sys.meta_path.insert(0, Trap())
"""
DANGERS = ("crash", "kill", "hang", "memory", "error")


def lay_traps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let papers named "read-hang.txt" and so on, or holding "match-hang", do so from now on.

    In every process that is started until the traps are taken away with the variable PYTHONPATH.
    """
    (folder / "sitecustomize.py").write_text(_TRAPS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
