"""The reference of the package, and which notebook teaches which function: both made from the source.

A function is *taught* by the notebook that calls it, or else by the notebook whose calls reach it in the fewest steps
through other functions, or else by the notebook of its folder, or else by that of the modules that import its module
or that it imports. All of this is derived from the source, so a new chapter or notebook is included without an edit.

Contents
--------
Package          what is public, and what calls what
teaching         notebooks -> names that each one teaches
write_pages      one page per module, with links to notebooks
overview         a module docstring without section titles
with_reference   a notebook with links to the reference at its end
"""

import ast
import json
import re
from collections import deque
from pathlib import Path


class Package:
    """Modules of a package, their public names, and their calls, read without importing anything.

    Parameters
    ----------
    folder : pathlib.Path
        The package's folder; its name is the package's name.
    """

    def __init__(self, folder):
        self.trees, self.public, self.calls = {}, {}, {}
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.trees[module] = ast.parse(path.read_text(encoding="utf-8"))
        for module, tree in self.trees.items():
            self.public[module] = [node.name for node in tree.body if _is_definition(node)
                                   and not node.name.startswith("_")
                                   and not module.endswith(".cli")]  # commands explain themselves by --help
        self.neighbours = {module: set() for module in self.trees}
        for module, tree in self.trees.items():
            for full in self.aliases(tree).values():
                other = full if full in self.trees else full.rsplit(".", 1)[0]
                if other in self.trees:
                    self.neighbours[other].add(module)
                    self.neighbours[module].add(other)
            aliases = self.aliases(tree) | {node.name: f"{module}.{node.name}" for node in tree.body
                                            if _is_definition(node)}
            for node in filter(_is_definition, tree.body):
                self.calls[f"{module}.{node.name}"] = self.mentioned(node, aliases)

    def aliases(self, tree):
        """Return local name -> full name of everything that a syntax tree imports from this package."""
        found = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        tops = {module.split(".")[0] for module in self.trees}
        return {name: full for name, full in found.items() if full.split(".")[0] in tops}

    def mentioned(self, tree, aliases):
        """Return the full names of the package's functions and classes that a syntax tree names."""
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                found.add(aliases.get(node.id))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.add(f"{aliases.get(node.value.id)}.{node.attr}")
        return {name for name in found if name and name.rsplit(".", 1)[0] in self.trees
                and name not in self.trees}

    def names(self):
        """Return the full names of everything public."""
        return [f"{module}.{name}" for module, names in self.public.items() for name in names]


def teaching(package, notebooks):
    """Return which public names each notebook teaches.

    Parameters
    ----------
    package : Package
        The package.
    notebooks : dict
        Name -> source code of its cells.

    Returns
    -------
    calls : dict
        Notebook -> sorted public names that it calls itself.
    taught : dict
        Public name -> list of notebooks: those that call it, else those nearest to it.
    """
    public, calls, distance = set(package.names()), {}, {}
    for notebook, source in notebooks.items():
        tree = ast.parse(source)
        roots = package.mentioned(tree, package.aliases(tree))
        calls[notebook] = sorted(roots & public)
        distance[notebook] = _reach(roots, package.calls)
    taught = {}
    for name in public:
        steps = {notebook: reached[name] for notebook, reached in distance.items() if name in reached}
        nearest = min(steps.values(), default=None)
        taught[name] = ([notebook for notebook in notebooks if steps.get(notebook) == nearest]
                        if steps else _of_its_folder(name, notebooks))
    known = {name.rsplit(".", 1)[0]: chapters for name, chapters in sorted(taught.items()) if chapters}
    for name in sorted(public):
        taught[name] = taught[name] or _of_its_neighbours(name.rsplit(".", 1)[0], package.neighbours, known)
    return calls, taught


def source_of(notebook):
    """Return the Python source of a notebook's code cells, magics left out."""
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    lines = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code").splitlines()
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))


def write_pages(package, taught, titles, folder):
    """Write a reference page per module and an index.

    Parameters
    ----------
    package : Package
        The package.
    taught : dict
        From :func:`teaching`.
    titles : dict
        Notebook -> its title.
    folder : pathlib.Path
        Where to write; notebooks are in ``notebooks/`` beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for module, names in package.public.items():
        if names:
            pages.append(module)
            text = _page(module, names, package, taught, titles)
            (folder / f"{module}.md").write_text(text, encoding="utf-8")
    rows = [f"| {{doc}}`{page} <{page}>` | {_first_line(package.trees[page])} |" for page in pages]
    (folder / "index.md").write_text("\n".join([
        "# The package, function by function", "",
        "Every public function and class, from its documentation in the source. Each entry names the notebook that",
        "teaches it; each notebook ends with links to the entries of what it calls.", "",
        "| module | what it is for |", "|---|---|", *rows, ""]), encoding="utf-8")


def with_reference(cells, names):
    """Return a notebook's cells with one more, which links to the reference of the names that it calls."""
    links = ", ".join(f"{{py:obj}}`{'.'.join(name.split('.')[-2:])} <{name}>`" for name in names)
    text = f"## In the reference\n\nFunctions and classes that this chapter calls: {links}."
    return [*cells, {"cell_type": "markdown", "id": "reference", "metadata": {}, "source": text}] if names else cells


def _is_definition(node):
    return isinstance(node, ast.FunctionDef | ast.ClassDef)


def _reach(roots, calls):
    steps, queue = dict.fromkeys(roots, 0), deque(sorted(roots))
    while queue:
        name = queue.popleft()
        for other in sorted(calls.get(name, ())):
            if other not in steps:
                steps[other] = steps[name] + 1
                queue.append(other)
    return steps


def _of_its_folder(name, notebooks):
    folders = name.split(".")[1:3]  # latentsampler.data.store, latentsampler.chapters.vocoder.mcnn
    return [notebook for notebook in notebooks if notebook.split("_", 1)[-1] in folders]


def _of_its_neighbours(module, neighbours, known):
    """Return what is known of the module itself, else of those one import away, else of those two away, and so on."""
    seen, level = {module}, [module]
    while level:
        for candidate in level:
            if candidate in known:
                return known[candidate]
        level = sorted({other for here in level for other in neighbours[here]} - seen)
        seen |= set(level)
    return []


def _page(module, names, package, taught, titles):
    lines = [f"# {module.split('.', 1)[-1]}", "", "````{eval-rst}", f".. py:module:: {module}", "",
             overview(package.trees[module]), ""]
    for name in names:
        node = next(node for node in package.trees[module].body if _is_definition(node) and node.name == name)
        kind = "autoclass" if isinstance(node, ast.ClassDef) else "autofunction"
        lines += [f".. {kind}:: {module}.{name}", *(["   :members:"] if kind == "autoclass" else []), ""]
        chapters = ", ".join(f":doc:`{titles[notebook]} </notebooks/{notebook}>`"
                             for notebook in taught[f"{module}.{name}"])
        lines += [f"   *Taught in* {chapters}.", ""] if chapters else []
    return "\n".join([*lines, "````", ""])


def overview(tree):
    """Return a module docstring as restructured text without section titles, which no directive may hold."""
    text = re.sub(r"\nContents\n-+\n.*?(?=\n\n|\Z)", "", ast.get_docstring(tree) or "", flags=re.DOTALL)
    return re.sub(r"(?m)^(\w[^\n]*)\n[-=]{4,}$", r"**\1**\n", text)


def _first_line(tree):
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`").replace("|", "\\|")
