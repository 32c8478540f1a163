"""Random Jinja2 templates of the subset that naas supports, with random data, and how a difference is made small."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]
Texts = dict[str, str]

NAMES = ["Ethernet1", "ethernet10", "Vlan20", "leaf2", "a b", "", "x-1", "10", "Ünï"]


@dataclass
class Node:
    """A piece of a template: text, expressions and bodies in turn."""

    parts: list["str | Node | list[Node]"]

    def __str__(self) -> str:
        return "".join("".join(map(str, part)) if isinstance(part, list) else str(part) for part in self.parts)


@dataclass
class Case:
    """Templates by path, of which `t.j2` is rendered, and their data."""

    templates: dict[str, list[Node]]
    data: Data

    def texts(self) -> Texts:
        """The templates as they are written."""
        return {path: "".join(map(str, body)) for path, body in self.templates.items()}


def case(seed: int) -> Case:
    """The case of this number, always the same."""
    return _Maker(random.Random(seed)).case()


@dataclass
class _Maker:
    random: random.Random
    depth: int = 0
    bound: list[str] = field(default_factory=list)
    macros: list[str] = field(default_factory=list)
    loops: int = 0
    captured: bool = False
    main: bool = True

    def case(self) -> Case:
        data = self.data()
        self.main = False
        part, module = self.body(2), [*self.body(1), self.macro("shared")]
        self.main, self.bound, self.macros = True, [], []
        return Case({"t.j2": self.body(5), "p.j2": part, "m.j2": module}, data)

    def data(self) -> Data:
        pick = self.random.choice
        return {
            "n": self.random.randint(-3, 40),
            "s": pick(NAMES),
            "names": [pick(NAMES) for _ in range(self.random.randint(0, 4))],
            "nums": [self.random.randint(-5, 99) for _ in range(self.random.randint(0, 4))],
            "items": [self.item() for _ in range(self.random.randint(0, 3))],
            "m": {pick("abcd"): pick([1, "x", True, None, [1, 2], {"k": "v"}]) for _ in range(self.random.randint(0, 3))},
            "flag": pick([True, False]),
            "none": None,
        }

    def item(self) -> Data:
        item: Data = {"id": self.random.randint(1, 99), "name": self.random.choice(NAMES)}
        if self.random.random() < 0.5:
            item["tags"] = [self.random.choice(NAMES) for _ in range(self.random.randint(0, 2))]
        return item

    def body(self, most: int) -> list[Node]:
        return [self.statement() for _ in range(self.random.randint(1, most))]

    def inner(self) -> list[Node]:
        self.depth += 1
        names = list(self.bound)
        body = self.body(2)
        self.bound = names
        self.depth -= 1
        return body

    def captured_body(self) -> list[Node]:
        before, self.captured = self.captured, True
        body = self.inner()
        self.captured = before
        return body

    def sign(self) -> tuple[str, str]:
        return self.random.choice(["", "", "", "-"]), self.random.choice(["", "", "", "-"])

    def tag(self, *parts: "str | Node") -> list["str | Node | list[Node]"]:
        before, behind = self.sign()
        return ["{%" + before + " ", *parts, " " + behind + "%}"]

    def statement(self) -> Node:
        simple: list[Callable[[], Node]] = [self.text, self.text, self.output, self.output, self.output, self.set]
        nested: list[Callable[[], Node]] = [
            self.condition, self.loop, self.loop, self.set_block, self.with_, self.filter_, self.call, self.change,
        ]  # fmt: skip
        if self.main:
            nested += [self.include, self.import_]
        return self.random.choice(simple if self.depth > 2 else simple + nested)()

    def text(self) -> Node:
        return Node([self.random.choice(["a", " b\n", "\n", "  c ", "vlan 1\n   name x\n", "!\n"])])

    def output(self) -> Node:
        before, behind = self.sign()
        return Node(["{{" + before + " ", self.any(), " " + behind + "}}"])

    def set(self) -> Node:
        # Not a name of the data: Jinja2 takes one that is set later in a macro for undefined in the loops before.
        name = self.random.choice(["v", "w"])
        node = Node(self.tag("set ", name + " = ", self.any()))
        self.bound.append(name)
        return node

    def condition(self) -> Node:
        parts = [*self.tag("if ", self.bool()), self.inner()]
        if self.random.random() < 0.3:
            parts += [*self.tag("elif ", self.bool()), self.inner()]
        if self.random.random() < 0.5:
            parts += [*self.tag("else"), self.inner()]
        return Node([*parts, *self.tag("endif")])

    def loop(self) -> Node:
        name = self.random.choice(["x", "y", "v"])
        over, names = self.random.choice([(self.walked, name), (self.walked, name), (self.pairs, "k, " + name)])
        head: list[str | Node] = ["for ", names + " in ", over()]
        if self.random.random() < 0.2 and names == name:
            head += [" if ", Node([name + " is defined"])]
        self.loops += 1
        self.bound.append(name)
        body = self.inner()
        self.bound.remove(name)
        self.loops -= 1
        parts = [*self.tag(*head), body]
        if self.random.random() < 0.2:
            parts += [*self.tag("else"), self.inner()]
        return Node([*parts, *self.tag("endfor")])

    def set_block(self) -> Node:
        name = self.random.choice(["v", "w"])
        node = Node([*self.tag("set " + name), self.captured_body(), *self.tag("endset")])
        self.bound.append(name)
        return node

    def with_(self) -> Node:
        value = self.any()
        self.bound.append("w")
        body = self.inner()
        self.bound.remove("w")
        return Node([*self.tag("with w = ", value), body, *self.tag("endwith")])

    def filter_(self) -> Node:
        name = self.random.choice(["upper", "trim", "indent(2)", "replace('a', 'b')"])
        return Node([*self.tag("filter " + name), self.captured_body(), *self.tag("endfilter")])

    def macro(self, name: str) -> Node:
        before = self.bound, self.loops, self.captured
        self.bound, self.loops, self.captured = ["arg", "other"], 0, True
        body = self.inner()
        self.bound, self.loops, self.captured = before
        # naas refuses a default that reads an argument where the macro stands inside of another one.
        default = "1" if self.captured else self.int()
        return Node([*self.tag("macro " + name + "(arg, other=", default, ")"), body, *self.tag("endmacro")])

    def call(self) -> Node:
        name = f"m{len(self.macros)}"
        node = self.macro(name)
        self.macros.append(name)
        return Node([node, "{{ " + name + "(", self.any(), ") }}"])

    def include(self) -> Node:
        # Jinja2 3.1.6 writes what is included without context past a text that is being captured.
        how = self.random.choice(["", "", *([] if self.captured else [" without context"]), " with context", " ignore missing"])
        return Node(self.tag("include 'p.j2'" + how))

    def import_(self) -> Node:
        how = self.random.choice(["", " with context"])
        if self.random.random() < 0.5:
            return Node([*self.tag("import 'm.j2' as mod" + how), "{{ mod.shared(", self.any(), ") }}"])
        return Node([*self.tag("from 'm.j2' import shared as there" + how), "{{ there(", self.any(), ") }}"])

    def change(self) -> Node:
        kind = self.random.randrange(4)
        if kind == 0:
            return Node(self.tag("do names.append(", self.random.choice([self.int, self.str])(), ")"))
        if kind == 1:
            return Node(self.tag("do m.update({'z': ", self.random.choice([self.int, self.str])(), "})"))
        if kind == 2:
            return Node([*self.tag("set l = [1, ", self.random.choice([self.int, self.str])(), "]"), *self.tag("do l.append(", self.random.choice([self.int, self.str])(), ")"), "{{ l }}"])
        return Node([*self.tag("for i in items"), *self.tag("do i.update({'seen': ", self.random.choice([self.int, self.str])(), "})"), *self.tag("endfor"), "{{ items }}"])

    def any(self) -> Node:
        makers: list[Callable[[], Node]] = [self.int, self.str, self.str, self.list, self.map, self.bool, self.variable]
        return self.random.choice(makers)()

    def whole(self) -> Node:
        """A value that is surely defined: what holds an undefined prints the word Undefined in Python."""
        return self.random.choice([self.int, self.str, self.bool, lambda: Node([self.random.choice(["n", "s", "names", "m", "none"])])])()

    def variable(self) -> Node:
        names = ["n", "s", "names", "nums", "items", "m", "flag", "none", "typo", "host.name", "m.a", "m['b']", "items[0].id", "model.n"]
        if self.loops:
            names += ["loop.index", "loop.first", "loop.last", "loop.length", "loop.revindex0"]
        return Node([self.random.choice(names + self.bound * 3)])

    def simple(self, *makers: Callable[[], Node]) -> Node:
        """One of these, unless the expression is deep enough."""
        self.depth += 1
        node = self.random.choice(makers if self.depth < 6 else makers[:1])()
        self.depth -= 1
        return node

    def int(self) -> Node:
        return self.simple(
            lambda: Node([self.random.choice(["n", "1", "7", "0", "12"])]),
            lambda: Node(["(", self.int(), self.random.choice([" + ", " - ", " * "]), self.int(), ")"]),
            lambda: Node(["(", self.int(), self.random.choice([" // ", " % ", " / "]), self.int(), ")"]),
            lambda: Node(["(-", self.int(), ")"]),
            lambda: Node(["(", self.list(), " | length)"]),
            lambda: Node(["(", self.str(), " | int)"]),
            lambda: Node(["((nums + [1]) | ", self.random.choice(["sum", "max", "min", "first", "last"]), ")"]),
            lambda: Node(["(", self.int(), " | abs)"]),
        )

    def str(self) -> Node:
        return self.simple(
            lambda: Node([self.random.choice(["s", "'a'", "'B c'", "'Ethernet1'", "''", '"it\'s"', "host.name"])]),
            lambda: Node(["(", self.str(), " ~ ", self.any(), ")"]),
            lambda: Node(["(", self.str(), " + ", self.str(), ")"]),
            lambda: Node(["(", self.str(), " | ", self.random.choice(["upper", "lower", "title", "capitalize", "trim", "string"]), ")"]),
            lambda: Node([self.str(), self.random.choice([".upper()", ".strip()", ".zfill(4)", ".replace('a', 'b')", ".title()", ".center(6)"])]),
            lambda: Node(["(", self.list(), " | join('", self.random.choice([",", "-", " "]), "'))"]),
            lambda: Node(["(", self.str(), " if ", self.bool(), " else ", self.str(), ")"]),
            lambda: Node(["('%s-%s' % (", self.any(), ", ", self.int(), "))"]),
            lambda: Node(["(", self.variable(), " | default(", self.str(), "))"]),
            # Jinja2 works out constants when it compiles, also where they are never used.
            lambda: Node(["s", self.random.choice(["[0]", "[1:]", "[:2]", "[-1]", "[::-1]"])]),
        )

    def list(self) -> Node:
        return self.simple(
            lambda: Node([self.random.choice(["names", "nums", "items", "[]", "[1, 2]"])]),
            lambda: Node(["[", self.whole(), ", ", self.whole(), "]"]),
            lambda: Node(["(", self.list(), " + ", self.list(), ")"]),
            lambda: Node(["(", self.list(), " | ", self.random.choice(["list", "reverse | list"]), ")"]),
            lambda: Node(["(", self.random.choice(["names", "nums"]), " | ", self.random.choice(["sort", "sort(reverse=true)", "unique | list"]), ")"]),
            lambda: Node(["(items | ", self.random.choice(["map(attribute='id') | list", "selectattr('tags', 'defined') | list", "sort(attribute='id')"]), ")"]),
            lambda: Node(["(names | arista.avd.natural_sort)" if self.random.random() < 0.3 else "(names | map('upper') | list)"]),
            lambda: Node(["(", self.str(), ".split(' '))"]),
            lambda: Node([self.list(), self.random.choice(["[1:]", "[:1]", "[::-1]", "[:-1]"])]),
            lambda: Node(["(m.keys() | list)"]),
        )

    def walked(self) -> Node:
        """A copy of a list: Python never ends a loop over a list that grows in it."""
        return Node(["(", self.list(), " | list)"])

    def pairs(self) -> Node:
        return Node([self.random.choice(["m.items()", "(m | dictsort)", "{'a': 1, 'b': [2]}.items()"])])

    def map(self) -> Node:
        return self.simple(
            lambda: Node([self.random.choice(["m", "{}", "{'a': 1}"])]),
            lambda: Node(["{'k': ", self.whole(), "}"]),
            lambda: Node(["dict(a=", self.whole(), ")"]),
        )

    def bool(self) -> Node:
        return self.simple(
            lambda: Node([self.random.choice(["flag", "true", "false"])]),
            lambda: Node(["(", self.int(), self.random.choice([" == ", " != ", " < ", " >= "]), self.int(), ")"]),
            lambda: Node(["(", self.any(), self.random.choice([" == ", " != "]), self.any(), ")"]),
            lambda: Node(["(", self.str(), self.random.choice([" == ", " < "]), self.str(), ")"]),
            lambda: Node(["(", self.bool(), self.random.choice([" and ", " or "]), self.any(), ")"]),
            lambda: Node(["(not ", self.any(), ")"]),
            lambda: Node(["(", self.whole(), self.random.choice([" in ", " not in "]), self.list(), ")"]),
            lambda: Node(["(", self.str(), " in ", self.str(), ")"]),
            lambda: Node(["(", self.variable(), " is ", self.random.choice(["defined", "undefined", "none", "string", "number", "mapping", "sequence"]), ")"]),
            lambda: Node(["(", self.int(), " is ", self.random.choice(["odd", "even", "divisibleby(3)"]), ")"]),
        )


def shrunk(made: Case, differs: Callable[[Case], bool], tries: int = 600) -> Case:
    """A small case that still differs."""
    changed = True
    while changed and tries > 0:
        changed = False
        for undo in _smaller(made):
            tries -= 1
            if differs(made):
                changed = True
                break
            undo()
            if tries <= 0:
                break
    return made


def _smaller(made: Case) -> Iterator[Callable[[], None]]:
    """Makes the case smaller in one place after the other; what comes back undoes the change."""
    for body in made.templates.values():
        yield from _smaller_body(body)
    for key in list(made.data):
        value = made.data.pop(key)
        yield lambda key=key, value=value: made.data.update({key: value})  # type: ignore[misc]


def _smaller_body(body: list[Node]) -> Iterator[Callable[[], None]]:
    for at in range(len(body) - 1, -1, -1):
        node = body.pop(at)
        yield lambda at=at, node=node: body.insert(at, node)  # type: ignore[misc]
        for inner in [part for part in node.parts if isinstance(part, list)]:
            body[at : at + 1] = inner
            yield lambda at=at, node=node, inner=inner: body.__setitem__(slice(at, at + len(inner)), [node])  # type: ignore[misc]
        yield from _smaller_node(node)


def _smaller_node(node: Node) -> Iterator[Callable[[], None]]:
    for at, part in enumerate(node.parts):
        if isinstance(part, list):
            yield from _smaller_body(part)
        elif isinstance(part, Node):
            for simpler in [Node(["1"]), *(below for below in part.parts if isinstance(below, Node))]:
                if str(simpler) != str(part):
                    node.parts[at] = simpler
                    yield lambda at=at, part=part: node.parts.__setitem__(at, part)  # type: ignore[misc]
            yield from _smaller_node(part)
