"""The generated files, as texts: each a pure function of the plan and the site.

Keys, endpoints and numbers of a plan hold no character that means anything to Asterisk; names and addresses are free
text and pass through `_plain`.
"""

from collections.abc import Iterator, Mapping

from aiguillage.asterisk.channel_variables import assignments, speakable
from aiguillage.asterisk.provisioning.site import Site
from aiguillage.routing.itinerary import Itinerary
from aiguillage.routing.mailboxes import mailbox_of, mailboxes
from aiguillage.routing.plan import Person, Plan, Trunk

HEADER = "; Written by Aiguillage from the published plan. Do not edit: it is written again.\n\n"

RELOADED_BY: Mapping[str, str] = {
    "pjsip.conf": "res_pjsip.so",
    "voicemail.conf": "app_voicemail.so",
    "extensions.conf": "pbx_config.so",
}
"""The module that reads a file again. Ports and secrets (manager.conf, rtp.conf) are read at start only."""

_PHONE = """\
[{endpoint}]
type = endpoint
context = from-phone
aors = {endpoint}
auth = {endpoint}
disallow = all
allow = alaw,ulaw
direct_media = no
rtp_timeout = 60
rtp_timeout_hold = 600
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
send_pai = no
send_diversion = no
callerid = "{name}" <{extension}>
{light}
[{endpoint}]
type = auth
auth_type = userpass
username = {endpoint}
password = {password}

[{endpoint}]
type = aor
max_contacts = 1
remove_existing = yes
qualify_frequency = 60

"""

_LIGHT = """\
mailboxes = {mailbox}
voicemail_extension = *97
"""

_TRUNK = """\
[{key}]
type = endpoint
context = from-trunk
aors = {key}
disallow = all
allow = alaw,ulaw
direct_media = no
rtp_timeout = 60
rtp_timeout_hold = 600
send_diversion = no

[{key}]
type = aor
contact = sip:{server}

[{key}]
type = identify
endpoint = {key}
match = {host}

"""

_SIMULATOR = """\
[simulator]
type = endpoint
context = from-simulator
disallow = all
allow = alaw,ulaw
direct_media = no

[simulator]
type = identify
endpoint = simulator
match_header = X-Aiguillage-Simulator: {secret}

"""


def generated(plan: Plan, site: Site, last_resort: Itinerary) -> dict[str, str]:
    """File name -> text, for the folder `generated` of Asterisk's configuration."""
    return {
        "pjsip.conf": HEADER + "".join(_pjsip(plan, site)),
        "voicemail.conf": HEADER + "".join(_voicemail(plan, site)),
        "extensions.conf": HEADER + "".join(_extensions(plan, site, last_resort)),
        "manager.conf": HEADER + _manager(site),
        "rtp.conf": HEADER + f"rtpstart = {site.rtp_ports[0]}\nrtpend = {site.rtp_ports[1]}\n",
    }


def _pjsip(plan: Plan, site: Site) -> Iterator[str]:
    yield f"[udp]\ntype = transport\nprotocol = udp\nbind = {site.sip_host}:{site.sip_port}\n\n"
    for person in plan.people.values():
        for phone in person.phones.values():
            if phone.endpoint is not None:
                yield _phone(person, phone.endpoint, site.passwords[phone.endpoint])
    yield from (_trunk(trunk) for trunk in plan.trunks.values())
    if site.simulator_secret:
        yield _SIMULATOR.format(secret=site.simulator_secret)


def _phone(person: Person, endpoint: str, password: str) -> str:
    return _PHONE.format(
        endpoint=endpoint,
        name=_plain(person.name),
        extension=person.extension or endpoint,
        password=password,
        light=_LIGHT.format(mailbox=mailbox_of(person)) if person.voicemail is not None else "",
    )


def _trunk(trunk: Trunk) -> str:
    return _TRUNK.format(key=f"{trunk.key}", server=trunk.server, host=trunk.server.partition(":")[0])


def _voicemail(plan: Plan, site: Site) -> Iterator[str]:
    """Mailbox = PIN,name. No address: messages are mailed by us, and Asterisk must not mail them again."""
    for context in ("boxes", "people"):
        yield f"[{context}]\n"
        for mailbox in mailboxes(plan).values():
            key, _, place = mailbox.key.partition("@")
            if place == context:
                yield f"{key} = {site.pins[mailbox.key]},{_plain(mailbox.name)}\n"
        yield "\n"


def _extensions(plan: Plan, site: Site, last_resort: Itinerary) -> Iterator[str]:
    yield f"[globals]\nROUTER = {site.agi}\nPROMPTS = {site.prompts}\n\n"
    yield "[last-resort]\nexten = s,1,Set(LAST_RESORT=1)\n"
    for name, value in assignments(last_resort, "last-resort"):
        yield f" same = n,Set({name}={value})\n"
    yield " same = n,Goto(steps,s,1)\n\n"
    yield from _mailbox_of(plan)


def _mailbox_of(plan: Plan) -> Iterator[str]:
    """Gosub(mailbox-of,<extension>,1): GOSUB_RETVAL is the mailbox that has this extension, or empty."""
    yield "[mailbox-of]\n"
    for mailbox in mailboxes(plan).values():
        if mailbox.extension is not None:
            yield f"exten = {mailbox.extension},1,Return({mailbox.key})\n"
    yield "exten = _X!,1,Return()\n"


def _manager(site: Site) -> str:
    """`system` in write is for Reload of the files above, `user` for VoicemailRemove; `command` is not given."""
    return (
        f"[general]\nenabled = yes\nport = {site.ami_port}\nbindaddr = 127.0.0.1\n\n"
        f"[{site.ami_user}]\nsecret = {site.ami_secret}\n"
        "deny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/255.255.255.255\n"
        "read = call,agent,user,system\nwrite = originate,call,agent,system,user\nwritetimeout = 5000\n"
    )


def _plain(text: str) -> str:
    """Free text without what ends a value or a line in Asterisk's files."""
    return speakable(text.replace("=", " "))
