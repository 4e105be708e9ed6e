"""What every page knows: the service's name and the SOC's phone number."""

from django.conf import settings
from django.http import HttpRequest


def service(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001
    """Template variables `service_name`, `soc_phone` and `training`."""
    config = settings.CONFIG
    return {"service_name": config.service_name, "soc_phone": config.soc_phone, "training": config.training}
