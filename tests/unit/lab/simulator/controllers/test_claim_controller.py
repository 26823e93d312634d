"""What a claim gets."""

from lab.simulator.controllers.claim_controller import bound, is_bound


def test_a_claim_gets_what_it_asked_for() -> None:
    claim = {
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "5Gi"}}},
        "status": {"phase": "Pending"},
    }

    status = bound(claim)

    assert status == {"phase": "Bound", "accessModes": ["ReadWriteMany"], "capacity": {"storage": "5Gi"}}
    assert is_bound({"status": status})
    assert not is_bound(claim)
