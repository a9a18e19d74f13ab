"""The site: Sphinx over the committed notebooks. Nothing is executed, and nothing comes from a network."""

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import alphaedit_lite  # noqa: E402
from tools.build_classroom import SOURCES, head  # noqa: E402
from tools.build_notebooks import WIDGET, repository  # noqa: E402
from tools.lesson import CLOSED  # noqa: E402
from tools.npm import fetch_npm  # noqa: E402

project = "AlphaEdit, from first principles"
author = "The AlphaEdit-from-first-principles authors"
copyright = "text and figures CC BY 4.0, code MIT"
version = release = alphaedit_lite.__version__
extensions = ["myst_nb", "sphinxcontrib.bibtex"]
html_theme = "sphinx_book_theme"
html_title = project
exclude_patterns = ["build"]
bibtex_bibfiles = ["references.bib"]
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 0)]  # figures come with alt text there
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
html_theme_options = {
    "path_to_docs": "notebooks",
    "use_download_button": True,
    "show_toc_level": 2,
    "navbar_persistent": [],  # the search field stands at the side already
}
if address := repository():  # as long as nobody has said it, no button leads nowhere
    html_theme_options |= {
        "repository_url": address,
        "use_repository_button": True,
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    }
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_js_files = ["frames.js"]
FRAMES = ROOT / "figures" / "frames"

# MathJax ships with the site, so formulas render without network.
MATHJAX = fetch_npm("mathjax", "3.2.2", "package/es5/tex-svg-full.js")
mathjax_path = "tex-svg-full.js"
suppress_warnings = ["mystnb.unknown_mime_type"]


def overview() -> str:
    """The table of the lessons: what each is about, as README says it, and how long it takes."""
    rows = ["| lesson | what it is about | minutes to read | to do |", "|---|---|---|---|"]
    told = dict(re.findall(r"^\| \[(\d\d)\].*?\| (.*?) \|$", (ROOT / "README.md").read_text("utf-8"), re.M))
    for source in SOURCES:
        number, times = source.stem[:2], head(source)
        link = f"[{number}](chapters/{source.stem})"
        rows.append(f"| {link} | {told[number]} | {times['read']} | {times['do']} |")
    return "\n".join(rows) + "\n"


def moving(text: str) -> str:
    """A notebook whose widgets are pictures that frames.js moves through, where the build has left some.

    The line before closed outputs goes: the site has a button of its own."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "outputs" in cell:
            texts = [output.get("data", {}).get("text/plain", "") for output in cell["outputs"]]
            cell["outputs"] = [
                o for o, text in zip(cell["outputs"], texts, strict=True) if CLOSED not in text
            ]
        made = [n for n in re.findall(r"\b([A-Z]\w+)\(", "".join(cell["source"])) if (FRAMES / n).exists()]
        for output in cell.get("outputs", ()) if made else ():
            if "".join(output.get("data", {}).get("text/plain", "")) == WIDGET:
                listed = (FRAMES / made[0] / "frames.json").read_text("utf-8").replace("<", "\\u003c")
                script = f'<script type="application/json">{listed}</script>'
                output["data"] = {"text/html": f'<div class="frames" data-folder="{made[0]}">{script}</div>'}
    return json.dumps(notebook)


def bring(app: object) -> None:
    """Copy the chapters and MathJax into the source folder; git ignores the copies."""
    chapters = HERE / "chapters"
    shutil.rmtree(chapters, ignore_errors=True)
    (chapters / "lab").mkdir(parents=True)
    for pattern in ("*.ipynb", "lab/*.ipynb", "[A-Z]_*.md"):  # lessons, laboratory, appendices
        for page in (ROOT / "notebooks").glob(pattern):
            text = page.read_text("utf-8")
            copy = chapters / page.relative_to(ROOT / "notebooks")
            copy.write_text(moving(text) if page.suffix == ".ipynb" else text, "utf-8")
    shutil.rmtree(HERE / "_static" / "frames", ignore_errors=True)
    shutil.copytree(FRAMES, HERE / "_static" / "frames")
    shutil.copy(ROOT / "notebooks" / "alphaedit_in_one_file.py", chapters)
    (chapters / "overview.txt").write_text(overview(), encoding="utf-8")
    with zipfile.ZipFile(chapters / "notebooks.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for pattern in ("*.ipynb", "lab/*.ipynb", "solutions/*.ipynb", "*.md", "*.py"):
            for page in sorted((ROOT / "notebooks").glob(pattern)):
                archive.write(page, page.relative_to(ROOT / "notebooks"))
    shutil.copy(MATHJAX, HERE / "_static" / "tex-svg-full.js")
    shutil.copy(ROOT / "figures" / "00_before_after_undo.svg", HERE / "_static" / "before_after_undo.svg")


bring(None)
