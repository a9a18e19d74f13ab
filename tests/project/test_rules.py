"""The rules of the house, read off the sources with ``ast``: nothing is imported.

A rule is a function from the tree, {module: source}, to complaints: each names a module, and says what is
wrong with it and how to mend it. Every rule is tried on small trees that break it, and it alone.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE, BOOK, KIT = "alphaedit_lite", "alphaedit_lite.book", "alphaedit_lite.book.kit"
ROAD = ("nullspace", "targets", "solvers", "editor")  # the whole method, in half an hour
NAMES = re.compile(r"experiments|figures|widgets|results|reference|(exercises|study)(_[a-z0-9]+)?")
EXCEPTIONS = {  # a second thing that a chapter runs, too large for its experiments
    "ch11.glue", "ch12.trials", "ch15.rounding", "ch15.unattended", "ch16.forensics",
}  # fmt: skip


class Complaint(NamedTuple):
    module: str
    says: str


def tree() -> dict[str, str]:
    """Every module of the package, the sources of the notebooks, the tools and the tests."""
    folders = (PACKAGE, "notebooks/source", "tools", "tests")
    found = {}
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


# -- reading ----------------------------------------------------------------------------------------------


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """All imports and classes of a module, wherever they stand."""
    wanted = (ast.Import, ast.ImportFrom, ast.ClassDef)
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, wanted))


@cache
def called(source: str) -> tuple[ast.expr, ...]:
    """All that a module calls, by the names it gives them."""
    return tuple(node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def imports(sources: dict[str, str], module: str) -> set[str]:
    """All that a module imports, anywhere in it, under ``TYPE_CHECKING`` as well."""
    package = module if any(name.startswith(f"{module}.") for name in sources) else module.rpartition(".")[0]
    found = set()
    for node in nodes(sources[module]):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {name if (name := f"{base}.{alias.name}") in sources else base for alias in node.names}
    return found


def part(module: str) -> str:
    """core, scale, book, kit or chNN for a module of the package; "" for others. A notebook: its chapter."""
    if match := re.match(rf"{BOOK}\.(kit|ch\d\d)\b", module):
        return match[1]
    if match := re.match(rf"{PACKAGE}\.(scale|book)\b", module):
        return match[1]
    if match := re.match(r"notebooks\.source\.(?:lab\.)?(\d\d|template)", module):
        return f"ch{match[1].replace('template', '99')}"
    return "core" if re.match(rf"{PACKAGE}\b", module) else ""


def last(module: str) -> str:
    return module.rpartition(".")[2]


def ours(sources: dict[str, str]) -> Iterator[str]:
    yield from (module for module in sources if module.startswith(PACKAGE))


def inside(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.")


# -- the rules --------------------------------------------------------------------------------------------


def core_stands_alone(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 1: the core imports neither scale, book, matplotlib nor IPython; scale does not import book."""
    barred = {
        "core": (f"{PACKAGE}.scale", BOOK, "matplotlib", "IPython", "ipywidgets"),
        "scale": (BOOK,),
    }
    for module in ours(sources):
        for used in sorted(imports(sources, module)):
            if any(inside(used, other) for other in barred.get(part(module), ())):
                fix = "move what it needs down into the core, or the function that needs it up into the book"
                yield Complaint(module, f"rule 1: {part(module)} must not import {used}; {fix}.")


def chapters_stand_alone(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 2: chNN imports core, scale, kit and itself (of others the reference); kit imports no chNN."""
    for module in ours(sources):
        mine = part(module)
        for used in sorted(imports(sources, module)):
            theirs = part(used)
            if not theirs.startswith("ch") or mine == theirs or last(used) == "reference":
                continue
            if mine == "kit" or mine.startswith("ch"):
                yield Complaint(module, f"rule 2: {mine} must not import {used}; move what both need to kit.")


def kit_is_shared(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 2: what is in kit is used by two chapters or more, by kit, by a tool, or runs by itself."""
    users: dict[str, set[str]] = {module: set() for module in sources if part(module) == "kit"}
    for module in sources:
        for used in imports(sources, module) & set(users):
            users[used].add(part(module) or module.partition(".")[0])
    for module, found in users.items():
        chapters = sorted(name for name in found if name.startswith("ch"))
        runs = "__main__" in sources[module]
        tools = any(module in source for name, source in sources.items() if name.startswith("tools."))
        if module == KIT or tools or "kit" in found or len(chapters) > 1 or (runs and not chapters):
            continue
        where = f"only {chapters[0]} uses it; move it there" if chapters else "nobody uses it; delete it"
        yield Complaint(module, f"rule 2: kit is for what chapters share, and {where}.")


def studies_stay_behind(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 3: figures, widgets and results import no study; exercises are for kit's chapter and tests."""
    for module in sources:
        for used in sorted(imports(sources, module)):
            if not part(used).startswith("ch"):
                continue
            if last(used).startswith("study") and last(module) in ("figures", "widgets", "results"):
                fix = "move what they share to results, experiments or kit"
                yield Complaint(module, f"rule 3: what a reader opens must not import {used}; {fix}.")
            if last(used).startswith("exercises") and module.partition(".")[0] not in ("tests", "tools"):
                if last(module).startswith("exercises"):
                    continue  # a long check has a file of its own
                fix = "our answers stand in reference"
                yield Complaint(module, f"rule 3: only kit.chapter, tools and tests load {used}; {fix}.")


def notebooks_use_their_chapter(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 4: source/NN imports core, scale, kit and chNN."""
    for module in sources:
        for used in sorted(imports(sources, module)) if module.startswith("notebooks.") else ():
            theirs = part(used)
            if theirs.startswith("ch") and theirs != part(module) and last(used) != "reference":
                yield Complaint(module, f"rule 4: it must not import {used}; move what both need to kit.")


def no_circles(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 5: no circle anywhere, imports for types and imports within functions included."""
    graph = {module: imports(sources, module) & set(sources) - {module} for module in ours(sources)}

    def reached(start: str) -> set[str]:
        found, todo = set(), [start]
        while todo:
            new = graph[todo.pop()] - found
            found |= new
            todo += new
        return found

    after = {module: reached(module) for module in graph}
    circles = {frozenset(m for m in after[module] if module in after[m]) for module in graph} - {frozenset()}
    for circle in circles:
        first, *others = sorted(circle)
        fix = "move what both need into a module below them"
        yield Complaint(first, f"rule 5: it imports itself by way of {', '.join(others)}; {fix}.")


def private_is_private(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 6: no class of the book overrides a _private method of the core."""
    classes = {}  # (where, name) -> names of the bases, names of the methods
    for module in ours(sources):
        named = {
            alias.asname: alias.name
            for node in nodes(sources[module])
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname
        }
        for node in nodes(sources[module]):
            if isinstance(node, ast.ClassDef):
                bases = {last(ast.unparse(base)) for base in node.bases}
                methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
                classes[module, node.name] = {named.get(base, base) for base in bases}, methods

    def inherited(names: Iterable[str]) -> set[str]:
        """The methods that core classes of these names have, or their bases."""
        found: set[str] = set()
        for (module, name), (bases, methods) in classes.items():
            if name in names:
                found |= inherited(bases - {name}) | (methods if part(module) in ("core", "scale") else set())
        return found

    for (module, name), (bases, methods) in classes.items():
        if part(module) in ("core", "scale"):
            continue
        for method in sorted(methods & inherited(bases)):
            if method.startswith("_") and not method.startswith("__"):
                fix = "what may be exchanged must be a public argument of the core's class"
                yield Complaint(module, f"rule 6: {name} overrides {method} of the core; {fix}.")


def chapters_look_alike(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 7: the files of a chapter have the common names, but for a short list of exceptions."""
    for module in ours(sources):
        name = module.removeprefix(f"{BOOK}.")
        chapter, _, file = name.partition(".")
        if chapter.startswith("ch") and file and not NAMES.fullmatch(file) and name not in EXCEPTIONS:
            fix = "merge it into experiments, figures, widgets, results, study, study_TOPIC or reference"
            yield Complaint(module, f"rule 7: a reader would not look here; {fix}.")


def modules_are_short(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 8: no module over 250 lines, the road's four not over 750, the flat core not over 3,000.

    What the road stands on (``support``) is not counted: nobody need read it to know the method.
    """
    lines = {module: len(sources[module].splitlines()) for module in ours(sources)}
    for module, count in lines.items():
        if count > 250:
            yield Complaint(module, f"rule 8: {count} lines; shorten or split it: at most 250.")
    flat = {m: count for m, count in lines.items() if part(m) == "core" and f"{PACKAGE}.support" not in m}
    core = sum(flat.values())
    road = sum(lines.get(f"{PACKAGE}.{name}", 0) for name in ROAD)
    for what, count, most in (("the core", core, 3000), (", ".join(ROAD), road, 750)):
        if count > most:
            yield Complaint(PACKAGE, f"rule 8: {what}: {count} lines; shorten: at most {most}.")


def tokenizers_are_called_once(sources: dict[str, str]) -> Iterator[Complaint]:
    """Rule 9: a tokenizer is called in support.tokens alone, so that every part reads the same tokens."""
    calls = {"__call__", "encode", "encode_plus", "batch_encode_plus", "tokenize"}
    for module in ours(sources):
        for node in called(sources[module]) if module != f"{PACKAGE}.support.tokens" else ():
            owner, _, name = ast.unparse(node).rpartition(".")
            if name == "tokenizer" or (name in calls and owner.split(".")[-1] == "tokenizer"):
                fix = "call tokenise, pieces, spans or encode of support.tokens"
                yield Complaint(module, f"rule 9: it calls {ast.unparse(node)}; {fix}.")


RULES = {
    rule.__name__: rule
    for rule in (
        core_stands_alone, chapters_stand_alone, kit_is_shared, studies_stay_behind, no_circles,
        notebooks_use_their_chapter, private_is_private, chapters_look_alike, modules_are_short,
        tokenizers_are_called_once,
    )
}  # fmt: skip


# -- the tree keeps them ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> dict[str, str]:
    return tree()


def test_the_whole_tree_is_read(whole):
    assert {"alphaedit_lite", "notebooks.source.08_alphaedit", "tools.lab"} <= set(whole)
    assert imports(whole, "alphaedit_lite.factkeys") >= {"alphaedit_lite.prompts", "torch"}
    assert "alphaedit_lite.solvers" in imports(whole, "alphaedit_lite.book.ch13.exercises")


@pytest.mark.parametrize("name", RULES)
def test_the_rule_is_kept(name, whole):
    found = list(RULES[name](whole))
    assert not found, "\n".join(f"{module}: {says}" for module, says in found)


def test_no_exception_is_left_over(whole):
    assert {f"{BOOK}.{name}" for name in EXCEPTIONS} <= set(whole)


def test_tests_share_helpers_and_not_each_other(whole):
    shared = {
        m: {u for u in imports(whole, m) if last(u).startswith("test_")} for m in whole if "tests." in m
    }
    assert not {module: used for module, used in shared.items() if used}, (
        "move what they share to tests/helpers.py"
    )


def test_each_chapter_says_which_it_is(whole):
    titles = re.findall(r"^\| \[(\d\d)\]\S* \| \*\*(.+?)\*\*", (ROOT / "README.md").read_text(), re.M)
    for number, title in titles:
        said = ast.get_docstring(ast.parse(whole[f"{BOOK}.ch{number}"])) or "nothing"
        assert said == f"Chapter {int(number)}: {title}", f"chapter {number} says {said!r}"


# -- mutants ----------------------------------------------------------------------------------------------


def full(short: dict[str, str]) -> dict[str, str]:
    """A tree from short names: "ch01.study" is alphaedit_lite.book.ch01.study."""
    book = re.compile(r"(kit|ch\d\d)\b")
    outside = re.compile(r"(alphaedit_lite|notebooks|tools|tests)\b")
    return {
        name if outside.match(name) else f"{BOOK if book.match(name) else PACKAGE}.{name}": source
        for name, source in short.items()
    }


GOOD = full({
    "alphaedit_lite": "from .editor import Editor",
    "solvers": "class Prior:\n    def _gain(self): ...\n    def gain(self): ...",
    "editor": "from . import solvers\nclass Editor(solvers.Prior): ...",
    "support.tokens": "def tokenise(tokenizer, text): return tokenizer(text)",
    "scale": "",
    "scale.plan": "import matplotlib\nfrom ..editor import Editor",
    "book": "from .. import Editor",
    "kit": "",
    "kit.plots": "import matplotlib\nclass Figure:\n    def _put(self): ...",
    "kit.defaults": "if __name__ == '__main__': ...",
    "kit.numbers": "",
    "ch01": "",
    "ch01.experiments": "from ... import Editor\nclass Own(Editor):\n    def gain(self): ...",
    "ch01.figures": "from ..kit.plots import show\nfrom .experiments import Own",
    "ch01.study_growth": "from .figures import x",
    "ch01.reference": "",
    "ch01.exercises": "from .reference import wilson",
    "ch01.exercises_long": "from .exercises import near",
    "ch02.results": "from ..ch01.reference import wilson",
    "ch02.widgets": "from ..kit.plots import Figure\nclass W(Figure):\n    def _put(self): ...",
    "notebooks.source.01_facts": "from alphaedit_lite.book.ch01 import figures, study_growth",
    "tools.build": "'import alphaedit_lite.book.kit.numbers'",
    "tests.chapters.ch01.test_all": "from alphaedit_lite.book.ch01 import exercises, study_growth",
})  # fmt: skip
TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "
CH01 = "alphaedit_lite.book.ch01"
# By rule: a module, a source of it that breaks the rule; whom the complaint must name, and what it must say.
MUTANTS = {
    core_stands_alone: [
        ("texts", "import matplotlib.pyplot", "texts", "must not import matplotlib"),
        ("texts", "def f():\n    from .scale.plan import plan", "texts", "scale.plan; move what"),
        ("texts", "import alphaedit_lite.book.kit.plots", "texts", "down into the core"),
        ("scale.plan", "from ..book import setup", "scale.plan", "scale must not import"),
    ],
    chapters_stand_alone: [
        ("ch02.results", "from ..ch01 import figures", "ch02.results", "what both need to kit"),
        ("kit.numbers", "from ..ch01.figures import x", "kit.numbers", "kit must not import"),
    ],
    kit_is_shared: [
        ("kit.new", "x = 1", "kit.new", "nobody uses it; delete it"),
        ("ch02.widgets", "x = 1", "kit.plots", "only ch01 uses it; move it there"),
    ],
    studies_stay_behind: [
        ("ch01.widgets", "from .study import x", "ch01.widgets", "to results, experiments or kit"),
        ("ch01.results", "from . import study_growth", "ch01.results", "study_growth"),
        ("ch01.results", "from .exercises import x", "ch01.results", "stand in reference"),
        ("notebooks.source.01_facts", f"import {CH01}.exercises", "source.01_facts", "stand in reference"),
    ],
    notebooks_use_their_chapter: [
        ("notebooks.source.02_memory", f"import {CH01}.figures", "02_memory", "what both need to kit"),
        ("notebooks.source.lab.02_memory", f"from {CH01} import figures", "lab.02_memory", "ch01.figures"),
    ],
    no_circles: [
        ("solvers", TYPES + "from .editor import Editor", "editor", "alphaedit_lite.solvers; move what both"),
        ("solvers", "def f():\n    from . import editor", "editor", "imports itself by way of"),
    ],
    private_is_private: [
        ("ch01.results", "from ... import Editor as E\nclass Mine(E):\n    def _gain(self): ...",
         "ch01.results", "Mine overrides _gain of the core"),
        ("ch01.results", "from .experiments import Own\nclass Mine(Own):\n    def _gain(self): ...",
         "ch01.results", "must be a public argument"),
    ],
    chapters_look_alike: [("ch01.protect", "", "ch01.protect", "a reader would not look here; merge it")],
    modules_are_short: [("ch01.results", "x = 1\n" * 251, "ch01.results", "251 lines; shorten or split")],
    tokenizers_are_called_once: [
        ("keys", "ids = lm.tokenizer('Rome')['input_ids']", "keys", "lm.tokenizer; call tokenise"),
        ("keys", "def f(tokenizer): return tokenizer('Rome')", "keys", "of support.tokens"),
        ("ch01.results", "ids = lm.tokenizer.encode('Rome')", "ch01.results", "lm.tokenizer.encode"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_good_tree_has_no_complaints(name):
    assert not list(RULES[name](GOOD))
    assert RULES[name] in MUTANTS


@pytest.mark.parametrize(
    ("broken", "module", "source", "blamed", "says"),
    [(rule.__name__, *mutant) for rule, mutants in MUTANTS.items() for mutant in mutants],
)
def test_a_broken_rule_is_reported_and_no_other(broken, module, source, blamed, says):
    sources = GOOD | full({module: source})
    found = [(name, complaint) for name, rule in RULES.items() for complaint in rule(sources)]
    ((name, complaint),) = found
    assert name == broken
    assert complaint.module.endswith(f".{blamed}")
    assert re.match(r"rule [1-9]: .*; .+\.$", complaint.says)
    assert says in complaint.says


@pytest.mark.parametrize(("names", "size"), [(ROAD, 190), ([f"m{i}" for i in range(13)], 240)])
def test_the_core_has_a_limit(names, size):
    large = full({name: "x = 1\n" * size for name in names})
    (complaint,) = modules_are_short(large)
    assert complaint.module == "alphaedit_lite"
    assert f"{size * len(names)} lines; shorten" in complaint.says
