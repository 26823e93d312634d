"""The Kubernetes resources that the platform reads and writes, and references to single objects.

One constant per resource, in the one API version in which we apply it, so that no two rooms can disagree about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.errors import InvalidObjectError


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """One kind as an API server serves it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    def __hash__(self) -> int:
        """Return a hash of what tells the resources that we know apart; most look-ups of a pass begin with it."""
        return hash((self.plural, self.group))

    @property
    def api_version(self) -> str:
        """Return `group/version`, or the bare version of the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """Return `plural.group`, or the bare plural of the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the API path of a collection, an object or a subresource."""
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """The address of one object; cluster-scoped objects have an empty namespace."""

    resource: Resource
    namespace: str
    name: str

    def __hash__(self) -> int:
        """Return a hash without that of every member of the resource."""
        return hash((self.resource.plural, self.namespace, self.name))

    @property
    def path(self) -> str:
        """Return the API path of the object."""
        return self.resource.path(self.namespace, self.name)

    def __str__(self) -> str:
        """Return the address as kubectl prints it: `plural.group/namespace/name`."""
        return "/".join(part for part in (self.resource.group_resource, self.namespace, self.name) if part)


GROUP = "nvidia.com"

GRAPHS = Resource(GROUP, "v1alpha1", "dynamographdeployments", "DynamoGraphDeployment")
COMPONENTS = Resource(GROUP, "v1alpha1", "dynamocomponentdeployments", "DynamoComponentDeployment")
REQUESTS = Resource(GROUP, "v1alpha1", "dynamographdeploymentrequests", "DynamoGraphDeploymentRequest")
SCALING_ADAPTERS = Resource(
    GROUP, "v1alpha1", "dynamographdeploymentscalingadapters", "DynamoGraphDeploymentScalingAdapter"
)
MODELS = Resource(GROUP, "v1alpha1", "dynamomodels", "DynamoModel")
WORKER_METADATAS = Resource(GROUP, "v1alpha1", "dynamoworkermetadatas", "DynamoWorkerMetadata")

NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
SECRETS = Resource("", "v1", "secrets", "Secret")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
EVENTS = Resource("", "v1", "events", "Event")
RESOURCE_QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
VOLUME_CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
INGRESSES = Resource("networking.k8s.io", "v1", "ingresses", "Ingress")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
REPLICA_SETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
ROLE_BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding")
CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
CUSTOM_RESOURCE_DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
VALIDATING_WEBHOOKS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)

LEADER_WORKER_SETS = Resource("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet")
POD_GROUPS = Resource("scheduling.volcano.sh", "v1beta1", "podgroups", "PodGroup")
POD_CLIQUE_SETS = Resource("grove.io", "v1alpha1", "podcliquesets", "PodCliqueSet")
POD_CLIQUES = Resource("grove.io", "v1alpha1", "podcliques", "PodClique")
POD_CLIQUE_SCALING_GROUPS = Resource("grove.io", "v1alpha1", "podcliquescalinggroups", "PodCliqueScalingGroup")
QUEUES = Resource("scheduling.run.ai", "v2", "queues", "Queue", namespaced=False)
VIRTUAL_SERVICES = Resource("networking.istio.io", "v1beta1", "virtualservices", "VirtualService")

# Kinds of add-ons: a cluster without them is a whole cluster.
ADD_ONS = frozenset(
    {
        LEADER_WORKER_SETS,
        POD_GROUPS,
        POD_CLIQUE_SETS,
        POD_CLIQUES,
        POD_CLIQUE_SCALING_GROUPS,
        QUEUES,
        VIRTUAL_SERVICES,
    }
)

KNOWN: tuple[Resource, ...] = tuple(value for value in dict(globals()).values() if isinstance(value, Resource))
_BY_KIND = {(resource.group, resource.kind): resource for resource in KNOWN}
_BY_PLURAL = {resource.plural: resource for resource in KNOWN}


def resource_of(api_version: str, kind: str) -> Resource | None:
    """Return the known resource of an object's `apiVersion` and `kind`, whatever the version."""
    group = api_version.rpartition("/")[0]
    return _BY_KIND.get((group, kind))


def resource_by_plural(plural: str) -> Resource | None:
    """Return the known resource with a plural name; plurals are unique among the resources we know."""
    return _BY_PLURAL.get(plural)


def resource_named(plural: str, where: str) -> Resource:
    """Return the resource that something names; raise InvalidObjectError that says who named an unknown one."""
    resource = resource_by_plural(plural)
    if resource is None:
        raise InvalidObjectError(f"{where} names the unknown resource {plural!r}")
    return resource
