"""Every chapter runs from the wheel, in an empty folder (tools/colab.py), and not only beside its source.

`make colab` runs all of them whole. Each time here, all run without the cache, in one process: what needs the
model, the text or the statistics stops with AssetError, and is passed over together with all that mentions
what it would have made (opening.py). The rest runs: every import, the cells up to the first that loads the
model, and after it what draws on results alone. Every result that a chapter names must have been opened.
"""

import json
import re
import subprocess

import pytest

from tools.build_notebooks import ROOT, quoted, without_outputs
from tools.colab import CHAPTERS, colab, named, whole

BESIDE = 'from pathlib import Path\nPath("alphaedit_lite/book/results/fronts.json").read_text()'
ABSENT = ["from alphaedit_lite.book.kit.results import result", 'result("absent.json")']
HEAVY = ["from alphaedit_lite import load_model", "lm = load_model()", "table = {}"]
CONTROLS = {  # what opening.py must and must not do
    "beside": [BESIDE],
    "beside, after the model": [*HEAVY, "lm.complete('Rome')", BESIDE],
    "absent": ABSENT,
    "absent, with the model": [*HEAVY, ABSENT[0], 'found = (lm, result("absent.json"))'],
    "misspelt": [*HEAVY, "tabel"],
    "made anew": [*HEAVY, ABSENT[0], "table['Rome'] = lm", "table = 'absent.json'", "result(table)"],
    "passed over": [
        "def ask():\n    return lm.complete('Rome')",  # fails with a NameError, later
        *HEAVY,
        "table['Rome'] = ask()",  # so table is not what it would be
        "assert table['Rome']",
    ],
    "opened": [ABSENT[0], *HEAVY, 'print(lm, result("fronts.json"))', "f\"{result('bench.json')}\""],
}
HELP = """
import runpy, sys
sys.argv = ["", "--help"]
try:
    runpy.run_module("{}", run_name="__main__")
except SystemExit as end:
    assert not end.code
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return colab(tmp_path_factory.mktemp("colab").resolve())


@pytest.fixture(scope="session")
def opening(place, tmp_path_factory):
    """What happened in each chapter, in each control, and to each command line asked for help."""
    folder = tmp_path_factory.mktemp("opening")
    asked = CONTROLS | {name: [HELP.format(name)] for name in commands()}
    for source in CHAPTERS:
        notebook = without_outputs(source)
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        asked[named(source)] = code + [f'f"{{{expression}}}"' for expression in quoted(notebook)]
    (folder / "chapters.json").write_text(json.dumps(asked), encoding="utf-8")
    nowhere = folder / "chapters.json" / "cache"  # no folder can be made in a file
    place.run(
        "-I", ROOT / "tests" / "notebooks" / "opening.py", folder / "chapters.json", folder / "report.json",
        ALPHAEDIT_CACHE=str(nowhere),
    )  # fmt: skip
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def commands() -> list[str]:
    """The modules that are run from a terminal and take arguments."""
    found = []
    for path in sorted((ROOT / "alphaedit_lite").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "ArgumentParser" in text and '"__main__"' in text:
            found.append(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return found


def test_the_wheel_holds_the_package_and_nothing_else(place):
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "alphaedit_lite"]
    tree = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    there = {p.relative_to(place.package.parent).as_posix() for p in place.package.rglob("*") if p.is_file()}
    assert {n for n in there if "__pycache__" not in n} == {n for n in tree if (ROOT / n).exists()}
    record = next(place.package.parent.glob("alphaedit_lite-*.dist-info/RECORD")).read_text(encoding="utf-8")
    tops = {line.split("/")[0].split("-")[0] for line in record.splitlines()}
    assert tops == {"alphaedit_lite"}, "no tests, no tools"


@pytest.mark.parametrize("source", CHAPTERS, ids=named)
def test_a_chapter_opens_and_finds_its_results(opening, source):
    found = opening[named(source)]
    if found["error"]:
        pytest.fail(f"{named(source)}: {found['error']}", pytrace=False)
    wanted = set(re.findall(r"""\bresult\(["']([^"']+)["']\)""", source.read_text(encoding="utf-8")))
    assert wanted <= set(found["opened"]), f"{named(source)} names results that were not opened"


@pytest.mark.parametrize("name", commands())
def test_a_command_line_helps(opening, name):
    assert not opening[name]["error"], opening[name]["error"]


@pytest.mark.parametrize(
    ("control", "error"),
    [
        ("beside", "alphaedit_lite/book/results/fronts.json"),
        ("beside, after the model", "alphaedit_lite/book/results/fronts.json"),
        ("absent", "There is no results/absent.json"),
        ("absent, with the model", "There is no results/absent.json"),
        ("made anew", "There is no results/absent.json"),
        ("misspelt", "name 'tabel' is not defined"),
        ("passed over", ""),
        ("opened", ""),
    ],
)
def test_what_opening_passes_over(opening, control, error):
    found = opening[control]
    assert error in found["error"]
    assert bool(error) == bool(found["error"])
    assert found["opened"] == (["bench.json", "fronts.json"] if control == "opened" else [])


def test_a_whole_run_reports_the_cell_that_fails(place, tmp_path):
    """In a kernel, the untouched setup cell finds the package; what reads beside it stops the chapter."""
    source = tmp_path / "99_beside.py"
    source.write_text(f'# %% tags=["setup"]\n\n# %%\n{BESIDE}\n')
    with pytest.raises(RuntimeError, match=r"No such file .*alphaedit_lite/book/results/fronts\.json"):
        whole(place, without_outputs(source))
