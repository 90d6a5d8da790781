"""Checks deny.toml without cargo-deny: licences, banned crates, duplicate versions, sources.

Reads the same file and asks cargo for the resolved graph, so the two cannot disagree about the rules. It knows the parts
of the format that deny.toml uses, and refuses keys it does not know rather than passing over them.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict

KNOWN_KEYS = {
    "graph": {"targets", "all-features"},
    "licenses": {"allow", "confidence-threshold", "private", "unused-allowed-license"},
    "bans": {"multiple-versions", "wildcards", "allow-wildcard-paths", "deny", "skip"},
    "sources": {"unknown-registry", "unknown-git", "allow-registry"},
}


def allowed(expression: str, licences: set[str]) -> bool:
    """Whether an SPDX expression can be satisfied by the licences in the set."""
    # Old manifests write "MIT/Apache-2.0" for a choice.
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def peek() -> str | None:
        return tokens[position] if position < len(tokens) else None

    def take() -> str:
        nonlocal position
        position += 1
        return tokens[position - 1]

    def single() -> bool:
        if peek() == "(":
            take()
            value = either()
            take()
            return value
        name = take()
        if peek() == "WITH":
            take()
            name = f"{name} WITH {take()}"
        return name in licences

    def both() -> bool:
        value = single()
        while peek() == "AND":
            take()
            value = single() and value
        return value

    def either() -> bool:
        value = both()
        while peek() == "OR":
            take()
            value = both() or value
        return value

    return either()


def matches(package: dict, entry: dict) -> bool:
    """Whether an entry such as `{ crate = "name@1.2" }` means this package: its version, or any it begins with."""
    name, _, version = entry["crate"].partition("@")
    return package["name"] == name and f"{package['version']}.".startswith(f"{version}." if version else "")


def resolved(target: str, parents: dict[str, set[str]]) -> dict[str, dict]:
    """The packages reached by normal and build dependencies on one target, by id. Notes who depends on each."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    reached, waiting = set(), list(metadata["workspace_members"])
    while waiting:
        package_id = waiting.pop()
        if package_id in reached:
            continue
        reached.add(package_id)
        for dependency in nodes[package_id]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
                parents[dependency["pkg"]].add(packages[package_id]["name"])
    return {package_id: packages[package_id] for package_id in reached}


def main() -> int:
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    problems = [
        f"deny.toml: [{section}] {key} is not understood by this script"
        for section, table in rules.items()
        for key in table
        if key not in KNOWN_KEYS.get(section, set())
    ]

    problems += [
        f"deny.toml: [bans] {key} of {entry['crate']} is not understood by this script"
        for entry in rules["bans"]["deny"] + rules["bans"]["skip"]
        for key in entry
        if key not in {"crate", "reason", "wrappers"}
    ]

    packages: dict[str, dict] = {}
    parents: dict[str, set[str]] = defaultdict(set)
    for target in rules["graph"]["targets"]:
        packages.update(resolved(target, parents))
    foreign = [package for package in packages.values() if package["source"]]

    licences = set(rules["licenses"]["allow"])
    registries = {f"registry+{url}" for url in rules["sources"]["allow-registry"]}

    versions = defaultdict(set)
    for package in foreign:
        label = f"{package['name']} {package['version']}"
        if not package["license"] or not allowed(package["license"], licences):
            problems.append(f"{label}: licence {package['license']!r} is not allowed")
        if package["source"] not in registries:
            problems.append(f"{label}: comes from {package['source']}")
        for entry in rules["bans"]["deny"]:
            holders = parents[package["id"]] - set(entry.get("wrappers", []))
            if matches(package, entry) and (holders or "wrappers" not in entry):
                problems.append(f"{label}: banned, {entry['reason']} (held by {', '.join(sorted(holders))})")
        if not any(matches(package, entry) for entry in rules["bans"]["skip"]):
            versions[package["name"]].add(package["version"])

    problems += [
        f"{name}: {len(found)} versions ({', '.join(sorted(found))}); update, or name one in deny.toml with the reason"
        for name, found in sorted(versions.items())
        if len(found) > 1
    ]
    for problem in problems:
        print(problem)
    print(f"{len(foreign)} crates checked, {len(problems)} problems")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
