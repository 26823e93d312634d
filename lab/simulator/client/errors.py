"""What can go wrong when a Kubernetes API is asked."""


class RequestError(Exception):
    """A request that was not served; it may be tried again later."""


class UnreachableError(RequestError):
    """No answer came: refused, broken off or too late."""


class ApiError(RequestError):
    """The server answered with an error."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def is_not_found(self) -> bool:
        """Say whether the object, or the resource, does not exist."""
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        """Say whether somebody else wrote first."""
        return self.status == 409

    @property
    def is_expired(self) -> bool:
        """Say whether the version to go on from is no longer kept."""
        return self.status == 410 or self.reason in ("Expired", "Gone")
