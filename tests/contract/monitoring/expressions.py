"""What a PromQL expression names: metrics, the labels it selects and groups by, the values it compares with.

Not an evaluator: it reads the language's tokens, which is enough to find a name that does not exist. What it does not
know it refuses, so that nothing is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

FUNCTIONS = frozenset(
    {"absent", "histogram_quantile", "increase", "max", "min", "rate", "sum", "time"}  # that our expressions use
)
WORDS = frozenset({"by", "or"})
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<range>\[[^\]]*\])
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
  | (?P<operator>=~|!~|!=|==|<=|>=|[-+*/<>=(){},])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label."""

    label: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """One metric that is read, with the conditions on its labels."""

    metric: str
    matchers: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """What an expression names."""

    selectors: tuple[Selector, ...]
    groups: frozenset[str] = field(default_factory=frozenset)  # labels of all `by`


def parse(expression: str) -> Expression:
    """Return what an expression names; raise ValueError for what is not understood."""
    tokens = list(_tokens(expression))
    if tokens.count("(") != tokens.count(")") or tokens.count("{") != tokens.count("}"):
        raise ValueError(f"brackets do not close: {expression}")
    selectors: list[Selector] = []
    groups: set[str] = set()
    place = 0
    while place < len(tokens):
        token, following = tokens[place], tokens[place + 1] if place + 1 < len(tokens) else ""
        place += 1
        if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", token):
            continue
        if token == "by":
            end = tokens.index(")", place)
            groups |= {each for each in tokens[place + 1 : end] if each != ","}
            place = end + 1
        elif token in FUNCTIONS:
            if following not in ("(", "by"):
                raise ValueError(f"{token} is a function: {expression}")
        elif token not in WORDS:
            if following == "(":
                raise ValueError(f"{token} is no known function: {expression}")
            end = tokens.index("}", place) if following == "{" else place
            selectors.append(Selector(token, tuple(_matchers(tokens[place + 1 : end]))))
            place = end + 1 if following == "{" else place
    return Expression(tuple(selectors), frozenset(groups))


def _tokens(expression: str) -> Iterator[str]:
    place = 0
    while place < len(expression):
        found = _TOKEN.match(expression, place)
        if found is None:
            raise ValueError(f"not understood at {expression[place:]!r}")
        place = found.end()
        if found.lastgroup not in ("space", "range"):
            yield found.group()


def _matchers(tokens: list[str]) -> Iterator[Matcher]:
    for start in range(0, len(tokens), 4):
        label, operator, value = tokens[start : start + 3]
        if operator not in ("=", "!=", "=~", "!~") or not value.startswith('"'):
            raise ValueError(f"no matcher: {' '.join(tokens)}")
        yield Matcher(label, operator, value.strip('"'))
