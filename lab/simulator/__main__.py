"""Entry point of `python -m lab.simulator`."""

import sys

from lab.simulator.app import main

if __name__ == "__main__":
    sys.exit(main())
