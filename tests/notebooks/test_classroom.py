"""The sets for a class: students find stubs and no outputs, the instructor finds everything and a plan."""

import re
import subprocess
import sys
from types import SimpleNamespace

import nbformat

from tools import build_classroom
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


def test_a_bundle_stands_alone_and_holds_no_other_model(tmp_path, monkeypatch):
    cache, out, notebooks = tmp_path / "mine", tmp_path / "bundle", tmp_path / "student"
    own = f"models/smollm2-a-transformers{build_classroom.MAJOR}/model.safetensors"
    wanted = {own, "assets/ovos-1/leads.json", "assets/talk.yml"}
    wanted |= {f"statistics/{layer}" for layer in range(3, 8)}
    for name in (*wanted, "models/qwen/model.safetensors", "statistics/other", "stream/edit"):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).touch()
    notebooks.mkdir()
    (notebooks / "00_demo.ipynb").touch()
    asked = []
    monkeypatch.setattr(build_classroom, "cache_dir", lambda: cache)
    monkeypatch.setattr(build_classroom, "load_model", lambda: SimpleNamespace(n_layers=30))
    monkeypatch.setattr(build_classroom, "key_statistics", lambda *_, **__: None)
    monkeypatch.setattr(build_classroom, "fetch", lambda _: cache / "assets" / "talk.yml")
    kept = SimpleNamespace(path=lambda layer: cache / "statistics" / str(layer))
    monkeypatch.setattr(build_classroom, "statistics_request", lambda *_: kept)
    monkeypatch.setattr(build_classroom, "wheel", lambda folder: folder / "alphaedit_lite.whl")
    monkeypatch.setattr(build_classroom.subprocess, "run", lambda command, **_: asked.append(command))
    build_classroom.bundle(out, notebooks)
    found = {path.relative_to(out / "cache").as_posix() for path in out.glob("cache/**/*") if path.is_file()}
    assert found == wanted
    assert asked[0][-1] == str(out / "wheels" / "alphaedit_lite.whl")  # and all that it needs
    told = (out / "README.md").read_text(encoding="utf-8")
    assert "--find-links wheels alphaedit-lite" in told
    assert all((out / name).exists() for name in re.findall(r"\b(?:cache|notebooks/\S+\.ipynb)", told))
