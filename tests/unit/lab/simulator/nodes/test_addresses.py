"""Which address a pod gets."""

from lab.simulator.nodes.addresses import Addresses


def test_every_pod_has_an_address_of_its_own_and_keeps_it() -> None:
    addresses = Addresses()

    first, second = addresses.take("a"), addresses.take("b")

    assert first != second
    assert addresses.take("a") == first


def test_an_address_that_a_pod_has_already_is_not_given_to_another() -> None:
    addresses = Addresses()
    addresses.take("old", "10.128.0.1")

    assert addresses.take("new") == "10.128.0.2"


def test_the_address_of_a_pod_that_is_gone_is_free_again() -> None:
    addresses = Addresses()
    addresses.take("old", "10.128.0.1")
    addresses.give_back("old")

    assert addresses.take("new") == "10.128.0.1"
