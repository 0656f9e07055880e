"""Starts the command line: the program ``convcalc``, and ``python -m convcalc``."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # not imported from typing, which takes long: Ctrl-C during its import would print a traceback
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line. Ctrl-C and too little memory give no traceback, also while modules are imported."""
    try:
        from convcalc.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    except (MemoryError, ImportError) as failed:
        from convcalc.base.memory import is_out_of_memory

        if not is_out_of_memory(failed):
            raise
    sys.stderr.write("error[too-large]: there is not enough memory to start convcalc; allow it more (see ulimit -v)\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
