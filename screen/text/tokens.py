"""Cut clean text into words: jieba's dictionary, with words of one's own.

rjieba is jieba written in Rust: the same words as jieba without its model for unknown words, some
twenty times faster, with the dictionary inside the package. Unknown words are left in single
characters on purpose: what damage made of a word is recognised by that.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import rjieba

if TYPE_CHECKING:
    # Not imported by those who only want words: spaCy is slow to start.
    from spacy.strings import StringStore
    from spacy.tokens import Doc
    from spacy.vocab import Vocab


class Segmenter:
    """jieba with the words of a pack as user words. Build it once per process."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._jieba = rjieba.Jieba()
        for word in words:
            if len(word) > 1:
                self._jieba.add_word(word, None, None)

    def is_word(self, text: str) -> bool:
        """Tell whether a string is a word of the dictionary or one of one's own."""
        return self._jieba.has_word(text)

    def cut(self, text: str) -> list[str]:
        """Return the words of a text in order; joined they are the text."""
        words: list[str] = self._jieba.cut(text, False)
        return words


def find_starts(words: Sequence[str]) -> list[int]:
    """Return the offsets at which words begin, in order, and the length of the text."""
    return [0, *accumulate(map(len, words))]


class DocMaker:
    """Makes spaCy documents of words; for one memory zone, since spaCy forgets words with it."""

    def __init__(self, vocab: "Vocab") -> None:
        from spacy.tokens import Doc

        self._doc = Doc
        self._vocab = vocab
        self._ids = _WordIds(vocab.strings)

    def make(self, words: Sequence[str]) -> "Doc":
        """Return a document of words. Its text is their text: spaces are words of their own."""
        # Given ids, which its stubs do not know of, spaCy need not hash every word twice.
        ids = list(map(self._ids.__getitem__, words))
        return self._doc(self._vocab, words=ids, spaces=[False] * len(ids))  # type: ignore[arg-type]


class _WordIds(dict[str, int]):
    """Maps words to their ids in spaCy's strings; filled as words are met."""

    def __init__(self, strings: "StringStore") -> None:
        super().__init__()
        self._strings = strings

    def __missing__(self, word: str) -> int:
        self[word] = number = self._strings.add(word)
        return number
