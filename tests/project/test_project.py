"""The project's own files agree with each other."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.lab import copy_notebooks

ROOT = Path(__file__).parents[2]
if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")
COPIES = (
    "tests/core/test_foreign_writes.py",
    "tests/core/test_ambient.py",
)  # pickle what they made themselves
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_environment_yml_equals_pyproject():
    text = (ROOT / "environment.yml").read_text()
    listed = {line.strip()[2:].strip('"') for line in text.splitlines() if line.strip().startswith("- ")}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = {*PROJECT["project"]["dependencies"], *extras["dev"], *extras["book"]}
    assert wanted <= listed
    assert listed - wanted == {
        "conda-forge",
        "pip",
        "pip:",
        f"python{PROJECT['project']['requires-python']}",
        "-e .",
    }


def test_constraints_meet_the_ranges():
    pins = dict(
        line.lower().replace("_", "-").split("==") for line in (ROOT / "constraints.txt").read_text().split()
    )
    for requirement in PROJECT["project"]["dependencies"]:
        name, low = re.match(r"([\w-]+)>=([\d.]+)", requirement).groups()
        assert [int(x) for x in pins[name].split(".")[:2]] >= [int(x) for x in low.split(".")[:2]], name


def test_commands_name_modules_that_there_are():
    """In Makefile and README. A script run by its path would find tools/ before the standard library."""
    said = (ROOT / "Makefile").read_text() + (ROOT / "README.md").read_text()
    modules = set(re.findall(r"python -m ((?:alphaedit_lite|tools|tests)[\w.]*\w)", said))
    assert {"tools.lab", "tools.colab", "alphaedit_lite.book.kit.demo"} <= modules
    assert not [name for name in modules if importlib.util.find_spec(name) is None]
    assert not re.findall(r"python (?:alphaedit_lite|tools|tests)/", said)
    assert not {path.stem for path in (ROOT / "tools").glob("*.py")} & sys.stdlib_module_names


def test_nothing_absolute_unsafe_or_printed():
    """No absolute paths, no pickle, no remote code, no prints in library code."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    bad = re.compile(r"(^|[^\w.])/(tmp|work|home|root)/|pickle\.load|torch\.load\(|trust_remote_code=True")
    for name in files.split():
        if name.endswith((".py", ".md", ".ipynb", ".toml", ".yml", ".json")) and (ROOT / name).exists():
            if name in ("tests/project/test_project.py", *COPIES):
                continue
            found = bad.search((ROOT / name).read_text(encoding="utf-8"))
            assert not found, f"{name}: {found.group()}"


def test_make_lab_never_overwrites_a_readers_work(tmp_path):
    source, work = tmp_path / "notebooks", tmp_path / "work"
    source.mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (source / name).write_text("one")
    assert copy_notebooks(source, work) == []
    (work / "a.ipynb").write_text("my solution")
    for name in ("a.ipynb", "b.ipynb", "c.ipynb"):
        (source / name).write_text("two")
    assert copy_notebooks(source, work) == ["a.ipynb"]
    assert [(work / f"{x}.ipynb").read_text() for x in "abc"] == ["my solution", "two", "two"]
    assert copy_notebooks(source, work) == ["a.ipynb"]
