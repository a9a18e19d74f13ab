"""What a release consists of, each step a command of its own; .github/workflows/release.yml runs them in order.

python -m tools.release address URL    # make address URL=…: write the repository's address, rebuild its links
python -m tools.release wheel          # make wheel: dist/alphaedit_lite-….whl
python -m tools.release bundles        # make bundles: site, notebooks and the sets for a class as .zip, in dist/
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from alphaedit_lite.support.assets import replacing
from tools import build_notebooks as notebooks
from tools.build_notebooks import ROOT, VERSION, WHEEL

DIST = ROOT / "dist"
LINE = re.compile(r'^Repository = ".*"$', re.M)


def set_address(url: str) -> None:
    """Write the address in its one place, pyproject.toml, and rebuild the notebooks; nothing is executed.

    Raises:
        ValueError: an address that is not a GitHub repository's, or a notebook that is older than its source.
    """
    url = url.removesuffix("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
        raise ValueError(f"The address must be https://github.com/OWNER/NAME, not {url!r}.")
    editions = [
        (path, solved)
        for path in notebooks.sources()
        for solved in ((False, True) if notebooks.check_source(path) else (False,))
    ]
    for path, solved in editions:
        if notebooks.kept(notebooks.without_outputs(path, solved), notebooks.place(path, solved)) is None:
            raise ValueError(
                f"{path.name} has changed since its notebook was built: run make notebooks first."
            )
    project = ROOT / "pyproject.toml"
    text = LINE.sub(f'Repository = "{url}"', project.read_text(encoding="utf-8"))
    with replacing(project) as partial:
        partial.write_text(text, encoding="utf-8")
    for path, solved in editions:
        notebooks.build(path, solved)


def export(folder: Path) -> Path:
    """The package's files as they are in the working tree, committed or not, in a folder of their own.

    A wheel is built there: setuptools would put what lies in an old build/ into it.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "alphaedit_lite", "pyproject.toml"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    for name in [*listed, "README.md", "LICENSE"]:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def wheel(folder: Path = DIST) -> Path:
    """Build the package's wheel into ``folder``. Raises CalledProcessError if pip fails."""
    with tempfile.TemporaryDirectory() as tree:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
        subprocess.run([*command, str(export(Path(tree)))], check=True)
    return folder / WHEEL


def bundles() -> list[Path]:
    """The site, the notebooks with the wheel, and the sets for a class, as .zip files in dist/.

    Raises:
        FileNotFoundError: what they are made of, naming the command that makes it.
    """
    made = {
        "site": (ROOT / "build" / "book", "make book"),
        "student": (ROOT / "classroom" / "student", "make classroom"),
        "instructor": (ROOT / "classroom" / "instructor", "make classroom"),
        "notebooks": (DIST / WHEEL, "make wheel"),
    }
    for path, command in made.values():
        if not path.exists():
            raise FileNotFoundError(f"There is no {path.relative_to(ROOT)}: run {command} first.")
    books = [
        path
        for pattern in ("*.ipynb", "lab/*.ipynb", "solutions/*.ipynb", "*.md", "*.py")
        for path in sorted((ROOT / "notebooks").glob(pattern))
    ]
    found = []
    for kind, (folder, _) in made.items():
        if kind == "notebooks":  # with the wheel beside them they run by themselves
            members = {path.relative_to(ROOT / "notebooks"): path for path in books}
            members |= {place / WHEEL: DIST / WHEEL for place in (Path("."), Path("lab"), Path("solutions"))}
        else:
            members = {p.relative_to(folder): p for p in sorted(folder.rglob("*")) if p.is_file()}
        target = DIST / f"alphaedit-book-{VERSION}-{kind}.zip"
        with replacing(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in members.items():
                archive.write(path, name)
        found.append(target)
    return found


def main() -> None:
    try:
        match sys.argv[1:]:
            case ["address", url]:
                set_address(url)
            case ["wheel"]:
                print(wheel().relative_to(ROOT))
            case ["bundles"]:
                print(*(path.relative_to(ROOT) for path in bundles()), sep="\n")
            case _:
                sys.exit(__doc__)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
