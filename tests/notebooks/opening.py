"""Run chapters as far as they go without the cache. test_colab.py starts this in the simulated Colab.

    python -I opening.py chapters.json report.json    # {name: [cell, …]} to {name: {"opened": …, "error": …}}

Statements are run in order, all chapters in one process, so that torch is imported once. A statement is
passed over if it needs the cache, or if it mentions a name that such a statement would have made or could
have changed. Results that it names are opened all the same.
"""

import ast
import builtins
import json
import sys
import traceback
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from IPython.display import display

import alphaedit_lite
from alphaedit_lite.support.assets import AssetError

RESULTS = Path(alphaedit_lite.__file__).parent / "book" / "results"
# What a statement that mentions it cannot change. ("type" is that of classes.)
STEADY = (ModuleType, FunctionType, BuiltinFunctionType, type, str, int, float, tuple, type(None))


def run(cells: list[str]) -> None:
    """Run a chapter's statements. Raises what a statement raises that fails for any reason but the cache."""
    names: dict[str, Any] = {"__name__": "__main__", "display": display}
    lost: set[str] = set()
    for cell in cells:
        for statement in ast.parse(TransformerManager().transform_cell(cell)).body:
            loaded, stored = mentioned(statement)
            try:
                if not lost & loaded:
                    exec(compile(ast.Module([statement], []), "<chapter>", "exec"), names)
                    lost -= stored & names.keys()  # made anew
                    continue
            except AssetError:  # the cache is not there
                pass
            except NameError as missing:  # a function of the chapter, made when its global was still there
                if missing.name not in lost:
                    raise
            open_results(statement, names)
            gone = stored | {name for name in loaded if not isinstance(names.get(name), STEADY)}
            lost |= gone - set(dir(builtins))
            for name in gone:
                names.pop(name, None)


def mentioned(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The names that a statement reads, and those that it makes."""
    nodes = list(ast.walk(statement))
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    stored |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    return {n.id for n in nodes if isinstance(n, ast.Name)} - stored, stored


def open_results(statement: ast.stmt, names: dict[str, Any]) -> None:
    """Make those calls of a passed-over statement that only name a result: result("x.json")."""
    for call in ast.walk(statement):
        if isinstance(call, ast.Call) and len(call.args) == 1 and not call.keywords:
            name = call.args[0]
            if isinstance(name, ast.Constant) and str(name.value).endswith(".json"):
                eval(compile(ast.Expression(call), "<chapter>", "eval"), names)


def main(chapters: Path, report: Path) -> None:
    opened: set[str] = set()

    def watch(event: str, arguments: tuple) -> None:
        if event == "open" and str(arguments[0]).startswith(str(RESULTS)):
            opened.add(Path(arguments[0]).relative_to(RESULTS).as_posix())

    sys.addaudithook(watch)
    found = {}
    for name, cells in json.loads(chapters.read_text(encoding="utf-8")).items():
        opened.clear()
        error = ""
        try:
            run(cells)
        except Exception:
            error = traceback.format_exc()
        found[name] = {"opened": sorted(opened), "error": error}
    report.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
