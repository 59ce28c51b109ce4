"""What Asterisk is told of the two addresses by which it and the service reach each other, and of its own outside."""

import pytest

from aiguillage.desk import provisioning
from aiguillage.settings import Settings
from aiguillage.store.database import Database
from tests.unit.examples import PLAN


@pytest.mark.parametrize(
    "ami_host, agi_host, listens, lets_in",
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("10.57.73.3", "10.57.73.2", "10.57.73.3", "10.57.73.2"),
        ("localhost", "0.0.0.0", "127.0.0.1", "127.0.0.1"),  # no address of one machine
    ],
)
def test_the_manager_is_where_the_service_reaches_it(
    database: Database, ami_host: str, agi_host: str, listens: str, lets_in: str
) -> None:
    settings = Settings(_env_file=None, ami_host=ami_host, agi_host=agi_host)  # type: ignore[call-arg]
    site = provisioning.site(settings, database, PLAN)
    assert (site.ami_host, site.ami_permits) == (listens, lets_in)


def test_phones_are_told_the_address_by_which_they_reach_asterisk(database: Database) -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        sip_host="0.0.0.0",
        sip_external_host="198.51.100.7",
        sip_local_networks="192.0.2.0/24, 10.0.0.0/8",
    )
    site = provisioning.site(settings, database, PLAN)
    assert site.sip_server == "198.51.100.7:5060"
    assert site.sip_local_networks == ("192.0.2.0/24", "10.0.0.0/8")


def test_the_link_that_an_administrator_is_given_can_be_opened() -> None:
    settings = Settings(_env_file=None, http_host="0.0.0.0", http_port=8090)  # type: ignore[call-arg]
    assert settings.http_url == "http://127.0.0.1:8090"
