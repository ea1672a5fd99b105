"""What a passage is known by: its place in the bytes of a paper, and the question asked of it."""

import hashlib


def identify_passage(paper: str, page: int, start: int, end: int, family: str) -> str:
    """Return the id of a hit: 16 hexadecimal digits.

    By the paper's SHA-256, the place of its first part on its page, and the family of the pack; not
    by the rule that found it, so that verdicts survive a new pack or a new model.
    """
    identity = f"{paper}|{page}|{start}|{end}|{family}"
    return hashlib.sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()[:16]
