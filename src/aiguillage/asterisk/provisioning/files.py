"""The generated files, as texts: each a pure function of the plan and the site.

Keys, endpoints and numbers of a plan hold no character that means anything to Asterisk; names and addresses are free
text and pass through `_plain`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from aiguillage.asterisk.channel_variables import CONFIRMATION, assignments, dial_string, speakable
from aiguillage.asterisk.provisioning.site import SYNTHETIC, Site
from aiguillage.asterisk.trunks import WATCH
from aiguillage.routing import emergency
from aiguillage.routing.itinerary import Itinerary
from aiguillage.routing.mailboxes import mailbox_of, mailboxes
from aiguillage.routing.outgoing import shown
from aiguillage.routing.plan import (
    DEFAULT_RING_SECONDS,
    OutboundRoute,
    Person,
    Plan,
    Queue,
    RingGroup,
    Strategy,
    Trunk,
    VoicemailBox,
    first_number,
    language_of,
)
from aiguillage.routing.unfold import legs_of

HEADER = "; Written by Aiguillage from the published plan. Do not edit: it is written again.\n\n"

_GLOBALS = "[globals]\n"
_MARK = "GENERATED = "

RELOADED_BY: Mapping[str, str] = {
    "pjsip.conf": "res_pjsip.so",
    "voicemail.conf": "app_voicemail.so",
    "extensions.conf": "pbx_config.so",
    "timetable.conf": "pbx_config.so",
    "queues.conf": "app_queue.so",
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
language = {language}
call_group = 1
pickup_group = 1
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
identify_by = ip
aors = {key}
disallow = all
allow = alaw,ulaw
direct_media = no
rtp_timeout = 60
rtp_timeout_hold = 600
send_pai = no
send_diversion = no
allow_transfer = no
language = {language}
{account}
[{key}]
type = aor
contact = sip:{server}

[{key}]
type = identify
endpoint = {key}
match = {host}

"""

_ACCOUNT = """\
outbound_auth = {key}
from_domain = {host}

[{key}]
type = auth
auth_type = userpass
username = {username}
password = {password}

; It never gives up, whatever the operator says or does not say.
[{key}]
type = registration
endpoint = {key}
line = yes
outbound_auth = {key}
server_uri = sip:{server}
client_uri = sip:{username}@{host}
contact_user = {contact}
expiration = 600
retry_interval = {retry}
forbidden_retry_interval = {retry}
fatal_retry_interval = {retry}
max_retries = 1000000000
auth_rejection_permanent = no
"""

_WATCH = """\
[{watch}]
type = endpoint
context = nowhere
identify_by = ip
aors = {watch}
disallow = all
allow = alaw

[{watch}]
type = aor
contact = sip:{server}
qualify_frequency = 60

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

_SYNTHETIC = """\
[{name}]
type = endpoint
context = from-synthetic
auth = {name}
disallow = all
allow = alaw
direct_media = no
allow_subscribe = no
allow_transfer = no
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.0/255.0.0.0
{permit}
[{name}]
type = auth
auth_type = userpass
username = {name}
password = {secret}

"""


def generated(plan: Plan, site: Site, last_resort: Itinerary, timetable: Iterable[str] = ()) -> dict[str, str]:
    """File name -> text, for the folder `generated` of Asterisk's configuration. `timetable`: the lines of that file.

    The dialplan is marked with a checksum of all of them (`mark_of`).
    """
    files = {
        "pjsip.conf": HEADER + "".join(_pjsip(plan, site)),
        "voicemail.conf": HEADER + "".join(_voicemail(plan, site)),
        "extensions.conf": HEADER + "".join(_extensions(plan, site, last_resort)),
        "timetable.conf": HEADER + "".join(timetable),
        "queues.conf": HEADER + "".join(_queue(plan, queue) for queue in plan.queues.values()),
        "manager.conf": HEADER + _manager(site),
        "rtp.conf": HEADER + f"rtpstart = {site.rtp_ports[0]}\nrtpend = {site.rtp_ports[1]}\n",
    }
    mark = hashlib.sha256("".join(files.values()).encode()).hexdigest()[:16]
    files["extensions.conf"] = files["extensions.conf"].replace(_GLOBALS, f"{_GLOBALS}{_MARK}{mark}\n", 1)
    return files


def mark_of(files: Mapping[str, str]) -> str:
    """What the global variable GENERATED of an Asterisk is that has read these files."""
    return files["extensions.conf"].partition(_MARK)[2].partition("\n")[0]


def _pjsip(plan: Plan, site: Site) -> Iterator[str]:
    yield from _transport(site)
    for person in plan.people.values():
        for phone in person.phones.values():
            if phone.endpoint is not None:
                yield _phone(plan, person, phone.endpoint, site.passwords[phone.endpoint])
    yield from (_trunk(plan, site, trunk) for trunk in plan.trunks.values())
    if site.simulator_secret:
        yield _SIMULATOR.format(secret=site.simulator_secret)
    if site.synthetic_secret:
        # The service calls from Asterisk's own address, or from its own where that is another container's.
        callers = {site.sip_host, site.ami_permits} - {"0.0.0.0", "127.0.0.1"}  # noqa: S104  nothing is bound
        permits = "".join(f"permit = {each}\n" for each in sorted(callers))
        yield _SYNTHETIC.format(name=SYNTHETIC, permit=permits, secret=site.synthetic_secret)


def _transport(site: Site) -> Iterator[str]:
    yield f"[udp]\ntype = transport\nprotocol = udp\nbind = {site.sip_host}:{site.sip_port}\n"
    if site.sip_external_host:
        yield f"external_signaling_address = {site.sip_external_host}\n"
        yield f"external_media_address = {site.sip_external_host}\n"
        yield from (f"local_net = {network}\n" for network in site.sip_local_networks)
    yield "\n"


def _phone(plan: Plan, person: Person, endpoint: str, password: str) -> str:
    return _PHONE.format(
        language=language_of(plan, person),
        endpoint=endpoint,
        name=_plain(person.name),
        extension=person.extension or endpoint,
        password=password,
        light=_LIGHT.format(mailbox=mailbox_of(person)) if person.voicemail is not None else "",
    )


def _trunk(plan: Plan, site: Site, trunk: Trunk) -> str:
    language = plan.organisation.languages[0]
    watched = _WATCH.format(watch=f"{WATCH}{trunk.key}", server=trunk.server)
    account = _account(plan, site, trunk)
    fields = {"key": trunk.key, "server": trunk.server, "host": _host(trunk)}
    return _TRUNK.format(**fields, language=language, account=account) + watched


def _account(plan: Plan, site: Site, trunk: Trunk) -> str:
    """Nothing for an operator that knows us by our address, nor while there is no password.

    Calls that the operator sends to what we register are for the trunk's first number.
    """
    password = site.trunk_passwords.get(trunk.key)
    if trunk.registers_as is None or password is None:
        return ""
    return _ACCOUNT.format(
        key=trunk.key,
        server=trunk.server,
        host=_host(trunk),
        username=trunk.registers_as,
        password=password,
        contact=next((did.number for did in plan.dids.values() if did.trunk == trunk.key), trunk.registers_as),
        retry=site.registration_retry,
    )


def _host(trunk: Trunk) -> str:
    return trunk.server.partition(":")[0]


def _voicemail(plan: Plan, site: Site) -> Iterator[str]:
    """Mailbox = PIN,name. No address: messages are mailed by us, and Asterisk must not mail them again."""
    for context in ("boxes", "people"):
        yield f"[{context}]\n"
        for mailbox in mailboxes(plan).values():
            key, _, place = mailbox.key.partition("@")
            if place == context:
                yield f"{key} = {site.pins[mailbox.key]},{_plain(mailbox.name)}\n"
        yield "\n"


_STRATEGIES: Mapping[Strategy, str] = {
    "ringall": "ringall",
    "hunt": "linear",
    "rotary": "rrmemory",
    "random": "random",
    "leastrecent": "leastrecent",
}
"""Our word for app_queue's."""

_QUEUE = """\
[{key}]
strategy = {strategy}
timeout = {timeout}
retry = 1
autofill = yes
ringinuse = no
maxlen = {longest}
musicclass = default
context = {context}
joinempty = paused,invalid,unavailable
leavewhenempty = paused,invalid,unavailable
announce-position = {position}
announce-frequency = {frequency}
announce-holdtime = no
queue-youarenext = aiguillage/queue-you-are-next
queue-thereare = aiguillage/queue-you-are-number
queue-callswaiting = aiguillage/queue-in-the-line
queue-thankyou =
{offer}{members}
"""
_OFFER = """\
periodic-announce = aiguillage/callback-offer
periodic-announce-startdelay = 2
periodic-announce-frequency = 30
"""


def _queue(plan: Plan, queue: Queue) -> str:
    """Members are Local channels, so that a GSM is asked to press 1; their state is the person's (`_member`)."""
    asked = any(leg.confirm for member in queue.members for leg in legs_of(plan, member))
    members = (
        f"member => Local/{member}@member/n,0,{_plain(plan.people[member].name)},hint:{member}@member\n"
        for member in queue.members
    )
    return _QUEUE.format(
        key=queue.key,
        strategy=_STRATEGIES[queue.strategy],
        timeout=DEFAULT_RING_SECONDS + (CONFIRMATION if asked else 0),
        longest=queue.max_callers or 0,
        context="queue-keys" if queue.offer_callback else "",
        position="yes" if queue.announce_position else "no",
        frequency=20 if queue.announce_position else 0,
        offer=_OFFER if queue.offer_callback else "",
        members="".join(members),
    )


def _extensions(plan: Plan, site: Site, last_resort: Itinerary) -> Iterator[str]:
    yield _GLOBALS
    yield from (f"{name} = {value}\n" for name, value in _globals(plan, site))
    yield "\n[last-resort]\nexten = s,1,Set(LAST_RESORT=1)\n"
    for name, value in assignments(last_resort, "last-resort"):
        yield f" same = n,Set({name}={value})\n"
    yield " same = n,Goto(steps,s,1)\n\n[emergency]\n"
    for dialled, sent in emergency.spellings(plan.organisation.country):
        yield f"exten = {dialled},1,Gosub(emergency-call,s,1({sent}))\n"
    yield "\n[extensions]\n"
    for person in plan.people.values():
        yield from _extension(plan, person)
    for extension in _extensions_of_nobody(plan):
        yield f"exten = {extension},1,Goto(fallback,s,1)\n"
    yield from _mailbox_of(plan)
    yield "\n[member]\n"
    for key in dict.fromkeys(member for queue in plan.queues.values() for member in queue.members):
        yield from _member(plan, key)


def _globals(plan: Plan, site: Site) -> Iterator[tuple[str, str]]:
    """What the hand-written dialplan needs to know."""
    yield "ROUTER", site.agi
    yield "PROMPTS", str(site.prompts)
    yield "PARALLEL_CALLS", str(site.parallel_calls)
    yield "AGIEXITONHANGUP", "yes"
    extensions = _all_extensions(plan)
    yield "EXTENSIONS_BEGIN", "".join(sorted({extension[0] for extension in extensions}))
    yield "EXTENSION_DIGITS", str(max((len(extension) for extension in extensions), default=2) - 1)
    route = _emergency_route(plan)
    yield "EMERGENCY_SHOWS", (shown(plan, route) if route else first_number(plan)) or ""
    yield "EMERGENCY_TRUNKS", ":".join(dict.fromkeys([*(route.trunks if route else ()), *plan.trunks]))
    for trunk in plan.trunks.values():
        yield f"LIMIT_{trunk.key}", str(_limit(trunk))
        yield f"SHOWS_{trunk.key}", trunk.forwarded_caller_id
        yield f"HOST_{trunk.key}", _host(trunk)


def _all_extensions(plan: Plan) -> list[str]:
    return [*(person.extension for person in plan.people.values() if person.extension), *_extensions_of_nobody(plan)]


def _extensions_of_nobody(plan: Plan) -> list[str]:
    """Those of ring groups, queues and boxes."""
    things: tuple[RingGroup | Queue | VoicemailBox, ...] = (
        *plan.ring_groups.values(),
        *plan.queues.values(),
        *plan.voicemail_boxes.values(),
    )
    return [thing.extension for thing in things if thing.extension]


def _emergency_route(plan: Plan) -> OutboundRoute | None:
    """The outbound route that names an emergency number."""
    numbers = {dialled for dialled, _ in emergency.spellings(plan.organisation.country)}
    return next((r for r in plan.outbound_routes if any(each.text in numbers for each in r.numbers)), None)


UNLIMITED = 100_000
_KEPT_FREE = 1


def _limit(trunk: Trunk) -> int:
    """Calls on the trunk beyond which none of ours goes out over it, so that an emergency call always can."""
    if trunk.channels is None:
        return UNLIMITED
    return max(trunk.channels - _KEPT_FREE, 1)


def _extension(plan: Plan, person: Person) -> Iterator[str]:
    """For while nobody can be asked."""
    endpoints = [phone.endpoint for phone in person.phones.values() if phone.endpoint is not None]
    if person.extension is None:
        return
    phones = "&".join(f"PJSIP/{endpoint}" for endpoint in endpoints)
    mailbox = mailbox_of(person) if person.voicemail is not None else ""
    if phones:
        yield f"exten = {person.extension},1,Gosub(extension,s,1({phones},{mailbox}))\n"
    else:
        yield f"exten = {person.extension},1,Goto(fallback,s,1)\n"


def _member(plan: Plan, key: str) -> Iterator[str]:
    """A queue's member: the state of all that is theirs, and the phones that ring.

    `Custom:gsm-` is in use while a call of ours is on the GSM, `Custom:rest-` for a while after a call that the
    member did not take (desk/queueing.py). DB(forward/…) is where the member's calls go instead.
    """
    legs = legs_of(plan, key)
    states = [f"PJSIP/{leg.endpoint}" for leg in legs if leg.endpoint] + [f"Custom:gsm-{key}", f"Custom:rest-{key}"]
    yield f"exten = {key},hint,{'&'.join(states)}\n"
    phones = "&".join(dial_string(leg, apart=True) for leg in legs)
    yield f"exten = {key},1,Set(FORWARD=${{DB(forward/{key})}})\n"
    yield ' same = n,GotoIf($["${FORWARD}" != ""]?forwarded)\n'
    yield f" same = n,Dial({phones},$[${{RING_SECONDS}} + {CONFIRMATION}],I)\n"
    yield " same = n,Goto(over)\n"
    yield f" same = n(forwarded),Dial(${{FORWARD}},$[${{RING_SECONDS}} + {CONFIRMATION}],I)\n"
    yield " same = n(over),Hangup(${IF($[0${HANGUPCAUSE} > 0]?${HANGUPCAUSE}:19)})\n"


def _mailbox_of(plan: Plan) -> Iterator[str]:
    """Gosub(mailbox-of,<extension>,1): GOSUB_RETVAL is the mailbox that has this extension, or empty."""
    yield "\n[mailbox-of]\n"
    for mailbox in mailboxes(plan).values():
        if mailbox.extension is not None:
            yield f"exten = {mailbox.extension},1,Return({mailbox.key})\n"
    yield "exten = _X!,1,Return()\n"


HEARD = (
    "DialBegin",
    "DialState",
    "DialEnd",
    "Hangup",
    "UserEvent",
    "OriginateResponse",
    "AgentRingNoAnswer",
    "QueueCallerJoin",
    "QueueCallerLeave",
    "ContactStatus",
)
"""The events of Asterisk that somebody of us reads; others are not sent, so that a flood of them is no flood to us.

Newchannel must not be among them: it tells the caller's number as it came, line ends and all, before the dialplan has
cleaned it, so that a caller could write events of Asterisk's into it.
"""

_UNHEARD = (
    "Newexten",
    "Newstate",
    "NewCallerid",
    "NewConnectedLine",
    "BridgeCreate",
    "BridgeEnter",
    "BridgeLeave",
    "BridgeDestroy",
    "DeviceStateChange",
)
"""Events that each call brings dozens of, and nobody reads: Asterisk makes none, for no user of its interface."""

_USER = """\
[{user}]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
{permits}read = {read}
write = {write}
writetimeout = 5000
"""


def _manager(site: Site) -> str:
    """The service's user: `user` in write is for VoicemailRemove, `reporting` for the list of calls. `system`, for
    Reload and DBPut, has a user of its own. Nobody has `command` or `config`."""
    apart = bool(site.ami_system_secret)
    permits = "".join(f"permit = {each}/255.255.255.255\n" for each in dict.fromkeys(("127.0.0.1", site.ami_permits)))
    system = "" if apart else "system,"
    service = _USER.format(
        user=site.ami_user,
        secret=site.ami_secret,
        permits=permits,
        read="call,agent,user,system",
        write=f"originate,call,agent,{system}reporting,user",
    )
    filters = "".join(f"eventfilter(action(include),name({name})) =\n" for name in HEARD)
    other = _USER.format(
        user=site.ami_system_user, secret=site.ami_system_secret, permits=permits, read="", write="system"
    )
    general = (
        f"[general]\nenabled = yes\nport = {site.ami_port}\nbindaddr = {site.ami_host}\n"
        f"disabledevents = {','.join(_UNHEARD)}\n\n"
    )
    return general + service + filters + (f"\n{other}" if apart else "")


def _plain(text: str) -> str:
    """Free text without what ends a value or a line in Asterisk's files."""
    return speakable(text.replace("=", " "))
