"""Tell the kind of a file by its first bytes, and what to do about one that cannot be read."""

import re

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
TEXT = "text/plain"

READ = ".pdf, .docx, .html and .txt"
# Of those in the second line only the first bytes can tell; most cannot be read, and are counted.
SUFFIXES = frozenset(
    {".pdf", ".txt", ".docx", ".html", ".htm"} | {".caj", ".kdh", ".nh", ".teb", ".doc"}
)
HEAD = 1024
# Names of a zip's members stand in its directory, at the end.
TAIL = 65_536

_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    rb"<(?:!doctype\s+html|html|head|body|meta|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_CAJ = (
    "a CAJ file (CNKI's own format), which cannot be read here: open it in CAJViewer and print it "
    "to PDF, or download the PDF from CNKI"
)
_PICTURE = "a picture, which cannot be read by itself: put it into a PDF"
_ARCHIVE = "an archive, which is not opened: unpack it and add what it holds"
# CAJViewer's formats begin with letters, as a text may: these are followed by a binary zero.
_CNKI = (b"CAJ", b"HN", b"KDH", b"TEB", b"NH")
_FOREIGN: tuple[tuple[str, bytes, str], ...] = (
    ("application/x-caj", b"\xc8\x00\x00\x00", _CAJ),
    (
        "application/x-ole-storage",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Word file (.doc) or one under a password, which cannot be read here: save it as "
        ".docx without a password, or print it to PDF",
    ),
    ("application/zip", b"PK\x03\x04", _ARCHIVE),
    ("application/zip", b"PK\x05\x06", _ARCHIVE),
    ("application/vnd.rar", b"Rar!\x1a\x07", _ARCHIVE),
    ("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    ("application/gzip", b"\x1f\x8b\x08", _ARCHIVE),
    ("image/png", b"\x89PNG\r\n\x1a\n", _PICTURE),
    ("image/jpeg", b"\xff\xd8\xff", _PICTURE),
    ("image/tiff", b"II*\x00", _PICTURE),
    ("image/tiff", b"MM\x00*", _PICTURE),
    (
        "image/vnd.djvu",
        b"AT&TFORM",
        "a DjVu file, which cannot be read here: print it to PDF",
    ),
    (
        "application/rtf",
        b"{\\rtf",
        "an RTF file, which cannot be read here: save it as .docx, or print it to PDF",
    ),
)
ADVICE = {kind: advice for kind, _, advice in _FOREIGN}


def media_type(head: bytes, tail: bytes) -> str:
    """Return the media type of a file by its first HEAD and last TAIL bytes, or fewer.

    What is of no known kind is a text until it is decoded.
    """
    if b"%PDF-" in head:
        return PDF
    if head.startswith(b"PK\x03\x04") and b"word/document.xml" in tail:
        return DOCX
    for kind, magic, _ in _FOREIGN:
        if head.startswith(magic):
            return kind
    if head.startswith(_CNKI) and b"\x00" in head:
        return "application/x-caj"
    # The zeros of UTF-16 are passed over: the marks that tell are ASCII.
    return HTML if _PAGE.match(head.replace(b"\x00", b"")) else TEXT
