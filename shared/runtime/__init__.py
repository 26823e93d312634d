"""What every service process is made of: settings, logs, health, metrics, life cycle and the partition loop.

The runtime sees the outside world through `shared.ports` only, so all of it runs on fakes.
"""
