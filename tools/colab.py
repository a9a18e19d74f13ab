"""Colab, simulated: chapters run from the installed package, in an empty folder, their exercises untouched.

    python -m tools.colab          # every chapter, and the demo, whole: about a quarter of an hour
    python -m tools.colab 07 12    # these

Colab has torch, but not this package: the setup cell installs it from a pinned tag of the project's address. Here
a fresh environment sees all installed libraries but not this package, and git finds that address in a repository
made of this working tree. pip builds a wheel of it, as it does on Colab.
"""

import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

import alphaedit_lite
from tools.build_notebooks import REPOSITORY, ROOT, SETUP, without_outputs

SOURCES = ROOT / "notebooks" / "source"
CHAPTERS = sorted(SOURCES.rglob("[0-9A-Z]*.py"))


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
            raise RuntimeError(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def finds(self, module: str) -> str:
        """The file of a module, without importing it; "None" if there is none."""
        look = "import sys, importlib.util as u; print(getattr(u.find_spec(sys.argv[1]), 'origin', None))"
        return self.run("-c", look, module).strip()


def colab(folder: Path) -> Colab:
    """Make the environment in ``folder`` and run the setup cell in it. Raises RuntimeError if that fails."""
    published, empty = _published(folder / "published"), folder / "empty"
    empty.mkdir()
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{published}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }
    find = [python, "-c", "import site; print(site.getsitepackages()[0])"]
    packages = subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip()
    place = Colab(python, empty, Path(packages), settings)
    # A path in a .pth file is searched for packages, but its own .pth files (editable installs) are not read.
    (place.packages / "colab.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    if place.finds("torch") == "None" or place.finds("alphaedit_lite") != "None":
        raise RuntimeError(
            "Colab has torch and not alphaedit_lite; this environment lacks one or has the other."
        )
    (folder / "setup.ipy").write_text(SETUP, encoding="utf-8")
    place.run("-m", "IPython", "--no-banner", folder / "setup.ipy")
    if place.finds("alphaedit_lite") != str(place.package / "__init__.py"):
        raise RuntimeError(f"The package is to come from {packages}, not {place.finds('alphaedit_lite')}.")
    return place


def _published(folder: Path) -> Path:
    """A git repository of the working tree's package, committed or not, with the tag of its version."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "alphaedit_lite", "pyproject.toml"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    for name in [*listed, "README.md", "LICENSE"]:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    who = ["-c", "user.name=colab", "-c", "user.email=colab@example.org"]
    for command in ("init -q", "add .", "commit -q -m published", f"tag v{alphaedit_lite.__version__}"):
        subprocess.run(["git", *who, *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


def named(source: Path) -> str:
    """How a chapter is called: "07_null_space", or "lab/07_…"."""
    return source.relative_to(SOURCES).with_suffix("").as_posix()


def whole(place: Colab, source: Path) -> None:
    """Run a chapter to its end. Raises CellExecutionError, with the cell, where it stops."""
    notebook = without_outputs(source)
    with tempfile.TemporaryDirectory() as specs:
        argv = [str(place.python), "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
        (Path(specs) / "colab").mkdir()
        (Path(specs) / "colab" / "kernel.json").write_text(
            json.dumps({"argv": argv, "display_name": "Colab", "language": "python"})
        )
        known = KernelSpecManager(kernel_dirs=[specs])
        kernel = AsyncKernelManager(kernel_name="colab", kernel_spec_manager=known)
        where = {"metadata": {"path": str(place.empty)}}
        NotebookClient(notebook, km=kernel, timeout=900, resources=where).execute(env=place.settings)


def main() -> None:
    chosen = [s for s in CHAPTERS if not sys.argv[1:] or s.stem[:2] in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        place = colab(Path(folder).resolve())
        runs: dict[str, Callable[[], object]] = {named(s): lambda s=s: whole(place, s) for s in chosen}
        if not sys.argv[1:]:
            runs["make demo"] = lambda: place.run("-m", "alphaedit_lite.book.kit.demo")
        print(f"{'chapter':<32}{'seconds':>8}  passed", flush=True)
        failed = 0
        for name, run in runs.items():
            start, trouble = time.perf_counter(), ""
            try:
                run()
            except Exception as error:  # a cell fails, the kernel dies, a cell takes too long
                failed, trouble = failed + 1, f"\n{str(error)[-3000:]}"
            took = time.perf_counter() - start
            print(f"{name:<32}{took:>8.0f}  {'no' if trouble else 'yes'}{trouble}", flush=True)
    sys.exit(f"{failed} of {len(runs)} fail." if failed else 0)


if __name__ == "__main__":
    main()
