"""EMQX's two files as EMQX reads them, as far as these use its grammar.

Rules: `emqx_authz_rule.erl` and `emqx_topic.erl` of EMQX 5 (first rule that fits; a topic that begins with
`$` fits no filter that begins with a wildcard). Settings: HOCON's blocks, `key = value`, lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Term = str | int | tuple["Term", ...] | list["Term"]
"""An Erlang term: an atom as `:name`, a string as it is, a number, a tuple, a list."""

_TOKEN = re.compile(r'\s*(?:%[^\n]*\n\s*)*("(?:[^"\\]|\\.)*"|[a-z][a-z0-9_]*|\d+|[{}\[\],.])')


@dataclass(frozen=True, slots=True)
class Rule:
    """`retain` None: with or without. `who` None: everybody; else how a name has to be."""

    allows: bool
    who: re.Pattern[str] | None
    actions: frozenset[str]
    retain: bool | None
    filters: tuple[str, ...]


def rules(text: str) -> list[Rule]:
    """Raises ValueError where the text is no list of rules."""
    return [_rule(term) for term in terms(text)]


def allowed(found: list[Rule], name: str, action: str, topic: str, *, retain: bool = False) -> bool:
    """Whether `name` may `publish` or `subscribe` there; what fits no rule is refused."""
    for rule in found:
        if action not in rule.actions or (action == "publish" and rule.retain not in (None, retain)):
            continue
        if rule.who is not None and not rule.who.search(name):
            continue
        if any(fits(topic, filter_.replace("${username}", name)) for filter_ in rule.filters):
            return rule.allows
    return False


def fits(topic: str, filter_: str) -> bool:
    """emqx_topic:match/2: of a subscription's filter, too, word by word."""
    if topic.startswith("$") and filter_.startswith(("+", "#")):
        return False
    words, wanted = topic.split("/"), filter_.split("/")
    for at, one in enumerate(wanted):
        if one == "#":
            return True
        if at >= len(words) or one not in ("+", words[at]):
            return False
    return len(words) == len(wanted)


def terms(text: str) -> list[Term]:
    """Erlang terms, each ended by a dot (file:consult/1)."""
    tokens = list(_tokens(text))
    found: list[Term] = []
    at = 0
    while at < len(tokens):
        term, at = _term(tokens, at)
        if at >= len(tokens) or tokens[at] != ".":
            raise ValueError(f"no dot after {term}")
        found.append(term)
        at += 1
    return found


def settings(text: str) -> Mapping[str, str]:
    """Every value by its whole path, as it is written; a list's members by their number."""
    found: dict[str, str] = {}
    path: list[str] = []
    counts: list[int] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line in ("}", "]"):
            if not path:
                raise ValueError("closed more than was opened")
            path.pop()
            if line == "]":
                counts.pop()
        elif line == "{":
            path.append(str(counts[-1]))
            counts[-1] += 1
        elif line.endswith("{"):
            path.append(line[:-1].strip().removesuffix("=").strip())
        elif line.endswith("["):
            path.append(line[:-1].strip().removesuffix("=").strip())
            counts.append(0)
        else:
            key, equals, value = line.partition("=")
            whole = ".".join([*path, key.strip()])
            if not equals or not value.strip() or whole in found:
                raise ValueError(f"not a setting, or a second one: {line}")
            found[whole] = value.strip()
    if path:
        raise ValueError(f"not closed: {path}")
    return found


# --- inside ---------------------------------------------------------------------------------


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip() and not re.fullmatch(r"(\s*%[^\n]*\n?)*\s*", text[at:]):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"no Erlang: {text[at : at + 40]!r}")
        yield found[1]
        at = found.end()


def _term(tokens: list[str], at: int) -> tuple[Term, int]:
    token = tokens[at]
    if token in "{[":
        close = "}" if token == "{" else "]"
        inside: list[Term] = []
        at += 1
        while tokens[at] != close:
            term, at = _term(tokens, at)
            inside.append(term)
            if tokens[at] == ",":
                at += 1
                if tokens[at] == close:
                    raise ValueError("a comma before the end")
            elif tokens[at] != close:
                raise ValueError(f"no comma before {tokens[at]}")
        return (tuple(inside) if token == "{" else inside), at + 1
    if token.startswith('"'):
        return token[1:-1], at + 1
    if token.isdigit():
        return int(token), at + 1
    if token in "}],.":
        raise ValueError(f"unexpected {token}")
    return f":{token}", at + 1


def _rule(term: Term) -> Rule:
    both = frozenset({"publish", "subscribe"})
    match term:
        case (":allow" | ":deny" as permission, ":all"):
            return Rule(permission == ":allow", None, both, None, ("#",))
        case (":allow" | ":deny" as permission, who, action, list(filters)):
            actions, retain = _action(action)
            names = tuple(one for one in filters if isinstance(one, str) and not one.startswith(":"))
            if len(names) != len(filters):
                raise ValueError(f"not topics: {filters}")
            return Rule(permission == ":allow", _who(who), actions, retain, names)
        case _:
            raise ValueError(f"not a rule: {term}")


def _who(term: Term) -> re.Pattern[str] | None:
    match term:
        case ":all":
            return None
        case (":username", (":re", str(pattern))):
            return re.compile(pattern)
        case (":username", str(name)):
            return re.compile(f"^{re.escape(name)}$")
        case _:
            raise ValueError(f"nobody: {term}")


def _action(term: Term) -> tuple[frozenset[str], bool | None]:
    match term:
        case ":all":
            return frozenset({"publish", "subscribe"}), None
        case ":publish" | ":subscribe":
            return frozenset({term[1:]}), None
        case (":publish", [(":retain", ":true" | ":false" as retain)]):
            return frozenset({"publish"}), retain == ":true"
        case _:
            raise ValueError(f"not an action: {term}")
