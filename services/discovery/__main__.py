"""Entry point: `python -m services.discovery`."""

from services.discovery.app import app
from services.discovery.settings import DiscoverySettings
from shared.runtime.service import main

if __name__ == "__main__":
    main("discovery", DiscoverySettings, app)
