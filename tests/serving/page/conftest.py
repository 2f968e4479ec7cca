"""A real browser over a real service."""

import shutil

import numpy as np
import pytest
from PIL import Image

from serving.encoders import load_encoder
from tests.serving.http.running import running
from tests.serving.http.small import build_index

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def server(exported, tmp_path_factory):
    """`sbir serve` over 36 pictures of grey, red and blue shades."""
    folder = tmp_path_factory.mktemp("page")
    for name, colour in {"grey": (1, 1, 1), "red": (1, 0.2, 0.2), "blue": (0.2, 0.2, 1)}.items():
        for number in range(12):
            path = folder / "pictures" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            shade = tuple(int(value) for value in np.array(colour) * (255 - 12 * number))
            Image.new("RGB", (60, 60), shade).save(path)
    place = build_index(folder / "index", load_encoder(exported), folder / "pictures")
    options = ("--pictures", folder / "pictures", "--rate", 0)
    with running("--model", exported, "--index", place, *options) as server:
        yield server


# Not of the whole session: its event loop would be in the way of every test after these.
@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:  # never so in .ci/run, which ends there without one
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Page:
    """The page, and what it did: its requests and its complaints."""

    def __init__(self, page, port):
        self.page, self.home = page, f"http://127.0.0.1:{port}"
        self.asked, self.complaints, self.bodies = [], [], []
        page.on("request", self._note)
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, request):
        self.asked.append(request.url)
        if request.url.endswith("/v1/search") and request.method == "POST":
            self.bodies.append(request.post_data_json)

    def open(self, path="/"):
        self.page.goto(self.home + path)
        self.page.wait_for_selector("#examples button")
        return self

    def act(self, action, state="answered"):
        """Does something, and waits until the page has answered to the last of it."""
        page = self.page
        before = int(page.evaluate("document.body.dataset.answered"))
        action()
        page.wait_for_function(
            """([state, before]) => document.body.dataset.state === state
            && (state !== "answered" || Number(document.body.dataset.answered) > before)""",
            arg=[state, before],
        )

    def draw(self, *points):
        """One stroke by the mouse, through points in shares of the paper."""
        box = self.page.locator("#paper").bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=6)
        self.act(mouse.up)

    def names(self):
        return self.page.locator("#hits .name").all_inner_texts()

    def status(self):
        return self.page.locator("#status").inner_text()


@pytest.fixture
def open_page(server, browser):
    """Opens pages: `open_page(width=..., dark=..., path=...)`; they must not complain."""
    contexts, pages = [], []

    def make(width=1280, height=900, path="/", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = Page(context.new_page(), server.port)
        pages.append(page)
        page.quiet = True
        return page.open(path)

    yield make
    for page in pages:
        others = [url for url in page.asked if not url.startswith((page.home, "data:", "blob:"))]
        assert others == []
        if page.quiet:
            assert page.complaints == []
    for context in contexts:
        context.close()
