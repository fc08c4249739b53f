"""What monitoring/ says: the families of METRICS.md, and the queries of the dashboard and of the rules."""

import json
import re

_ROW = re.compile(r"^\| `([a-z_:]+)` \| (counter|gauge|histogram) \|")
_NAME = re.compile(r"\b((?:rota|process)_[a-z0-9_]+)")
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


def families(metrics_md):
    """METRICS.md -> {family: type}; a family that stands there twice is an error."""
    found = {}
    for line in metrics_md.splitlines():
        match = _ROW.match(line)
        if match:
            if match[1] in found:
                raise ValueError(f"METRICS.md lists {match[1]} twice")
            found[match[1]] = match[2]
    return found


def served_families(metrics_text):
    """The text of /metrics -> {family: type}."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", metrics_text, re.MULTILINE))


def series_names(catalogue):
    """Every name that a query may use."""
    names = set()
    for family, kind in catalogue.items():
        names.update(family + suffix for suffix in _SUFFIXES.get(kind, ("",)))
    return names


def used_names(query):
    """The names of metrics in a query. Those that recording rules make have a colon in them and are none."""
    without_strings = re.sub(r'"[^"]*"', '""', query)
    without_rules = re.sub(r"[a-z_]+:[a-z0-9_:]+", "", without_strings)
    return set(_NAME.findall(without_rules))


def dashboard_queries(dashboard_json):
    """[(title of the panel, query)]"""
    panels = json.loads(dashboard_json)["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", [])]


def rule_queries(rules_yml):
    """[(name, query)] of a file of rules: `record:` or `alert:`, then `expr:`, on one line or as a block."""
    rules, lines = [], rules_yml.splitlines()
    for index, line in enumerate(lines):
        name = re.match(r"\s+- (?:record|alert): (\S+)$", line)
        expr = name and re.match(r"(\s+)expr: (.*)$", lines[index + 1])
        if name and not expr:
            raise ValueError(f"{name[1]} has no expr below it")
        if name:
            query = expr[2]
            if query == "|":
                block = []
                for following in lines[index + 2 :]:
                    if len(following) - len(following.lstrip()) <= len(expr[1]):
                        break
                    block.append(following.strip())
                query = " ".join(block)
            rules.append((name[1], query))
    return rules


def without_threshold(alert):
    """`a / b > 0.8` -> `a / b`: what an alert looks at, which has a value also while all is well."""
    return re.sub(r"\s*(==|>|<)\s*[0-9.]+\s*$", "", alert)
