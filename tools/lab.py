"""Open the book in JupyterLab: `python -m tools.lab`, or `make lab`.

Fetches the default model first, with progress, and copies the notebooks into work/, which git
ignores: exercises solved there never break a test or a pull. A notebook that the reader has changed
is never overwritten.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from alphaedit_lite import load_model

ROOT = Path(__file__).parents[1]


def copy_notebooks(source: Path, work: Path) -> list[str]:
    """Bring work/ up to date; return the names of changed notebooks that were left alone."""
    (work / "lab").mkdir(parents=True, exist_ok=True)
    record = work / ".copied.json"
    copied = json.loads(record.read_text()) if record.exists() else {}
    kept = []
    patterns = ("*.ipynb", "lab/*.ipynb", "*.md", "*.py")  # lessons, laboratory, appendices, the one file
    for page in sorted(path for pattern in patterns for path in source.glob(pattern)):
        name = page.relative_to(source).as_posix()
        new, target = page.read_bytes(), work / name
        old = target.read_bytes() if target.exists() else None
        if old is not None and hashlib.sha256(old).hexdigest() != copied.get(name):
            if old != new:
                kept.append(name)
            continue
        target.write_bytes(new)
        copied[name] = hashlib.sha256(new).hexdigest()
    record.write_text(json.dumps(copied, indent=1))
    return kept


if __name__ == "__main__":
    load_model()
    kept = copy_notebooks(ROOT / "notebooks", ROOT / "work")
    for name in kept:
        print(f"work/{name} holds your changes and stays as it is (delete it to get the current chapter).")
    first = "work/00_demo.ipynb"
    os.chdir(ROOT)
    command = [sys.executable, "-m", "jupyterlab", *sys.argv[1:], first]
    if os.name == "posix" and os.geteuid() == 0:
        command.insert(3, "--allow-root")
    os.execv(sys.executable, command)
