"""Entry point: `python -m services.watcher`."""

from services.watcher.app import app
from services.watcher.settings import WatcherSettings
from shared.runtime.service import main

if __name__ == "__main__":
    main("watcher", WatcherSettings, app)
