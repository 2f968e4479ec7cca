"""What a service refuses, in words that name no folder and no machine."""

from serving.errors import ServingError


class ServiceError(ServingError):
    """A request that is not answered.

    Args:
        message: one sentence for whoever asked.
        field: the part of the request that it is about, or `None`.
        retry_after: seconds after which to ask again, or `None`.

    Attributes:
        code: of the kind, in snake_case.
        status: of HTTP.
    """

    code, status = "internal", 500

    def __init__(self, message: str, field: str | None = None, retry_after: float | None = None):
        super().__init__(message)
        self.message, self.field, self.retry_after = message, field, retry_after


class Invalid(ServiceError):
    """The request can never be answered as it is."""

    code, status = "invalid", 422


class BadPicture(Invalid):
    """A picture cannot be read."""

    code = "bad_picture"


class TooLarge(ServiceError):
    """More than the service takes."""

    code, status = "too_large", 413


class NotFound(ServiceError):
    """There is no such picture."""

    code, status = "not_found", 404


class Conflict(ServiceError):
    """There is such a picture already."""

    code, status = "conflict", 409


class Forbidden(ServiceError):
    """The service does not do this."""

    code, status = "read_only", 403


class NotNow(ServiceError):
    """The same request may be answered later."""

    status = 503

    def __init__(self, message: str, field: str | None = None, retry_after: float | None = 1.0):
        super().__init__(message, field, retry_after)


class Overloaded(NotNow):
    """There is more to do than can be done in time."""

    code = "overloaded"


class Late(NotNow):
    """The request took longer than it may."""

    code = "late"


class EncoderUnavailable(NotNow):
    """The encoder does not answer."""

    code = "encoder_unavailable"


class IndexUnavailable(NotNow):
    """The index cannot be read, or does not answer."""

    code = "index_unavailable"


class Mismatch(NotNow):
    """The encoder is not the one that the index was built by."""

    code = "model_mismatch"


class Full(ServiceError):
    """There is no room for another picture."""

    code, status = "full", 507
