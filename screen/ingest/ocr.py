"""Optical character recognition of a page of a PDF: rapidocr's models on onnxruntime.

The models come inside the rapidocr package and are named by their files, so that it has no reason
to download any. Lines are found and read one by one; what they make of a page is put into order
by `layout`, as for pages that have text.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pypdfium2

from screen.errors import DocumentError
from screen.ingest.layout import Box, order_lines
from screen.ingest.marks import Piece, find_marks
from screen.ingest.quality import READABLE, text_quality
from screen.types import Line, Mark, Page, SourceFile

# To be raised with any change after which a page is read otherwise, here or in `layout`, `marks`
# and `quality`: all pages of all studies are then read again.
RECOGNISER = "1"
LIBRARIES = ("rapidocr", "onnxruntime")
_MODELS = {"Det": "PP-OCRv6_det_small.onnx", "Rec": "PP-OCRv6_rec_small.onnx"}
# Rendered finer than scans are, letters gain nothing; coarser than this, small type is lost.
_DPI = (150, 300)
# The longer side in pixels: pages whose size is told in pixels, and posters.
_LEAST_SIDE, _MOST_SIDE = 1_600, 4_000
_DETECTION_SIDE = 1_440
# A line that was read with less confidence is a figure, a stain or a rule.
_LEAST_CONFIDENCE = 0.5
# So many long lines tell which way up a page is, if they can be read with less confidence as it is.
_PROBES, _DOUBTFUL = 5, 0.85
# A line that is so many times as high as wide runs up or down the page.
_TALL = 1.5

Picture = np.ndarray
# The four corners of a line in pixels, from its upper left corner clockwise as it is read.
Quadrangle = np.ndarray


class _Reading(NamedTuple):
    """A line that was found: where, what it says, and with what confidence, 0-1."""

    corners: Quadrangle
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Task:
    """One page, counted from 1, of a source file."""

    source: SourceFile
    number: int

    @property
    def key(self) -> tuple[str, int]:
        """What names the page: the SHA-256 of its file, and its number."""
        return self.source.sha256, self.number


def find_engine() -> str | None:
    """Return the name and version of what recognises characters, None if it is not installed."""
    if any(find_spec(library) is None for library in LIBRARIES):
        return None
    try:
        return ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    except PackageNotFoundError:
        return None


def recognise_page(task: Task) -> Page:
    """Read one page of a PDF from its picture.

    Its method is "ocr", or "unreadable" if too little of it can be read. Raises DocumentError if
    the page cannot be drawn.
    """
    picture = _render(_open(task.source.path, task.source.sha256), task.number)
    with _telling_errors():
        turns, upright, readings = _read_upright(picture)
    text, lines = _put_in_order(readings, turns, upright.shape[:2])
    confidence = _mean_confidence(readings)
    quality = round(text_quality(text) * confidence, 3)
    is_read = quality >= READABLE
    route = f"ocr {quality}" + (f" (turned by {90 * turns} degrees)" if turns else "")
    return Page(
        task.source.sha256,
        task.number,
        text if is_read else "",
        "ocr" if is_read else "unreadable",
        quality,
        engine=find_engine() or "",
        route=route,
        marks=_mark(text, lines) if is_read else (),
        lines=lines if is_read else (),
    )


def _mark(text: str, lines: Sequence[Line]) -> tuple[Mark, ...]:
    pieces = [Piece(line.start, line.end, Box(*line[-4:])) for line in lines]
    return find_marks(text, pieces)


@contextmanager
def _telling_errors() -> Iterator[None]:
    """Turn what the engines raise, for want of memory say, into a DocumentError."""
    import cv2
    from rapidocr.inference_engine.onnxruntime.main import ONNXRuntimeError

    try:
        yield
    except (cv2.error, ONNXRuntimeError, RuntimeError, ValueError) as error:
        last = str(error).strip().rpartition("\n")[2]
        raise DocumentError("ocr", f"optical character recognition failed: {last}") from None


# ---- the picture -----------------------------------------------------------------------------


@lru_cache(1)
def _open(path: str, sha256: str) -> pypdfium2.PdfDocument:
    """Open a PDF; the last one is kept, since its pages come one after another."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DocumentError("ocr", error.strerror or "cannot be read") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DocumentError("ocr", "the file has changed since it was added")
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        raise DocumentError("ocr", "not a PDF that can be opened") from None


def _render(document: pypdfium2.PdfDocument, number: int) -> Picture:
    try:
        page = document[number - 1]
        try:
            bitmap = page.render(scale=_find_scale(page), rev_byteorder=False)
            return np.array(bitmap.to_numpy()[:, :, :3])
        finally:
            page.close()
    except pypdfium2.PdfiumError as error:
        raise DocumentError("ocr", f"the page cannot be drawn: {error}") from None


def _find_scale(page: Any) -> float:
    """Return the pixels a point at which a page is drawn: as fine as the scan on it is."""
    wide, high = page.get_size()
    if not (0 < wide < math.inf and 0 < high < math.inf):
        raise DocumentError("ocr", "the page has no size")
    if max(wide, high) > 20 * min(wide, high):
        raise DocumentError("ocr", f"a page of {wide:.4g} by {high:.4g} points is no page")
    finest = max((_find_fineness(item) for item in page.get_objects(max_depth=2)), default=0.0)
    scale = min(max(finest or _DPI[1] / 72, _DPI[0] / 72), _DPI[1] / 72)
    side = min(max(max(wide, high) * scale, _LEAST_SIDE), _MOST_SIDE)
    return float(side / max(wide, high))


def _find_fineness(item: Any) -> float:
    """Return the pixels a point of a picture on a page, 0 for anything else."""
    if item.type != pypdfium2.raw.FPDF_PAGEOBJ_IMAGE:
        return 0.0
    try:
        left, bottom, right, top = item.get_bounds()
        return float(max(item.get_px_size()) / max(right - left, top - bottom, 1.0))
    except pypdfium2.PdfiumError:
        return 0.0


# ---- finding and reading lines ---------------------------------------------------------------


@cache
def _engine() -> Any:
    """Return the engine, made once a process, on one thread: other pages have the others."""
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    for name in _MODELS.values():
        if not (models / name).is_file():
            raise DocumentError("ocr", f"rapidocr {version('rapidocr')} comes without {name}")
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_preprocess_img": False,
            "Global.use_vertical_padding": False,
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            **{f"{step}.model_path": str(models / name) for step, name in _MODELS.items()},
        }
    )


def _read_upright(picture: Picture) -> tuple[int, Picture, list[_Reading]]:
    """Return by how many quarters a picture was turned clockwise, the turned one, and its lines.

    Lines that are taller than wide tell of a page on its side; how well a few lines can be read
    tells which side is up.
    """
    found = _find_lines(picture)
    turns = (1, 3) if _stand_upright(found) else (0, 2)
    best = (-1.0, 0, picture, found)
    for turn in turns:
        turned = np.ascontiguousarray(np.rot90(picture, -turn))
        lines = [_turn(corners, turn, picture.shape[:2]) for corners in found]
        longest = sorted(lines, key=_length, reverse=True)[:_PROBES]
        sure = _mean_confidence([_read_line(turned, line) for line in longest])
        if sure > best[0]:
            best = sure, turn, turned, lines
        if sure >= _DOUBTFUL:
            break
    _, turn, turned, lines = best
    readings = [_read_line(turned, line) for line in lines]
    kept = [item for item in readings if item.text and item.confidence >= _LEAST_CONFIDENCE]
    return turn, turned, kept


def _find_lines(picture: Picture) -> list[Quadrangle]:
    """Return where the lines of a picture are, in its own pixels."""
    import cv2

    scale = min(1.0, _DETECTION_SIDE / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    boxes = _engine()(small, use_det=True, use_cls=False, use_rec=False).boxes
    return [] if boxes is None else [np.asarray(box, np.float32) / scale for box in boxes]


def _read_line(picture: Picture, corners: Quadrangle) -> _Reading:
    import cv2

    wide, high = (max(1, round(side)) for side in _measure(corners))
    flat = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, flat)
    cut = cv2.warpPerspective(
        picture, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    result = _engine()(cut, use_det=False, use_cls=False, use_rec=True)
    text = (result.txts or ("",))[0]
    return _Reading(corners, " ".join(text.split()), float((result.scores or (0.0,))[0]))


def _measure(corners: Quadrangle) -> tuple[float, float]:
    """Return the length and the height of a line."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))


def _length(corners: Quadrangle) -> float:
    return max(_measure(corners))


def _stand_upright(lines: Sequence[Quadrangle]) -> bool:
    """Tell whether most of the writing runs up or down the picture."""
    upright = level = 0.0
    for wide, high in map(_measure, lines):
        if high > _TALL * wide:
            upright += high
        elif wide > _TALL * high:
            level += wide
    return upright > level


def _turn(corners: Quadrangle, turns: int, size: tuple[int, int]) -> Quadrangle:
    """Return the corners of a line on a picture of `size` (height, width) once that is turned."""
    high, wide = size
    for _ in range(turns):
        x, y = corners[:, 0], corners[:, 1]
        corners = np.stack([high - y, x], axis=1)
        high, wide = wide, high
    # The line begins at the corner that is now the upper left one.
    first = int(np.argmin(corners.sum(axis=1)))
    return np.ascontiguousarray(np.roll(corners, -first, axis=0), np.float32)


def _mean_confidence(readings: Sequence[_Reading]) -> float:
    """Return the mean confidence of the characters of lines, 0 without any."""
    total = sum(len(item.text) for item in readings)
    return sum(item.confidence * len(item.text) for item in readings) / max(total, 1)


# ---- from lines to a page --------------------------------------------------------------------


def _put_in_order(
    readings: Sequence[_Reading], turns: int, size: tuple[int, int]
) -> tuple[str, tuple[Line, ...]]:
    """Return the text of a page and its lines, with their places on the page as it is shown."""
    level = _level([item.corners for item in readings])
    boxes = [Box(*map(float, (*c.min(axis=0), *c.max(axis=0)))) for c in level]
    text = ""
    lines = []
    for index in order_lines(boxes):
        item = readings[index]
        shown = _turn(item.corners, (4 - turns) % 4, size)
        high, wide = size if turns % 2 == 0 else size[::-1]
        left, top = np.clip(shown.min(axis=0) / (wide, high), 0, 1)
        right, bottom = np.clip(shown.max(axis=0) / (wide, high), 0, 1)
        place = (round(float(side), 4) for side in (left, top, right, bottom))
        start = len(text)
        text += item.text + "\n"
        lines.append(Line(start, len(text) - 1, round(item.confidence, 3), *place))
    return text.removesuffix("\n"), tuple(lines)


def _level(lines: Sequence[Quadrangle]) -> list[Quadrangle]:
    """Return lines with the skew taken out that most of their length has."""
    if not lines:
        return []
    along = np.array([corners[1] - corners[0] for corners in lines])
    angles = np.arctan2(along[:, 1], along[:, 0])
    order = np.argsort(angles)
    weights = np.cumsum(np.hypot(along[:, 0], along[:, 1])[order])
    angle = -angles[order[int(np.searchsorted(weights, weights[-1] / 2))]]
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [corners @ matrix.T for corners in lines]
