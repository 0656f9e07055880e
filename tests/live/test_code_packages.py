"""Compares models that convcalc reads from the source code of packages with the models that the packages build in
Keras.

Each model must be equal or unknown, never wrong. ``CONVCALC_PACKAGES_ALL=1`` reads all functions of the packages; otherwise, only
some are read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.live.packages.environment import Unavailable, declared, installed
from tests.paths import ROOT

pytestmark = pytest.mark.keras

QUICK = [] if os.environ.get("CONVCALC_PACKAGES_ALL") else ["quick"]
# The minimum number of models of each package without unknown values.
COMPLETE = {"kimm": 35, "k3im": 27, "keras_tcn": 8}


@pytest.mark.parametrize("name", COMPLETE)
def test_the_source_of_a_package(name: str, tell: Callable[[str], None]) -> None:
    try:
        folder = installed(declared()[name]["install"], sys.executable)
    except Unavailable as reason:
        pytest.skip(f"{name}: {reason}")
    paths = {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "KERAS_BACKEND": "tensorflow"}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.live.code_packages", name, str(folder), *QUICK],
        env={**os.environ, **paths}, capture_output=True, text=True,
    )  # fmt: skip
    assert not ran.returncode, ran.stderr[-2000:]
    results = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    unbuilt = [result for result in results if "unbuilt" in result]
    unknown = [result for result in results if "unknown" in result]
    wrong = [result for result in results if result.get("differences")]
    complete = len(results) - len(unbuilt) - len(unknown) - len(wrong)
    tell(
        f"{name} from its source: {complete} equal, {len(unknown)} unknown, {len(unbuilt)} not built, {len(wrong)} wrong"
    )
    for result in unknown:
        tell(f"  {result['name']} is unknown: {(result['unknown'] or ['?'])[0].splitlines()[0]}")
    assert not wrong, "\n".join(f"{result['name']}: {result['differences']}" for result in wrong)
    assert complete >= COMPLETE[name], unknown + unbuilt
