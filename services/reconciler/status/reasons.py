"""Every reason that a condition or an Event of a graph or component can have, and what it means for its reader.

The list is what `docs/conditions.md` is made of. The texts of conditions name the object and what would help; here
stands what a reason means in general. Invariant: a reason that the code gives stands here, and nothing else does;
`<Kind>` stands for any kind. A test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """Where a reason is met; the order is that of the page."""

    SUMMARY = "`Ready` of a graph"
    COMPONENT = "`Available`, `DynamoComponentReady`, `Valid` and `Ready` of a component"
    PASSING = "`Reconciling`: what passes by itself"
    STALLED = "`Stalled`: what somebody has to change"
    PODS = "Pods that do not run"
    EVENTS = "Events alone"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason."""

    code: str
    group: Group
    meaning: str
    remedy: str = ""


_S, _C, _P, _T, _O, _E = Group.SUMMARY, Group.COMPONENT, Group.PASSING, Group.STALLED, Group.PODS, Group.EVENTS

REASONS: tuple[Reason, ...] = (
    # The reference's own words: tools wait for them, so they stay as they are.
    Reason("all_resources_are_ready", _S, "Everything runs as the spec asks; `state` is `successful`."),
    Reason(
        "some_resources_are_not_ready",
        _S,
        "Something is not ready yet; the message names it, `state` is `pending`.",
        "Read `Reconciling` and `Stalled`, or run `dynamoctl explain`.",
    ),
    Reason(
        "failed_to_reconcile_the_resources",
        _S,
        "Something cannot be made or written; `state` is `failed`, and what can be made is made.",
        "`Stalled` says what to change.",
    ),
    Reason(
        "failed_to_handle_the_finalizer",
        _S,
        "The finalizer could not be set or removed; `state` is `failed`.",
        "It is tried again; look at what the message says of the API server's answer.",
    ),
    Reason("DeploymentReady", _C, "The Deployment runs what was applied last, at full strength."),
    Reason("DeploymentNotReady", _C, "The Deployment does not yet run what was applied last at full strength."),
    Reason(
        "AllLeaderWorkerSetsReady", _C, "Every LeaderWorkerSet of the component is ready; also when none is wanted."
    ),
    Reason("SomeLeaderWorkerSetsNotReady", _C, "At least one LeaderWorkerSet of the component is not ready."),
    Reason("ComponentReady", _C, "The component is available."),
    Reason("ComponentNotReady", _C, "The component is not available.", "Its own `Reconciling` and `Stalled` say why."),
    Reason("ValidationPassed", _C, "The spec follows all rules."),
    Reason(
        "Reconciling",
        _C,
        "Nothing is known yet (status `Unknown`), or the message says which step failed (status `False`).",
    ),
    Reason("Settled", _P, "Nothing is in the way (status `False`)."),
    Reason("ClusterNotRead", _P, "Nobody has looked yet which orchestrators the cluster offers.", "Start discovery."),
    Reason("ComponentNotObserved", _P, "A component was not observed yet.", "Wait."),
    Reason("WorkloadNotObserved", _P, "A workload was not observed yet.", "Wait."),
    Reason("GenerationNotObserved", _P, "A controller has not yet acted on the newest spec.", "Wait."),
    Reason("RolloutInProgress", _P, "Not all replicas have the newest pod template.", "See what the pods wait for."),
    Reason("ReplicasUnavailable", _P, "Not all replicas are available.", "See what the pods wait for."),
    Reason("ScalingInProgress", _P, "Grove was not yet told of the wanted number of replicas.", "Wait."),
    Reason(
        "KindNotServed",
        _P,
        "The API server does not serve a kind that is wanted; it is tried again.",
        "Install what defines the kind.",
    ),
    Reason(
        "InstanceOutdated", _P, "A LeaderWorkerSet is made anew in its turn, since its size cannot change.", "Wait."
    ),
    Reason("<Kind>Missing", _P, "Grove has not made the object that counts a service's replicas.", "See Grove's log."),
    Reason("GroveFailed", _P, "Grove says that it could not do something.", "Do what its message asks for."),
    Reason("ServiceAccountMissing", _P, "The account of the pods does not exist.", "The rbac service makes it."),
    Reason("FinalizerFailed", _P, "The finalizer could not be set or removed.", "It is tried again."),
    Reason("WriteFailed", _P, "The API server refuses an object.", "Correct what it refuses; it is tried again."),
    Reason("ReplicaFailure", _P, "A controller cannot make pods.", "Describe the Deployment and its ReplicaSet."),
    Reason("NotStalled", _T, "Nobody has to act (status `False`)."),
    Reason("ValidationFailed", _T, "The spec violates a rule; what runs already is left alone.", "Correct the spec."),
    Reason("RenderFailed", _T, "Nothing can be made of the spec.", "Correct the spec as the message says."),
    Reason("DeadLetter", _T, "Passes failed ten times for an unexpected reason.", "`dynamoctl dlq show`, then replay."),
    Reason("DeploymentPaused", _T, "The Deployment is paused.", "`kubectl rollout resume`."),
    Reason("ProgressDeadlineExceeded", _T, "The Deployment made no progress for too long.", "See its pods."),
    Reason("NameTaken", _T, "An object of another owner has the name; it is left alone.", "Rename one of them."),
    Reason("ServiceNamesCollide", _T, "Names of services differ in case alone.", "Rename one of them."),
    Reason("NameTooLong", _T, "Graph and service have longer names than Grove allows together.", "Shorten one."),
    Reason(
        "NoMultinodeOrchestrator",
        _T,
        "A service spans nodes, and nothing in the cluster starts such pods together.",
        "Install Grove, or LeaderWorkerSet with Volcano; or remove `multinode`.",
    ),
    Reason("NotALeaderWorkerSet", _T, "A service that spans nodes lacks what a set needs.", "Do what it names."),
    Reason("QueueMissing", _T, "The queue of the KAI scheduler does not exist.", "Create it, or name another."),
    Reason("BackendMismatch", _T, "The command runs another engine than `backendFramework` names.", "Change one."),
    Reason("BackendAmbiguous", _T, "The command runs several engines.", "Set `backendFramework`."),
    Reason("BackendUnknown", _T, "`backendFramework` is none that is known.", "Use sglang, vllm or trtllm."),
    Reason("FlagsNotInjectable", _T, "Flags cannot be added to a text that no shell can read.", "Close its quotes."),
    Reason(
        "GpuCountMissing", _T, "TensorRT-LLM on several nodes needs the GPUs of one.", "Set `resources.limits.gpu`."
    ),
    Reason("QuantityInvalid", _T, "A quantity cannot be read; the message names its key.", "Correct it."),
    Reason("VolumeMountInvalid", _T, "A volume mount lacks its name or mount point.", "Add it."),
    Reason("VolumeClaimMissing", _T, "A claim of the graph does not exist.", "Create it, or set `create: true`."),
    Reason("DeploymentConfigInvalid", _T, "`DYN_DEPLOYMENT_CONFIG` cannot be read.", "Correct its JSON."),
    Reason("DynamoNamespaceMissing", _T, "A component alone has no Dynamo namespace.", "Set `spec.dynamoNamespace`."),
    Reason("UnknownDiscoveryBackend", _T, "The annotation names no known back end.", "Use kubernetes or etcd."),
    Reason("SshSecretMissing", _T, "The keys of TensorRT-LLM workers do not exist.", "Create the secret it names."),
    Reason("ImagePullBackOff", _O, "An image cannot be pulled.", "Correct the image or its pull secret."),
    Reason("ErrImagePull", _O, "An image cannot be pulled.", "Correct the image or its pull secret."),
    Reason("InvalidImageName", _O, "An image's name cannot be read.", "Correct it."),
    Reason("CrashLoopBackOff", _O, "A container ends again and again.", "`kubectl logs --previous`."),
    Reason("CreateContainerConfigError", _O, "A container refers to what does not exist.", "Create what it names."),
    Reason("CreateContainerError", _O, "A container cannot be made.", "Correct what the kubelet says."),
    Reason("RunContainerError", _O, "A container cannot be started.", "Correct what the kubelet says."),
    Reason("Unschedulable", _O, "A pod fits on no node.", "Free or add a node, or ask for less."),
    Reason("Ready", _E, "A graph or component became ready."),
    Reason("Create<Kind>", _E, "Objects of one pass were created, or the message says why not."),
    Reason("Update<Kind>", _E, "Objects of one pass were updated, or the message says why not."),
    Reason("Delete<Kind>", _E, "Objects of one pass were deleted, or the message says why not."),
    Reason("ReconcileError", _E, "A component stalled; the message is the reference's.", "See `Stalled`."),
    Reason("AdapterDeleted", _E, "A scaling adapter went with the service that it scaled."),
    Reason("VolumeClaimDiffers", _E, "A claim exists and is not what the graph asks for.", "Change one of both."),
    Reason("SettingIgnored", _E, "A setting has no effect.", "Remove it."),
    Reason("MultinodeFlagsNotInjected", _E, "No call of the engine was found to add flags to.", "Check the command."),
    Reason("IngressWithoutTarget", _E, "An enabled ingress makes nothing.", "Name a class or a gateway."),
    Reason("VirtualServiceNotServed", _E, "A VirtualService is wanted and Istio is not there.", "Install it."),
)
