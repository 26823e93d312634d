"""Entry point: `python -m services.webhook`."""

from services.webhook.app import app
from services.webhook.settings import WebhookSettings
from shared.runtime.service import main

if __name__ == "__main__":
    main("webhook", WebhookSettings, app)
