"""Entry point of `dynamoctl` (also installed as `kubectl-dynamo`)."""

from cli.app import run


def main() -> None:
    """Run the command line and end the process with its exit code."""
    raise SystemExit(run())


if __name__ == "__main__":
    main()
