"""What a figure was measured on."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path


def machine_facts() -> dict[str, object]:
    """Processor, cores, memory, system and the versions that matter."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.system() + " " + platform.release().split("-")[0],
        "python": sys.version.split()[0],
        "django": version("django"),
        "chdb": version("chdb"),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in path.read_text().splitlines() if line.startswith("model name"))
    return next(names, "")
