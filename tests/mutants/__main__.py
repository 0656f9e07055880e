"""The command ``python -m tests.mutants``."""

import sys

from tests.mutants.mutator import main

sys.exit(main())
