"""Compares functions of the standard library with Python, and tests command line options in programs."""

from typing import Any

import pytest

from convcalc.read.code.file import follow
from convcalc.read.code.language.values import Instance, Unknown

START = """
import math, itertools, functools, operator, collections, copy, json, string, types, dataclasses, argparse, os, sys
from collections import defaultdict, OrderedDict, namedtuple, Counter, deque
from functools import partial, reduce
from dataclasses import dataclass, field, asdict, replace
from types import SimpleNamespace
from pathlib import Path
import enum
Point = namedtuple("Point", "x y")
Q = namedtuple("Q", ["a", "b", "c"], defaults=[5])
p = Point(1, y=2)
@dataclass
class Cfg:
    units: int = 32
    dims: list = field(default_factory=lambda: [1, 2])
    name: str = "a"
c = Cfg(units=3)
class Color(enum.Enum):
    RED = enum.auto()
    BLUE = enum.auto()
def f(a, b=2, *r, k=3, **kw):
    return (a, b, r, k, kw)
d = defaultdict(list)
d["x"].append(1); d["y"].append(2); d["x"].append(3)
n = defaultdict(int)
for ch in "hello": n[ch] += 1
cnt = Counter("hello world")
q = deque([1,2,3]); q.append(4); q.appendleft(0); q.popleft()
ns = SimpleNamespace(a=1, b=[2])
def make(argv=None):
    parser = argparse.ArgumentParser(description="x")
    parser.add_argument("--filters", type=int, default=24, help="h")
    parser.add_argument("--lr", type=float, default="0.5")
    parser.add_argument("--act", choices=["relu", "elu"], default="elu")
    parser.add_argument("--batch-size", "-b", type=int, default=64)
    parser.add_argument("--bn", action="store_true")
    parser.add_argument("--no-head", dest="head", action="store_false")
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--none")
    parser.add_argument("pos", nargs="?", default="p")
    g = parser.add_argument_group("g")
    g.add_argument("--width", default=1.5, type=float)
    m = parser.add_mutually_exclusive_group()
    m.add_argument("-q", action="store_true")
    m.add_argument("-v", "--verbose", action="count", default=0)
    parser.add_argument("--const", action="store_const", const=5)
    parser.add_argument("--flag", action=argparse.BooleanOptionalAction, default=True)
    parser.set_defaults(extra=7)
    return parser
args = make().parse_args([])
args2 = make().parse_args(["--filters", "3", "--bn", "--lr=2", "--sizes", "4", "5", "--no-flag", "--no-head", "-q"])
args3, rest = make().parse_known_args([])
os.environ["A_B"] = "7"
"""
# Each line is an expression. Python computes the expected result.
EXPRESSIONS = r"""
math.ceil(7/2)
math.floor(-2.5)
math.sqrt(16)
math.log2(8)
math.log(8, 2)
math.pi
math.gcd(12, 18)
math.factorial(5)
math.comb(5, 2)
math.prod([2,3,4])
math.isclose(1.0, 1.0)
math.pow(2, 3)
math.inf
math.isqrt(17)
list(itertools.product([1,2],[3,4]))
list(itertools.product([0,1], repeat=3))
list(itertools.chain([1],[2,3]))
list(itertools.chain.from_iterable([[1],[2,3]]))
list(itertools.combinations([1,2,3],2))
list(itertools.permutations([1,2,3]))
list(itertools.permutations([1,2,3],2))
list(itertools.zip_longest([1,2],[3]))
list(itertools.zip_longest([1,2],[3],fillvalue=0))
list(itertools.islice([1,2,3,4],2))
list(itertools.islice([1,2,3,4],1,None,2))
list(itertools.accumulate([1,2,3]))
list(itertools.accumulate([1,2,3],operator.mul))
list(itertools.accumulate([1,2,3],lambda a,b:a*b, initial=10))
list(itertools.repeat(3,2))
list(itertools.starmap(pow,[(2,3),(3,2)]))
[(k,list(v)) for k,v in itertools.groupby([1,1,2])]
list(itertools.pairwise([1,2,3]))
partial(f, 1, k=5)(2)
partial(f, k=5)(1, k=6)
reduce(lambda a,b:a+b,[1,2,3])
reduce(operator.mul,[1,2,3],10)
operator.add(1,2)
operator.itemgetter(1)([5,6])
sorted([(1,'b'),(0,'a')],key=operator.itemgetter(0))
operator.attrgetter('units')(c)
dict(d)
dict(n)
n['zz']
dict(cnt)
cnt.most_common(2)
cnt['zzz']
[w for w,_ in cnt.most_common(3)]
len(cnt)
list(q)
len(q)
p.x
p[1]
p._asdict()
list(p)
len(p)
p._replace(x=9).x
Point._fields
Q(1,2).c
[a for a in p]
OrderedDict([('a',1)])
OrderedDict(a=1)['a']
asdict(c)
replace(c, units=9).units
[x.name for x in dataclasses.fields(c)]
c.dims
Color.RED.value
Color.BLUE.name
[m.value for m in Color]
ns.a
vars(ns)
vars(args)
vars(args2)
vars(args3)
rest
args.batch_size
getattr(args,'nope',4)
hasattr(args,'filters')
make().get_default('filters')
copy.deepcopy([1,[2]])
copy.copy({'a':1})
copy.deepcopy(c).dims
json.loads('{"a":[1,2,{"b":null}]}')
json.dumps({"a":[1,2]})
json.dumps({"b":1,"a":2},sort_keys=True,indent=1)
string.ascii_lowercase
os.path.join('a','b')
os.path.basename('/a/b.c')
os.path.splitext('a/b.c')
os.path.dirname('/a/b')
os.environ.get('NOPE_X','3')
os.environ.get('A_B')
os.environ['A_B']
os.getenv('NOPE_X','d')
int(os.environ.get('NOPE_X', 5))
Path('a/b.txt').stem
(Path('a')/'b.txt').name
Path('a','b').parts
Path('a/b.txt').with_suffix('.x').name
types.SimpleNamespace(x=1).x
argparse.Namespace(x=1).x
"""


def plain(value: Any) -> Any:
    """Converts a value of a program to lists and dicts."""
    if isinstance(value, Instance):
        return plain(value.attributes)
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(plain, value))
    return value


@pytest.fixture(scope="module")
def python() -> dict[str, Any]:
    variables: dict[str, Any] = {"__name__": "program"}
    exec(START, variables)
    return variables


@pytest.mark.parametrize("expression", EXPRESSIONS.split("\n")[1:-1])
def test_expression(expression: str, python: dict[str, Any]) -> None:
    program = follow(f"{START}\nresult = {expression}\n", "program.py")
    assert plain(program.main.variables["result"]) == plain(eval(expression, dict(python)))


def value_of(text: str, name: str, **settings: Any) -> Any:
    return follow(text, "program.py", settings=settings).main.variables[name]


PARSER = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--units", type=int, default=32)
parser.add_argument("--classes", type=int, required=True)
args = parser.parse_args()
units, classes = args.units, args.classes
"""
FLAGS = """
from absl import app, flags
FLAGS = flags.FLAGS
flags.DEFINE_integer("units", 32, "help")
RATE = flags.DEFINE_float("rate", 0.5, "help")
flags.DEFINE_string("needed", None, "help", required=True)
def main(argv):
    global units, rate
    units, rate = FLAGS.units, RATE.value
if __name__ == "__main__":
    app.run(main)
"""
CLICK = """
import click
@click.command()
@click.option("--units", "-u", default=32)
@click.option("--deep/--shallow", default=True)
@click.argument("path")
def main(units, deep, path):
    global result
    result = (units, deep)
if __name__ == "__main__":
    main()
"""


def test_options_of_argparse_have_their_defaults_or_the_values_of_the_user() -> None:
    assert value_of(PARSER, "units") == 32
    assert value_of(PARSER, "units", units=8) == 8
    assert value_of(PARSER, "classes", classes=10) == 10
    unknown = value_of(PARSER, "classes")
    assert isinstance(unknown, Unknown) and "--set classes=" in unknown.reason


def test_flags_of_absl_have_their_defaults_or_the_values_of_the_user() -> None:
    assert (value_of(FLAGS, "units"), value_of(FLAGS, "rate")) == (32, 0.5)
    assert value_of(FLAGS, "units", units=8) == 8


def test_options_of_click_have_their_defaults_or_the_values_of_the_user() -> None:
    assert value_of(CLICK, "result") == (32, True)
    assert value_of(CLICK, "result", units=8) == (8, True)


def test_the_arguments_of_the_command_line_are_unknown() -> None:
    text = "import sys\nname = sys.argv[1]\nif len(sys.argv) < 2:\n    sys.exit('usage')\nlast = 3\n"
    assert isinstance(value_of(text, "name"), Unknown)
    assert value_of(text, "last") == 3


@pytest.mark.parametrize(
    "expression",
    [
        "itertools.product(range(1000), repeat=9)",
        "math.factorial(10**9)",
        "itertools.permutations(range(90))",
        "itertools.repeat(1, 10**12)",
    ],
)
def test_results_that_are_too_large_are_unknown(expression: str) -> None:
    assert isinstance(value_of(f"import itertools, math\nresult = {expression}", "result"), Unknown)
