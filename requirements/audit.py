"""Asks whether a vulnerability is known in what ``serve.txt`` locks: ``make audit``.

Fails on a vulnerability. Where the data cannot be reached, it says so and does not fail.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("serve.txt")
_TIMEOUT_S = 300


def main() -> int:
    """Return 1 where a vulnerability is known."""
    command = [*(sys.executable, "-m", "pip_audit"), "--format", "json", "--disable-pip"]
    command += ["--require-hashes", "--requirement", str(LOCK), "--progress-spinner", "off"]
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        packages = json.loads(told.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError, subprocess.TimeoutExpired):
        print("audit: the vulnerability data could not be reached; NOTHING was audited")
        return 0
    return verdict(packages)


def verdict(packages: list[dict[str, Any]]) -> int:
    """Print what was found of each package; return 1 where a vulnerability is known."""
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if unknown:
        print(f"audit: no data could be reached for {len(unknown)} of {len(packages)} packages")
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        names = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        print(f"audit: {package['name']} {package['version']}: {names}", file=sys.stderr)
    if len(unknown) == len(packages):
        print("audit: NOTHING was audited")
        return 0
    print(f"audit: {len(vulnerable)} of {len(packages) - len(unknown)} audited are vulnerable")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
