"""Contact sheets: each query on the left, its best pictures on the right."""

from serving.sheet.rows import Cell, Row, make_rows
from serving.sheet.write import check_sheet, write_html, write_png, write_sheet

__all__ = ["Cell", "Row", "check_sheet", "make_rows", "write_html", "write_png", "write_sheet"]
