"""Colab, simulated: chapters run from the installed package, in an empty folder, their exercises untouched.

    python -m tools.colab          # every chapter, and the demo, whole: about a quarter of an hour
    python -m tools.colab 07 12    # these

Colab has torch, but not this package: the setup cell installs it from a wheel beside the notebook, or from the
release. Here a fresh environment sees all installed libraries but not this package, and finds the wheel of this
working tree beside it.
"""

import json
import os
import site
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.build_notebooks import ROOT, setup_cell, without_outputs
from tools.release import wheel

SOURCES = ROOT / "notebooks" / "source"
CHAPTERS = sorted(SOURCES.rglob("[0-9A-Z]*.py"))
RUN = """
import sys, nbclient, nbformat
patience = {"timeout": 900, "startup_timeout": 300}
nbclient.NotebookClient(nbformat.read(sys.argv[1], 4), kernel_name="colab", **patience).execute()
"""


@dataclass(frozen=True)
class Colab:
    """An environment with the package installed, and an empty folder in which its ``python`` runs."""

    python: Path
    empty: Path
    packages: Path
    settings: dict[str, str]

    @property
    def package(self) -> Path:
        return self.packages / "alphaedit_lite"

    def run(self, *arguments: str | Path, **settings: str) -> str:
        """What ``python ARGUMENTS`` prints. Raises RuntimeError, with the end of what it said, if it fails."""
        command = [str(self.python), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.empty, env=self.settings | settings, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError((done.stdout + done.stderr)[-3000:])
        return done.stdout

    def finds(self, module: str) -> str:
        """The file of a module, without importing it; "None" if there is none."""
        look = "import sys, importlib.util as u; print(getattr(u.find_spec(sys.argv[1]), 'origin', None))"
        return self.run("-c", look, module).strip()


def colab(folder: Path) -> Colab:
    """Make the environment in ``folder`` and run the setup cell in it. Raises RuntimeError if that fails."""
    empty = folder / "empty"
    empty.mkdir()
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    settings["JUPYTER_PATH"] = str(folder)
    (folder / "kernels" / "colab").mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernels" / "colab" / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Colab", "language": "python"})
    )
    find = [python, "-c", "import site; print(site.getsitepackages()[0])"]
    packages = subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip()
    place = Colab(python, empty, Path(packages), settings)
    # A path in a .pth file is searched for packages, but its own .pth files (editable installs) are not read.
    (place.packages / "colab.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    if place.finds("torch") == "None" or place.finds("alphaedit_lite") != "None":
        raise RuntimeError(
            "Colab has torch and not alphaedit_lite; this environment lacks one or has the other."
        )
    (folder / "setup.ipy").write_text(setup_cell(""), encoding="utf-8")
    beside = wheel(empty)
    said = place.run("-m", "IPython", "--no-banner", folder / "setup.ipy")
    beside.unlink()  # the chapters run in an empty folder
    if place.finds("alphaedit_lite") != str(place.package / "__init__.py"):
        found = place.finds("alphaedit_lite")
        raise RuntimeError(
            f"The package is to come from {packages}, not {found}. The setup cell said: {said}"
        )
    return place


def named(source: Path) -> str:
    """How a chapter is called: "07_null_space", or "lab/07_…"."""
    return source.relative_to(SOURCES).with_suffix("").as_posix()


def whole(place: Colab, notebook: NotebookNode) -> None:
    """Run a chapter to its end. Raises RuntimeError, with the cell, where it stops."""
    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(notebook, Path(folder) / "chapter.ipynb")
        place.run("-c", RUN, Path(folder) / "chapter.ipynb")


def main() -> None:
    chosen = {
        named(s): without_outputs(s) for s in CHAPTERS if not sys.argv[1:] or s.stem[:2] in sys.argv[1:]
    }
    with tempfile.TemporaryDirectory() as folder:
        place = colab(Path(folder).resolve())
        runs: dict[str, Callable[[], object]] = {
            n: partial(whole, place, found) for n, found in chosen.items()
        }
        if not sys.argv[1:]:
            runs["make demo"] = partial(place.run, "-m", "alphaedit_lite.book.kit.demo")
        print(f"{'chapter':<32}{'seconds':>8}  passed", flush=True)
        failed = 0
        for name, run in runs.items():
            start, trouble = time.perf_counter(), ""
            try:
                run()
            except RuntimeError as error:
                failed, trouble = failed + 1, f"\n{error}"
            took = time.perf_counter() - start
            print(f"{name:<32}{took:>8.0f}  {'no' if trouble else 'yes'}{trouble}", flush=True)
    sys.exit(f"{failed} of {len(runs)} fail." if failed else 0)


if __name__ == "__main__":
    main()
