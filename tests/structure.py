"""The structure of the house in figures, to be looked at: `python -m tests.structure`.

It reads the source as text and imports nothing of it, so that two commits can be compared:
`python -m tests.structure --root=FOLDER`. Each figure is followed by what it counts.
"""

import argparse
import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]

# The floors, lowest first; a folder's floor is that of its longest prefix here.
FLOORS = {
    1: ("dlfun.layers", "dlfun.stats", "dlfun.types", "dlfun.errors", "dlfun.keys"),
    2: ("dlfun.models", "dlfun.objectives", "dlfun.data"),
    3: ("dlfun.config", "dlfun.learners"),
    4: ("dlfun.records", "dlfun.training"),
    5: ("dlfun.results", "dlfun.studies", "dlfun.inference", "dlfun.benchmark"),
    6: ("dlfun.report", "dlfun.tracking"),
    7: (
        "dlfun.cli",
        "dlfun.__main__",
        "dlfun.api",
        "dlfun.judgement",
        "dlfun.study",
        "dlfun.trained",
    ),
    8: ("experiments",),
}
LOOSE = 1  # the floor of other files directly in dlfun/
SPLIT = ("dlfun.data", "dlfun.report", "dlfun.studies")  # whose folders are rooms of their own
# Names that only their table may compare with.
MODELS = ("perceptron", "softmax", "bpnn", "cnn", "rnn", "vae")
TASKS = ("classification", "regression", "sequence_labelling", "generation", "next_token")
SCRIPTS = ("benchmark", "compare", "reproduce", "searches", "sweep")  # train is a split, too
NAMES = {*MODELS, *TASKS, *SCRIPTS}
TABLES = ("dlfun/models/__init__.py", "dlfun/objectives/tasks.py")

Graph = dict[str, list[str]]


def sources(root: Path) -> dict[str, Path]:
    """The modules of dlfun and its scripts: name to file."""
    paths = [*root.glob("dlfun/**/*.py"), *root.glob("experiments/**/*.py")]
    names = [path.relative_to(root).with_suffix("").parts for path in paths]
    return {
        ".".join(n[:-1] if n[-1] == "__init__" else n): p
        for n, p in sorted(zip(names, paths, strict=True))
    }


def imported(tree: ast.Module, modules: dict[str, Path]) -> Iterator[str]:
    """The modules of ours that a file imports, at its head or in a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in modules or node.module in modules:
                    yield name if name in modules else node.module


def circles(graph: Graph) -> list[list[str]]:
    """Strongly connected components of two members or more (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            place = stack.index(node)
            components.append(stack[place:])
            del stack[place:]

    sys.setrecursionlimit(10_000)
    for node in graph:
        if node not in index:
            visit(node)
    return [component for component in components if len(component) > 1]


def floor(module: str) -> int:
    """The floor that a module lives on."""
    for number, prefixes in FLOORS.items():
        if any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes):
            return number
    return LOOSE


def room(module: str, path: Path) -> str:
    """The room of a module: a folder below dlfun/, or one below studies/, report/ or data/."""
    if path.name == "__init__.py" and module in SPLIT:
        return f"{module} (table)"
    parts = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    deep = 3 if ".".join(parts[:2]) in SPLIT else 2
    return ".".join(parts[:deep])


def against_floors(graph: Graph) -> list[str]:
    """Imports from a lower floor to a higher one; `dlfun` itself is the public page."""
    return [
        f"{one} -> {other}"
        for one, others in graph.items()
        for other in others
        if one != "dlfun" and other != "dlfun" and floor(other) > floor(one)
    ]


def rooms_graph(graph: Graph, modules: dict[str, Path]) -> Graph:
    """The imports between rooms of one floor."""
    rooms: dict[str, set[str]] = {room(m, p): set() for m, p in modules.items()}
    for one, others in graph.items():
        if one == "dlfun":  # the public page, which no floor imports
            continue
        here = room(one, modules[one])
        there = {room(other, modules[other]) for other in others if floor(other) == floor(one)}
        rooms[here] |= there - {here}
    return {name: sorted(others) for name, others in rooms.items()}


def length(node: ast.FunctionDef) -> int:
    """The lines of a function without its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    doc = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - doc


def strings(node: ast.AST) -> set[str]:
    """The texts in one side of a comparison."""
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and n.value in NAMES}


def compared(tree: ast.Module) -> Iterator[tuple[int, set[str]]]:
    """The lines that compare with the name of a model, a task or a script."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            found = set().union(*(strings(s) for s in sides if not isinstance(s, ast.Call)))
        elif isinstance(node, ast.MatchValue):
            found = strings(node)
        else:
            continue
        if found:
            yield node.lineno, found


def docstrings(tree: ast.Module) -> set[int]:
    """The identities of the constants that are docstrings."""
    kinds = (ast.Module, ast.FunctionDef, ast.ClassDef)
    statements = (n for node in ast.walk(tree) if isinstance(node, kinds) for n in node.body)
    return {id(n.value) for n in statements if isinstance(n, ast.Expr)}


def flags_in_messages(tree: ast.Module) -> Iterator[int]:
    """The lines whose texts, docstrings aside, speak of a flag."""
    documented = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):  # a name may follow in braces
            parts = (part for part in node.values[:-1] if isinstance(part, ast.Constant))
            yield from (part.lineno for part in parts if part.value.endswith("--"))
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) not in documented and re.search(r"(?<![\w-])--[a-z]", node.value):
            yield node.lineno


def wide(node: ast.FunctionDef) -> bool:
    """Whether a function takes more than six parameters; those by keyword alone are the page's."""
    arguments = node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    return len([n for n in names if n not in ("self", "cls")]) > 6


def picture(modules: dict[str, Path], lines: dict[str, int], graph: Graph) -> str:
    """The floors, highest first, with the share of the source that lies in each room of them."""
    total, stories = sum(lines.values()), []
    for number in sorted(FLOORS, reverse=True):
        rooms: dict[str, int] = {}
        for module in (m for m in modules if floor(m) == number):
            name = room(module, modules[module]).removeprefix("dlfun.").replace(".", "/")
            name = "(loose files)" if name == "dlfun" else name
            rooms[name] = rooms.get(name, 0) + lines[module]
        shares = (f"{n} {100 * c / total:.1f}" for n, c in sorted(rooms.items()))
        text = textwrap.fill(", ".join(shares), 84, subsequent_indent="      |  ")
        stories.append(f"  {number}   |  {text}\n" + "      |")
    down = sum(floor(o) < floor(m) for m in graph for o in graph[m])
    return "\n".join([*stories, f"{down} imports point down; numbers are per cent of the source"])


def show(title: str, lines: list[str], details: bool) -> None:
    """One figure, and what it counts."""
    print(f"{len(lines):6}  {title}")
    if details:
        print("".join(f"          {line}\n" for line in lines), end="")


def figures(root: Path, details: bool, drawn: bool) -> None:
    """Prints all figures of a clone, or the picture of its floors alone."""
    modules = sources(root)
    texts = {module: path.read_text() for module, path in modules.items()}
    trees = {module: ast.parse(text) for module, text in texts.items()}
    names = {module: str(path.relative_to(root)) for module, path in modules.items()}
    graph = {m: sorted(set(imported(tree, modules)) - {m}) for m, tree in trees.items()}
    lines = {module: text.count("\n") for module, text in texts.items()}
    if drawn:
        print(picture(modules, lines, graph))
        return
    total = sum(lines.values())
    functions = [
        (f"{names[module]}:{node.lineno} {node.name}", node)
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    print(f"{total:6}  lines of source in {len(modules)} files")
    hashes = sum(len(re.findall(r"(?m)^\s*#|  # ", text)) for text in texts.values())
    print(f"{100 * hashes / total:6.1f}  percent of lines with a comment")
    show("circles of imports", [", ".join(c) for c in circles(graph)], details)
    show("imports against the floors", against_floors(graph), details)
    between = circles(rooms_graph(graph, modules))
    show("circles between rooms of one floor", [", ".join(c) for c in between], details)
    long = [f"{name}: {length(node)}" for name, node in functions if length(node) > 40]
    show("functions over 40 lines, docstrings aside", long, details)
    show("functions of more than six parameters", [n for n, f in functions if wide(f)], details)
    large = [f"{names[m]}: {count}" for m, count in lines.items() if count > 250]
    show("files over 250 lines", large, details)
    comparisons = [
        f"{names[module]}:{line} {', '.join(sorted(found))}"
        for module, tree in trees.items()
        if names[module] not in TABLES
        for line, found in compared(tree)
    ]
    show("comparisons with names of models, tasks and scripts", comparisons, details)
    messages = [
        f"{names[module]}:{line}"
        for module, tree in trees.items()
        if floor(module) < 7
        for line in flags_in_messages(tree)
    ]
    show("messages below the command line that speak of flags", messages, details)
    rooms: dict[str, int] = {}
    for module, count in lines.items():
        name = room(module, modules[module])
        rooms[name] = rooms.get(name, 0) + count
    print("percent of the source by room:")
    for name, count in sorted(rooms.items(), key=lambda item: -item[1]):
        print(f"{100 * count / total:6.1f}  {name}")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=HERE, help="the clone to be counted")
    parser.add_argument("--details", action="store_true", help="name what is counted")
    parser.add_argument("--picture", action="store_true", help="draw the floors, and no figures")
    arguments = parser.parse_args()
    figures(arguments.root, arguments.details, arguments.picture)


if __name__ == "__main__":
    main()
