"""The sets for a class: students find stubs and no outputs, the instructor finds everything and a plan."""

import subprocess
import sys

import nbformat

from tools.build_notebooks import ROOT


def texts(path):
    return [cell.source for cell in nbformat.read(path, 4).cells]


def test_both_sets(tmp_path):
    command = [sys.executable, "-m", "tools.build_classroom", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    chapters = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    for kind in ("student", "instructor"):
        assert sorted(path.name for path in (tmp_path / kind).glob("*.ipynb")) == chapters
    for name in chapters:
        student = nbformat.read(tmp_path / "student" / name, 4)
        assert not any(cell.get("outputs") for cell in student.cells)
        assert not any("For the instructor" in text for text in texts(tmp_path / "student" / name))
        teacher = nbformat.read(tmp_path / "instructor" / name, 4)
        assert any(cell.get("outputs") for cell in teacher.cells)
    assert any(
        "For the instructor" in text for text in texts(tmp_path / "instructor" / "07_null_space.ipynb")
    )
    assert any("your code here" in text for text in texts(tmp_path / "student" / "07_null_space.ipynb"))
    assert not any(
        "your code here" in text for text in texts(tmp_path / "instructor" / "07_null_space.ipynb")
    )
    guide = (tmp_path / "instructor" / "README.md").read_text(encoding="utf-8")
    for part in ("## 4 weeks", "## 8 weeks", "## 14 weeks", "The space nobody uses"):
        assert part in guide
