"""How figures look: colours that everybody can tell apart, and sizes that a telephone can show."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

# Okabe and Ito's colours, in an order in which neighbours differ in lightness, too.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a900", "#000000")
STYLES = ("-", "--", "-.", ":")
FAINT, INK, LINE = "#6b747d", "#1b1f24", "#d8dde2"
WIDTH = 4.6  # inches: at a telephone's width the letters are as large as the text's
DPI = 200

SETTINGS = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "sbir",  # the same figure gives the same bytes
    "svg.fonttype": "path",
}


@contextmanager
def figure(height: float = 3.2, columns: int = 1) -> Iterator[tuple]:
    """A figure and its axes, in this style, without any window."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        drawn = Figure((WIDTH, height), layout="constrained")
        FigureCanvasAgg(drawn)
        axes = drawn.subplots(1, columns)
        yield drawn, axes


def svg(drawn) -> bytes:
    """A figure as SVG; the same one gives the same bytes."""
    return saved(drawn, "svg", {"Date": None})


def png(drawn) -> bytes:
    """A figure as PNG."""
    return saved(drawn, "png", {"Software": None})


def saved(drawn, kind: str, metadata: dict) -> bytes:
    import matplotlib

    file = BytesIO()
    with matplotlib.rc_context(SETTINGS):
        drawn.savefig(file, format=kind, dpi=DPI, facecolor="white", metadata=metadata)
    return file.getvalue()


def line_style(number: int) -> dict:
    """Colour and dashes of the n-th line: told apart also in grey."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": STYLES[number % len(STYLES)],
        "linewidth": 1.8,
    }
