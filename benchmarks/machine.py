"""Describes the machine, and states when the measurement was made."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping
from pathlib import Path


def machine(versions: Mapping[str, str]) -> list[tuple[str, str]]:
    """Returns the facts about the machine that a reader of the numbers needs."""
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    return [
        ("CPU", f"{_cpu()}, {os.cpu_count()} cores"),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("load average", load),
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
