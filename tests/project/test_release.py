"""A release: one place for the address, a wheel beside a notebook is enough, bundles hold what they say."""

import importlib.util
import re
import shutil
import zipfile

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tools import build_notebooks as notebooks
from tools import release
from tools.build_notebooks import ROOT, WHEEL, colab_link, repository, setup_cell

URL = "https://github.com/somebody/alphaedit-book"


def settle(folder, monkeypatch):
    """Let the tools take a folder for the project; returns the source of its only chapter."""
    for module in (notebooks, release):
        monkeypatch.setattr(module, "ROOT", folder)
    monkeypatch.setattr(notebooks, "SOURCES", folder / "notebooks" / "source")
    monkeypatch.setattr(release, "DIST", folder / "dist")
    return folder / "notebooks" / "source" / "99_template.py"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A book of one chapter, the template, built once."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "notebooks" / "source").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    with pytest.MonkeyPatch.context() as patch:
        source = settle(folder, patch)
        shutil.copy(ROOT / "notebooks" / "source" / "template.py", source)
        for solved in (False, True):
            notebooks.build(source, solved)
    return folder


@pytest.fixture
def small(built, tmp_path, monkeypatch):
    """That book, in a copy that may be changed."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return settle(tmp_path, monkeypatch)


def test_the_address_is_written_and_nothing_is_executed(small, monkeypatch):
    before = nbformat.read(notebooks.place(small), 4)
    if not repository():
        assert "no address yet" in before.cells[0].source
    monkeypatch.setattr(notebooks, "execute", lambda *_: pytest.fail("a notebook was executed"))
    release.set_address(URL + "/")
    assert repository() == URL
    after = nbformat.read(notebooks.place(small), 4)
    assert (
        f"/somebody/alphaedit-book/blob/v{notebooks.VERSION}/notebooks/99_template.ipynb"
        in after.cells[0].source
    )
    setup = next(cell.source for cell in after.cells if "setup" in cell.metadata.get("tags", []))
    assert f"{URL}/releases/download/v{notebooks.VERSION}/{WHEEL}" in setup
    outputs = [[cell.get("outputs") for cell in book.cells] for book in (before, after)]
    assert outputs[0] == outputs[1]
    for line in small.read_text(encoding="utf-8").splitlines():
        if "x**2" in line:
            small.write_text(small.read_text(encoding="utf-8").replace("x**2", "x**4"), encoding="utf-8")
    with pytest.raises(ValueError, match="run make notebooks first"):
        release.set_address("https://github.com/else/where")
    assert repository() == URL


@pytest.mark.parametrize("url", ["", "github.com/a/b", "https://github.com/a", "https://example.org/a/b"])
def test_no_other_address_is_taken(small, url):
    text = (small.parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="must be https"):
        release.set_address(url)
    assert (small.parents[2] / "pyproject.toml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("address", ["", URL])
def test_the_setup_cell_says_what_to_do_where_there_is_nothing(address, tmp_path, monkeypatch):
    code = TransformerManager().transform_cell(setup_cell(address))
    asked = []
    shell = type("Shell", (), {"run_line_magic": lambda self, name, line: asked.append(line)})()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="beside the notebook") as error:
        exec(code, {"get_ipython": lambda: shell})
    assert WHEEL in str(error.value)
    assert (URL in str(error.value)) == bool(address)
    assert len(asked) == bool(address)  # the release is tried, if there is one
    (tmp_path / WHEEL).touch()
    with pytest.raises(ImportError):  # pip did not bring it
        exec(code, {"get_ipython": lambda: shell})
    assert len(asked) == bool(address) + 1


def test_links_stay_silent_without_an_address(monkeypatch):
    monkeypatch.setattr(notebooks, "repository", lambda: "")
    assert "](" not in colab_link(notebooks.sources()[0])


def test_bundles_hold_what_they_say(small):
    root = small.parents[2]
    with pytest.raises(FileNotFoundError, match=r"build/book: run make book first"):
        release.bundles()
    for name in ("build/book/index.html", "classroom/student/a.ipynb", "classroom/instructor/a.ipynb"):
        (root / name).parent.mkdir(parents=True)
        (root / name).touch()
    (root / "dist").mkdir()
    (root / "dist" / WHEEL).touch()
    kinds = {path.stem.rsplit("-", 1)[-1]: zipfile.ZipFile(path).namelist() for path in release.bundles()}
    assert set(kinds) == {"site", "student", "instructor", "notebooks"}
    assert kinds["site"] == ["index.html"]
    assert {"99_template.ipynb", "solutions/99_template.ipynb", WHEEL, f"lab/{WHEEL}"} <= set(
        kinds["notebooks"]
    )


def test_the_workflow_calls_make_targets_that_there_are():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        called = re.findall(r"\bmake ([\w-]+)", re.sub(r"#.*", "", workflow.read_text(encoding="utf-8")))
        assert called
        assert set(called) <= targets, workflow.name
