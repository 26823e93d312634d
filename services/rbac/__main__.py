"""Entry point: `python -m services.rbac`."""

from services.rbac.app import app
from services.rbac.settings import RbacSettings
from shared.runtime.service import main

if __name__ == "__main__":
    main("rbac", RbacSettings, app)
