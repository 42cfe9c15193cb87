#!/usr/bin/env python3
"""Check licences, sources and banned crates of all dependencies by the rules of deny.toml.

This does the same as `cargo deny check licenses sources bans`, but needs only cargo and Python.
Checking advisories requires cargo-deny and network access.
"""
import json
import re
import subprocess
import sys
import tomllib

rules = tomllib.load(open("deny.toml", "rb"))
allowed = set(rules["licenses"]["allow"])
banned = {entry["crate"] for entry in rules["bans"]["deny"]}
metadata = json.loads(subprocess.run(["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"], check=True, capture_output=True, text=True).stdout)


def is_allowed(expression):
    """Evaluate an SPDX expression: any operand of `OR`, all operands of `AND`."""
    expression = expression.replace("/", " OR ")
    parts = re.split(r"\s+AND\s+", re.sub(r"\(([^()]*)\)", lambda group: "Zlib" if is_allowed(group[1]) else "none", expression))
    return all(any(choice.strip() in allowed for choice in re.split(r"\s+OR\s+", part)) for part in parts)


wrong = []
for package in metadata["packages"]:
    name = f"{package['name']} {package['version']}"
    licence = package.get("license")
    if package["source"] is None:
        continue  # docmill itself
    if not licence or not is_allowed(licence):
        wrong.append(f"{name}: licence {licence}")
    if package["source"].removeprefix("registry+") not in rules["sources"]["allow-registry"]:
        wrong.append(f"{name}: from {package['source']}")
    if package["name"] in banned:
        wrong.append(f"{name}: banned")
print(f"{len(metadata['packages'])} packages: " + ("\n".join(wrong) if wrong else "licences, sources and bans are ok"))
sys.exit(1 if wrong else 0)
