"""Certificates name who they are for, and chain to the authority."""

import base64

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from lab.apiserver.front.certificates import Authority
from lab.apiserver.front.kubeconfig import kubeconfig


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("test")


def test_a_client_certificate_carries_user_and_groups(authority: Authority) -> None:
    pair = authority.client("someone", ("team-a", "team-b"))

    certificate = x509.load_pem_x509_certificate(pair.certificate)
    names = {attribute.value for attribute in certificate.subject}
    assert names == {"someone", "team-a", "team-b"}
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))


def test_a_server_certificate_names_hosts_and_addresses(authority: Authority) -> None:
    certificate = x509.load_pem_x509_certificate(authority.server(("localhost", "127.0.0.1")).certificate)

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_the_kubeconfig_holds_everything_that_a_client_needs(authority: Authority) -> None:
    config = yaml.safe_load(kubeconfig("https://127.0.0.1:1", authority))

    encoded = config["users"][0]["user"]["client-certificate-data"]
    certificate = x509.load_pem_x509_certificate(base64.b64decode(encoded))
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "lab-admin"


def test_the_kubeconfig_of_plain_http_holds_no_secret() -> None:
    config = yaml.safe_load(kubeconfig("http://127.0.0.1:1", None))

    assert config["users"][0]["user"] == {}
