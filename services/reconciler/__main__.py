"""Entry point: `python -m services.reconciler`."""

from services.reconciler.app import app
from services.reconciler.settings import ReconcilerSettings
from shared.runtime.service import main

if __name__ == "__main__":
    main("reconciler", ReconcilerSettings, app)
