"""One sentence per line in the prose of the sources: `python -m tools.reflow [--check] [FILE …]`.

Joins paragraphs, list items and the texts of <details>, and breaks them after each sentence, long ones at their
clauses too. Headings, tables, code, formulas, links and ``[[marks]]`` stay whole, and if the HTML would change by
more than white space, it stops. ``--check`` writes nothing, and exits with 1 if there is something to do."""

import re
import sys
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LONG, WIDTH = 110, 118  # a sentence to be broken; the longest line (120 with its "# ")
MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)
GLUE = "\0"  # stands for a space at which no line may end
WHOLE = (
    r"\[\[.+?\]\]|(`+).+?\1(?!`)|\$[^$]+\$|!?\[[^\]]*\]\([^)]*\)|</?\w[^<>]*>",  # marks, code, math, links, tags
    r"(?<!\S)(?:\*\*[^*]{1,80}\*\*|\*[^*\s][^*]{0,80}\*|\([^()]{1,30}\))",  # short: bold, italic, in brackets
    r"\S+(?: [=+−<>≈≠≤≥×·∘⊙→∈] \S+)+|\b(?i:chapter|section|layer|step|figure|exercise|block)s? (?=\d)",
)
CLOSED = re.compile(r"(?:[*_\"”')\]]|</\w+>)+$")
ABBREVIATION = re.compile(r"\b(e\.g|i\.e|cf|vs|al|ch|eq|[Ff]ig|No|approx)\.$|\.\.$")
CAPITAL = re.compile(r"[*_\"“'(\[]*(<\w+>)?([^\W_a-z]|[‖√∂∑$`\[|]|[a-z](?![\w'’]))")  # or a formula
# No line may begin like a heading, list, quote, table, comment, fence or HTML block.
TRAP = re.compile(r"[-+#>|=~%]|\*$|(\d+|\[\[.*\]\])[.)]|```|\$\$|</?[a-zA-Z!?]")
CLAUSE = " and or but nor so yet which that who whose because if when where while since unless until whether "
SMALL = " as for than then not with without from in into on of at by to under over between after before per "


def prices(words: list[str]) -> list[tuple[float, float]]:
    """For each word, what it costs to begin a line there, and what it costs not to."""
    out: list[tuple[float, float]] = [(0, 0)]
    inside = quoted = 0
    for before, after in pairwise(words):
        inside += before.count("(") - before.count(")")
        quoted += before.count('"')
        mark, word = CLOSED.sub("", before)[-1:] or "*", f" {after.strip('*_(').lower()} "
        capital, colon = bool(CAPITAL.match(after)), mark in ":;"
        sentence = mark in ".?!" and not ABBREVIATION.search(before) and (capital or before[-1] == ".")
        pause = mark in ",–—" or after in "–—" or before[-1] == ")" or after.count("(") > after.count(")")
        hanging = f" {before.lower()} " in CLAUSE + SMALL  # it would stand at the end of the line before
        clause, small = word in CLAUSE and not hanging, word in SMALL
        cost = 0 if sentence or colon else 18 - 6 * clause if pause else 80 - 60 * clause - 35 * small
        cost += 20 * hanging + 12 * (not sentence) * ((inside > 0) + quoted % 2)
        trap = TRAP.match(after) or mark == "\\"
        out.append((float("inf"), 0) if trap else (cost, 100 * sentence or 15 * (colon and capital)))
    return out


def lines_of(text: str, room: int = WIDTH) -> str:
    """A paragraph in lines of up to ``room`` characters: the cheapest way to break it."""
    text = " ".join(text.split())
    for pattern in WHOLE:
        text = re.sub(pattern, lambda found: found[0].replace(" ", GLUE), text)
    words = text.split(" ")
    price = prices(words)
    best: list[tuple[float, list[str]]] = [(0, [])]  # for the first words, as many as the index says
    for end in range(1, len(words) + 1):
        ways, line, kept = [], "", 0.0
        for start in reversed(range(max(0, end - 60), end)):
            line = f"{words[start]} {line}".rstrip(" ")
            size, alone = len(line), line.count(" ") + line.count(GLUE) < 2 or len(line) < 20
            cost = best[start][0] + price[start][0] + kept + max(0, 60 - size) ** 2 / 40 + (size / 100) ** 2
            cost += 500 * alone + 3 * max(0, size - LONG) + 20 * max(0, size - room)
            ways.append((cost, [*best[start][1], line]))
            kept += price[start][1]
        best.append(min(ways))
    return "\n".join(best[-1][1]).replace(GLUE, " ")


def reflow(text: str) -> str:
    """Markdown with one sentence per line. Raises ValueError if it would not mean the same."""
    lines, tokens = text.split("\n"), MARKDOWN.parse(text)
    for n, token in reversed(list(enumerate(tokens))):
        content, first = token.content.strip("\n"), token.map[0] if token.map else 0
        old = slice(first, first + content.count("\n") + 1)
        texts = re.match(r"</?details(?!.*<pre)", content, re.S) and lines[old] == content.split("\n")
        if token.type == "html_block" and texts:
            parts = re.split(r"\n(?=</?details)|(?<=</summary>)\n|(?<=</details>)\n", content)
            parts = [" ".join(part.split()) for part in parts]
            new = "\n".join(p if "<summary>" in p and len(p) <= WIDTH else lines_of(p) for p in parts)
            lines[old] = new.split("\n")
        elif token.type == "inline" and tokens[n - 1].type == "paragraph_open":
            opening = lines[first].rstrip().removesuffix(content.split("\n")[0].rstrip())  # "> * "
            if not re.search(r"\$\$|\\\n|  \n", content):  # not among formulas and hard breaks
                new = lines_of(content, WIDTH - len(opening))
                lines[old] = (opening + new.replace("\n", "\n" + re.sub(r"[^>]", " ", opening))).split("\n")
    new = "\n".join(lines)
    if MARKDOWN.render(new).split() != MARKDOWN.render(text).split():
        raise ValueError(f"This would no longer mean the same: {text[:200]!r}")
    return new


def reflow_source(text: str) -> str:
    """A source in percent format with its Markdown cells rewritten, and nothing else."""
    parts = re.split(r"^(# %% \[markdown\].*\n)((?:#(?! %%).*\n)+)", text, flags=re.M)
    for n in range(2, len(parts), 3):
        prose = reflow(re.sub(r"^# ?", "", parts[n], flags=re.M).removesuffix("\n"))
        parts[n] = re.sub(r"^# $", "#", re.sub(r"^", "# ", prose, flags=re.M), flags=re.M) + "\n"
    return "".join(parts)


if __name__ == "__main__":
    check, names, work = "--check" in sys.argv, [name for name in sys.argv[1:] if name != "--check"], 0
    for path in map(Path, names or sorted([*NOTEBOOKS.rglob("source/**/*.py"), *NOTEBOOKS.glob("*.md")])):
        old = path.read_text(encoding="utf-8")
        new = reflow_source(old) if path.suffix == ".py" else reflow(old)
        if new != old:
            print(f"{path}: {'run python -m tools.reflow' if check else 'rewritten'}")
            work = 1
            if not check:
                partial = path.with_suffix(".part")
                partial.write_text(new, encoding="utf-8")
                partial.replace(path)
    sys.exit(check and work)
