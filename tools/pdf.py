"""The lessons as one PDF: `python -m tools.pdf`, once the site is built; needs Chromium.

Chromium prints each lesson of build/book, from index to 16, as it is read there, with the outputs open: paper cannot be opened. Writes dist/alphaedit-book-VERSION.pdf with a bookmark for each lesson.
"""

import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from alphaedit_lite.support.assets import replacing
from tools.build_notebooks import ROOT, VERSION

SITE, TARGET = ROOT / "build" / "book", ROOT / "dist" / f"alphaedit-book-{VERSION}.pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MARGIN = dict.fromkeys(("top", "bottom", "left", "right"), "18mm")
READY = "() => !window.MathJax?.startup?.promise || window.MathJax.startup.promise.then(() => 1)"
OPEN = """() => document.querySelectorAll("details.hide.below-input").forEach(closed => { closed.open = true; })"""
STYLE = """
  .bd-sidebar-primary, .bd-sidebar-secondary, .bd-header, .bd-header-article, .bd-footer, .prev-next-footer,
  .frames label, .frames button, #pst-back-to-top { display: none !important; }
  .bd-article { font-size: 10pt; }
  pre { white-space: pre-wrap; font-size: 8pt; }
  table { font-size: 8pt; }
  img, svg, table, .frames { break-inside: avoid; }
  h1, h2, h3 { break-after: avoid; }
"""


def pages(site: Path) -> list[Path]:
    """The start page and the lessons, in order. Raises FileNotFoundError if the site is not built."""
    if not (site / "index.html").exists():
        raise FileNotFoundError("There is no build/book: run make book first.")
    return [site / "index.html", *sorted((site / "chapters").glob("[0-9]*.html"))]


def browser_path() -> str | None:
    """Where a browser that can print is, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def printed(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Title and PDF of each page. Raises FileNotFoundError without Chromium."""
    from playwright.sync_api import sync_playwright

    if (path_of_browser := browser_path()) is None:
        raise FileNotFoundError(f"There is no browser to print with: install one of {', '.join(BROWSERS)}.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of_browser, args=["--no-sandbox"])
        page = browser.new_page()
        for path in paths:
            page.goto(path.as_uri())
            page.wait_for_function(READY, timeout=120_000)
            page.add_style_tag(content=STYLE)
            page.evaluate(OPEN)
            page.emulate_media(media="print", color_scheme="light")
            yield page.title().split(" — ")[0], page.pdf(format="A4", print_background=True, margin=MARGIN)
        browser.close()


def main(paths: list[Path], target: Path) -> None:
    """Print the pages into one file."""
    from pypdf import PdfReader, PdfWriter

    book = PdfWriter()
    for title, data in printed(paths):
        sheets, first = PdfReader(io.BytesIO(data)).pages, len(book.pages)
        for sheet in sheets:
            book.add_page(sheet)
        book.add_outline_item(title=title, page_number=first)
        print(f"{title}: {len(sheets)} pages", flush=True)
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as partial, partial.open("wb") as sink:
        book.write(sink)


if __name__ == "__main__":
    try:  # other pages, and another file, may be named
        files = [Path(name) for name in sys.argv[1:]]
        main(files[:-1] or pages(SITE), files[-1] if files else TARGET)
    except FileNotFoundError as error:
        sys.exit(str(error))
