"""The built site in headless Chromium, without network: formulas, figures, a phone, the dark, WCAG."""

import subprocess
import sys

import pytest

from tools import pdf
from tools.build_notebooks import ROOT, repository
from tools.npm import fetch_npm

pypdf = pytest.importorskip("pypdf")
BOOK = ROOT / "notebooks"
BOOKS = [*BOOK.glob("*.ipynb"), *BOOK.glob("lab/*.ipynb"), *BOOK.glob("[A-Z]_*.md")]

pytestmark = pytest.mark.browser
ALL = ["index", *sorted(f"chapters/{p.relative_to(BOOK).with_suffix('').as_posix()}" for p in BOOKS)]
MOVING = tuple(f"chapters/{name}" for name in ("00", "04", "06", "07", "lab/07", "10"))
PAGES = ["index", "chapters/00_demo", "chapters/02_key_value_memory", "chapters/07_null_space"]


@pytest.fixture
def page(chromium):
    """A page that may speak to this machine only; what else it asked for is listed in ``asked``."""
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.asked = []
    page.route(
        lambda url: "127.0.0.1" not in url,
        lambda route: (page.asked.append(route.request.url), route.abort()),
    )
    yield page
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_page(site, page, shots, name):
    page.goto(f"{site}/{name}.html")
    page.locator(".bd-article h1").first.wait_for()
    if "07" in name:
        page.locator("mjx-container svg").first.wait_for(timeout=30_000)
        assert page.locator("mjx-merror").count() == 0
    broken = "return [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
    page.wait_for_load_state("load")
    assert [
        s for s in page.evaluate(f"() => {{{broken}}}") if "127.0.0.1" in s or s.startswith("data:")
    ] == []
    unnamed = page.evaluate("() => [...document.images].filter(i => !i.alt).length")
    assert unnamed == 0
    if "chapters" in name:
        links = page.locator("a[href*='colab.research.google.com']").count()
        assert bool(links) == bool(repository()), (
            "a link where there is an address, and none that leads nowhere"
        )
    page.screenshot(path=shots / f"site-{name.split('/')[-1]}.png")
    assert page.asked == [], "the page needs a network"


@pytest.mark.parametrize("name", PAGES)
def test_phone_and_dark(site, page, shots, name):
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/{name}.html")
    page.locator(".bd-article h1").first.wait_for()
    page.wait_for_timeout(1500)
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    page.screenshot(path=shots / f"phone-{name.split('/')[-1]}.png")
    assert wide <= 391, "the page scrolls sideways on a phone"


@pytest.mark.parametrize("name", PAGES)
def test_accessibility(site, page, name):
    """No violation of WCAG A or AA that axe-core can see."""
    page.goto(f"{site}/{name}.html")
    page.locator(".bd-article h1").first.wait_for()
    page.wait_for_timeout(1500)
    page.add_script_tag(path=fetch_npm("axe-core", "4.10.3", "package/axe.min.js"))
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}"
    found = page.evaluate(f"async () => (await axe.run(document, {rules})).violations")
    assert [(v["id"], v["help"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == []


# What is wider than the page, and lies in nothing that scrolls and is itself inside.
CUT = """() => {
  const wide = document.documentElement.clientWidth, found = [];
  const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
  const kinds = ['mjx-container', 'table', 'pre', 'img', 'svg', 'details', '.cell_output > *'];
  for (const e of document.querySelectorAll(kinds.map(kind => '.bd-article ' + kind).join())) {
    const box = e.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    let fits = box.left >= -1 && box.right <= wide + 1;
    for (let a = e; !fits && a !== document.body; a = a.parentElement) {
      const b = a.getBoundingClientRect(), inside = b.left >= -1 && b.right <= wide + 1;
      fits = scrolls(a) && inside && box.left + a.scrollLeft >= b.left - 1;
    }
    const hides = e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'hidden';
    if (!fits || hides) found.push(e.tagName + ' ' + (e.textContent || e.alt || '').trim().slice(0, 60));
  }
  return found;
}"""


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_cut_off(site, page, name):
    """Every formula, table, cell and figure is on the page, or can be scrolled to, at three widths."""
    page.goto(f"{site}/{name}.html")
    page.locator(".bd-article h1").first.wait_for()
    page.wait_for_function(
        "() => !window.MathJax?.startup?.promise || window.MathJax.startup.promise.then(() => 1)"
    )
    for scheme, wide in (("light", 390), ("light", 768), ("light", 1400), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": wide, "height": 900})
        page.wait_for_timeout(700)  # the theme slides its side bars
        assert page.evaluate(CUT) == [], f"cut off at {wide} px, {scheme}"


def test_what_is_cut_off_is_noticed(site, page):
    page.goto(f"{site}/index.html")
    page.set_viewport_size({"width": 390, "height": 900})
    page.locator(".bd-article h1").first.wait_for()
    assert page.evaluate(CUT) == []
    add = "html => document.querySelector('.bd-article').insertAdjacentHTML('beforeend', html)"
    wide = '<pre style="width: 900px; overflow: visible">wide</pre>'
    page.evaluate(add, wide)
    page.evaluate(add, f'<div style="overflow-x: auto; max-width: 100%">{wide}</div>')
    page.evaluate(
        add, '<div style="overflow-x: auto; width: 300px"><pre style="margin-left: -90px">left</pre></div>'
    )
    assert page.evaluate(CUT) == ["PRE wide", "PRE left"]


@pytest.mark.parametrize("name", [name for name in ALL if name.startswith(MOVING)])
def test_widgets_move(site, page, shots, name):
    """A slider is moved by keyboard, the picture and its words change; Play goes on by itself."""
    page.goto(f"{site}/{name}.html")
    box = page.locator("div.frames").first
    image, slider = box.locator("img"), box.locator("input").last
    slider.scroll_into_view_if_needed()
    slider.focus()

    def seen():
        page.wait_for_function("image => image.complete && image.naturalWidth", arg=image.element_handle())
        return image.get_attribute("src"), image.get_attribute("alt"), slider.get_attribute("aria-valuetext")

    page.keyboard.press("Home")
    start = seen()
    page.keyboard.press("ArrowRight")
    moved = seen()
    assert all(a != b for a, b in zip(start, moved, strict=True))
    page.keyboard.press("Home")
    assert seen() == start
    box.locator("button").click()
    page.wait_for_function(
        "([i, old]) => i.src !== old", arg=[image.element_handle(), image.evaluate("i => i.src")]
    )
    page.screenshot(path=shots / f"moves-{name.split('/')[-1]}.png")
    assert page.locator("text=VBox(").count() == 0


def test_a_lesson_is_printed_whole(site, site_folder, tmp_path):
    """On paper: every part of it, its figures, and the outputs that are closed on the screen."""
    lesson, target = site_folder / "chapters" / "07_null_space.html", tmp_path / "07.pdf"
    assert lesson in pdf.pages(site_folder)
    assert len(pdf.pages(site_folder)) == 18
    command = [sys.executable, "-m", "tools.pdf", str(lesson), str(target)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    book = pypdf.PdfReader(target)
    assert [entry.title for entry in book.outline] == ["Chapter 7: The space nobody uses"]
    text = "".join(sheet.extract_text() for sheet in book.pages)
    for part in ("Exercise 07.1", "Keypoints", "Quiz"):
        assert part in text
    assert sum(len(sheet.images) for sheet in book.pages) >= 3


def test_a_site_that_is_missing_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="make book"):
        pdf.pages(tmp_path)
