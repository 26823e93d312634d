"""Every knob of the webhook."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from shared.runtime.settings import ServiceSettings


class WebhookSettings(ServiceSettings):
    """Every knob of the webhook."""

    admission_address: str = Field("127.0.0.1", description="Address that admission requests are served on.")
    admission_port: int = Field(9443, ge=0, le=65535, description="Port of admission requests; 0: any free one.")
    shared_port: bool = Field(
        False, description="Let several replicas on one machine answer on the same port; outside a cluster only."
    )
    reachable_at: str = Field(
        "",
        description="Host name or address under which the API server reaches this process; empty: through the Service.",
    )
    namespace: str = Field("dynamo-system", description="Namespace of the Service and of the certificate secrets.")
    service_name: str = Field("dynamo-webhook-service", description="Service that the API server reaches us through.")
    cluster_domain: str = Field("cluster.local", description="Domain of the cluster's Services.")
    configuration_name: str = Field(
        "dynamo-validating", description="ValidatingWebhookConfiguration that address and CA bundle are written to."
    )
    certificate_secret: str = Field(
        "webhook-server-cert",
        description="Secret of the serving certificate; its authority is in the secret of this name with `-ca` added.",
    )
    certificate_validity: timedelta = Field(
        timedelta(days=365), ge=timedelta(hours=1), description="Life of a serving certificate."
    )
    principals: tuple[str, ...] = Field(
        (), description="Full user names that may change replicas which a scaling adapter owns, in every namespace."
    )
    legacy_suffix_match: bool = Field(
        False, description="Let accounts change such replicas by the end of their name, as the reference does."
    )
    closing_delay: timedelta = Field(
        timedelta(seconds=5),
        ge=timedelta(0),
        description="Time to go on answering when told to stop, so that the Service can forget this replica.",
    )
