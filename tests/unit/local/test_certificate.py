import ssl
import stat
from ipaddress import ip_address

from cryptography import x509

from airflow_synapse.local.certificate import make_certificate


def test_certificate_names_this_machine_only(tmp_path):
    certificate = x509.load_pem_x509_certificate(make_certificate(tmp_path).chain.read_bytes())

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1")]


def test_certificate_and_key_belong_together(tmp_path):
    files = make_certificate(tmp_path)

    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.chain, files.key)


def test_key_is_readable_by_its_owner_only(tmp_path):
    assert stat.S_IMODE(make_certificate(tmp_path).key.stat().st_mode) == 0o600
