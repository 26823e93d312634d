"""What every service process promises: health, metrics, and a graceful end."""
