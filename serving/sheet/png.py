"""A contact sheet as one PNG."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from serving.errors import ServingError
from serving.files import write_atomically
from serving.sheet.rows import Cell, Row

SIDE, _CAPTION, _GAP, _MARGIN, _FRAME = 112, 34, 10, 16, 4
_PAPER, _INK, _FAINT, _GREEN, _LINE = "#ffffff", "#1b1f24", "#667079", "#1a7f37", "#d8dde2"


def write_png(rows: Sequence[Row], path: Path | str, side: int = SIDE) -> Path:
    """Draws a contact sheet: hits have a green frame and a check mark.

    Args:
        rows: from `make_rows`.
        path: the PNG to write or replace.
        side: of a picture's square.

    Returns:
        The path.

    Raises:
        ServingError: no rows.
        OSError: the file cannot be written; what was there stays.
    """
    file = BytesIO()
    draw_sheet(rows, side).save(file, "PNG", optimize=True)
    return write_atomically(path, file.getvalue())


def draw_sheet(rows: Sequence[Row], side: int = SIDE) -> Image.Image:
    """Draws the sheet in memory: the query apart on the left, its answers on the right."""
    if not rows:
        raise ServingError("a contact sheet needs at least one row. Received: 0 rows")
    columns = max(len(row.answers) for row in rows)
    step, height = side + _GAP, side + _CAPTION + _GAP
    answers_left = _MARGIN + step + 2 * _GAP
    width = answers_left + columns * step - _GAP + _MARGIN
    sheet = Image.new("RGB", (width, len(rows) * height - _GAP + 2 * _MARGIN), _PAPER)
    draw = ImageDraw.Draw(sheet)
    bar = _MARGIN + step + _GAP // 2
    draw.line([(bar, _MARGIN), (bar, sheet.height - _MARGIN)], fill=_LINE, width=1)
    for line, row in enumerate(rows):
        top = _MARGIN + line * height
        _draw_cell(sheet, row.query, _MARGIN, top, side)
        for column, cell in enumerate(row.answers):
            _draw_cell(sheet, cell, answers_left + column * step, top, side)
    return sheet


def _draw_cell(sheet: Image.Image, cell: Cell, left: int, top: int, side: int) -> None:
    draw = ImageDraw.Draw(sheet)
    box = (left, top, left + side - 1, top + side - 1)
    draw.rectangle(box, outline=_LINE)
    if cell.thumbnail is None:
        middle = (left + side // 2, top + side // 2)
        draw.text(middle, "file is gone", fill=_FAINT, font=_font(13), anchor="mm")
    else:
        _paste(sheet, cell, left, top, side)
    if cell.hit:
        draw.rectangle(box, outline=_GREEN, width=_FRAME)
        _check_mark(draw, left + side - 1, top)
    _caption(draw, cell, left, top + side + 3, side)


def _paste(sheet: Image.Image, cell: Cell, left: int, top: int, side: int) -> None:
    room = side - 2 * _FRAME - 2
    picture = Image.fromarray(cell.thumbnail)
    scale = room / max(picture.size)
    size = tuple(max(1, round(length * scale)) for length in picture.size)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    sheet.paste(picture, (left + (side - size[0]) // 2, top + (side - size[1]) // 2))


def _check_mark(draw: ImageDraw.ImageDraw, right: int, top: int) -> None:
    """A white tick on a green disc: green alone is not seen by everyone."""
    size = 22
    x, y = right - size + 1, top
    draw.ellipse((x, y, x + size, y + size), fill=_GREEN, outline=_PAPER, width=1)
    tick = [(x + 6, y + 12), (x + 10, y + 16), (x + 17, y + 7)]
    draw.line(tick, fill=_PAPER, width=3, joint="curve")


def _caption(draw: ImageDraw.ImageDraw, cell: Cell, left: int, top: int, side: int) -> None:
    draw.text((left, top), _fit(cell.title, side, _font(13)), fill=_INK, font=_font(13))
    draw.text((left, top + 15), _fit(cell.detail, side, _font(11)), fill=_FAINT, font=_font(11))


def _fit(text: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    text = " ".join(text.split())[:200]
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=size)
