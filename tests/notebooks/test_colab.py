"""Colab, simulated: a fresh environment with torch but without the package; "Run all" with untouched stubs.

The setup cell installs the package of a pinned tag from the project's address. Here git is told to find that
address in a repository made of this working tree.
"""

import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import jupytext
import pytest

import alphaedit_lite
from tools.build_notebooks import REPOSITORY, ROOT, without_outputs

RUN = """
import sys, nbclient, nbformat
nbclient.NotebookClient(nbformat.read(sys.argv[1], 4), timeout=600).execute()
"""


def git(*arguments, cwd):
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def colab(tmp_path):
    """The interpreter of an environment that sees all installed libraries but not this package."""
    published = tmp_path / "published"
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "alphaedit_lite", "pyproject.toml"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    for name in [*files, "README.md", "LICENSE"]:
        if (ROOT / name).exists():
            (published / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, published / name)
    git("init", "-q", cwd=published)
    git("add", ".", cwd=published)
    git("commit", "-q", "-m", "published", cwd=published)
    git("tag", f"v{alphaedit_lite.__version__}", cwd=published)

    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    find = "import site; print(site.getsitepackages()[0])"
    packages = subprocess.run([python, "-c", find], capture_output=True, text=True, check=True).stdout.strip()
    # A path in a .pth file is searched for packages, but its own .pth files (editable installs) are not read.
    (Path(packages) / "colab.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    kernel = tmp_path / "kernels" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        f'{{"argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"], '
        '"display_name": "Python 3", "language": "python"}'
    )
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{published}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
        "JUPYTER_PATH": str(tmp_path / "kernels"),
    }
    return python, {**os.environ, **settings}


@pytest.mark.model
def test_run_all_on_colab(colab, tmp_path):
    python, settings = colab
    absent = subprocess.run(
        [python, "-c", "import torch, alphaedit_lite"], cwd=tmp_path, env=settings, capture_output=True
    )
    assert b"No module named 'alphaedit_lite'" in absent.stderr
    notebook = without_outputs(ROOT / "notebooks" / "source" / "07_null_space.py")
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source += (
                "\nassert 'published' not in alphaedit_lite.__file__ and 'venv' in alphaedit_lite.__file__"
            )
            cell.source = cell.source.replace("setup()\n", "setup()\nimport alphaedit_lite\n")
    notebook.metadata.kernelspec.name = "colab"
    jupytext.write(notebook, tmp_path / "chapter.ipynb")
    done = subprocess.run(
        [sys.executable, "-c", RUN, "chapter.ipynb"],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
