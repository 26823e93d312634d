"""Label and annotation keys, and the names of other parties, as the reference platform spells them."""

GRAPH_NAME = "nvidia.com/dynamo-graph-deployment-name"
COMPONENT = "nvidia.com/dynamo-component"
COMPONENT_TYPE = "nvidia.com/dynamo-component-type"
SUB_COMPONENT_TYPE = "nvidia.com/dynamo-sub-component-type"
DYNAMO_NAMESPACE = "nvidia.com/dynamo-namespace"
SELECTOR = "nvidia.com/selector"
BASE_MODEL_HASH = "nvidia.com/dynamo-base-model-hash"
METRICS_ENABLED = "nvidia.com/metrics-enabled"
DISCOVERY_BACKEND = "nvidia.com/dynamo-discovery-backend"
DISCOVERY_ENABLED = "nvidia.com/dynamo-discovery-enabled"
MODEL_MANAGED_BY = "nvidia.com/managed-by"  # on Services of models alone

# Annotations
BASE_MODEL = "nvidia.com/dynamo-base-model"
ENABLE_METRICS = "nvidia.com/enable-metrics"
ENABLE_GROVE = "nvidia.com/enable-grove"

MANAGED_BY = "app.kubernetes.io/managed-by"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
