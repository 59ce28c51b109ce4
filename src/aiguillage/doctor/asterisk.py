"""Asterisk, asked over its manager interface; only read, never changed."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiguillage.asterisk import trunks
from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.provisioning import read_back
from aiguillage.asterisk.provisioning.files import mark_of
from aiguillage.asterisk.systemname import misnamed, remedy, systemname
from aiguillage.doctor.finding import Finding, bad, well
from aiguillage.errors import AsteriskRefused, AsteriskUnavailable
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings

RELEASE = 22
"""The major release that our dialplan is tried on."""
LOGIN_SECONDS = 6.0
CLOCKS_APART = 5.0
"""Seconds between our clock and Asterisk's that a slow answer explains."""
_TOLD = 5

_MODULES = {
    "res": "agi musiconhold pjsip pjsip_session pjsip_sdp_rtp pjsip_caller_id pjsip_diversion pjsip_header_funcs "
    "pjsip_registrar pjsip_authenticator_digest pjsip_endpoint_identifier_ip pjsip_endpoint_identifier_user "
    "pjsip_outbound_registration rtp_asterisk",
    "app": "dial exec playback queue read stack userevent voicemail originate directed_pickup",
    "func": "callerid channel cut db devstate dialplan global groupcount hangupcause logic md5 strings timeout "
    "pjsip_endpoint",
    "pbx": "config",
    "chan": "pjsip",
    "format": "wav",
}
MODULES = tuple(f"{kind}_{name}" for kind, names in _MODULES.items() for name in names.split())
"""What our dialplan and the generated files need."""

Question = Callable[[ManagerLink], Coroutine[Any, Any, Finding]]
NOT_ASKED = "not known: Asterisk does not answer"


def asked(settings: Settings, plan: Plan | None) -> Mapping[str, Finding]:
    """What Asterisk says of itself, by part."""
    return asyncio.run(_asked(settings, plan))


async def _asked(settings: Settings, plan: Plan | None) -> Mapping[str, Finding]:
    async def generated(link: ManagerLink) -> Finding:
        return await _generated(link, settings.asterisk_dir, plan)

    async def modules(link: ManagerLink) -> Finding:
        secret = settings.ami_system_secret.get_secret_value()
        if not secret:
            return await _modules(link)
        async with _linked(settings, settings.ami_system_user, secret) as system:
            return await _modules(system)

    async def operators(link: ManagerLink) -> Finding:
        return await _operators(link, plan, simulated=settings.simulation)

    async def sounds(link: ManagerLink) -> Finding:
        return await _sounds(link, plan)

    async def name(link: ManagerLink) -> Finding:
        return await _name(link, settings.node)

    questions: Mapping[str, Question] = {
        "asterisk version": _version,
        "asterisk name": name,
        "asterisk modules": modules,
        "generated files": generated,
        "trunks": operators,
        "asterisk clock": _clock,
        "asterisk sounds": sounds,
    }
    async with _linked(settings, settings.ami_user, settings.ami_secret.get_secret_value()) as link:
        if link.state != "up":
            not_asked = bad(NOT_ASKED, "mend the part asterisk first")
            return {"asterisk": _login(link, settings)} | dict.fromkeys(questions, not_asked)
        return {"asterisk": _login(link, settings)} | {
            name: await _answered(question, link) for name, question in questions.items()
        }


@contextlib.asynccontextmanager
async def _linked(settings: Settings, user: str, secret: str) -> AsyncIterator[ManagerLink]:
    """Logged in, or not: its state says."""
    link = ManagerLink(host=settings.ami_host, port=settings.ami_port, user=user, secret=secret, on_up=_nothing)
    await link.start()
    try:
        await link.settled(LOGIN_SECONDS)
        yield link
    finally:
        await link.close()


async def _nothing() -> None:
    return


async def _answered(question: Question, link: ManagerLink) -> Finding:
    try:
        return await question(link)
    except AsteriskRefused as wrong:
        return bad(str(wrong), "give the user in manager.conf the rights that the generated manager.conf gives it")
    except AsteriskUnavailable as wrong:
        return bad(str(wrong), "see why Asterisk does not answer: its log, and its load")


def _login(link: ManagerLink, settings: Settings) -> Finding:
    if link.state == "up":
        return well(link.reason)
    if link.state == "refused":
        return bad(link.reason, f"give user {settings.ami_user} of manager.conf the secret in AIGUILLAGE_AMI_SECRET")
    return bad(link.reason, "start Asterisk, or correct AIGUILLAGE_AMI_HOST and AIGUILLAGE_AMI_PORT")


async def _version(link: ManagerLink) -> Finding:
    told = (await link.action("CoreSettings")).get("AsteriskVersion", "")
    major = re.match(r"(?:GIT-)?(\d+)", told)
    if major is None or int(major[1]) < RELEASE:
        return bad(f"Asterisk {told or 'of an unknown release'}", f"install Asterisk {RELEASE}, the long-term release")
    return well(f"Asterisk {told}" + ("" if int(major[1]) == RELEASE else "; newer than what we are tried on"))


async def _name(link: ManagerLink, node: str) -> Finding:
    """Of several nodes, by which calls are told apart."""
    if not node:
        return well("not looked at: AIGUILLAGE_NODE is not set, so this is the only node")
    wrong = misnamed(await systemname(link), node)
    return bad(wrong, remedy(node)) if wrong else well(f"its systemname is {node}, and so is AIGUILLAGE_NODE")


async def _modules(link: ManagerLink) -> Finding:
    lacks = [module for module in MODULES if not await _is_loaded(link, module)]
    if lacks:
        told = ", ".join(lacks[:_TOLD]) + (", …" if len(lacks) > _TOLD else "")
        return bad(f"not loaded: {told}", "add them to modules.conf (asterisk-conf/ has a list that works), restart")
    return well(f"all {len(MODULES)} that are needed are loaded")


async def _is_loaded(link: ManagerLink, module: str) -> bool:
    try:
        await link.action("ModuleCheck", Module=module)
    except AsteriskRefused as wrong:
        if "ermission" in str(wrong):
            raise
        return False
    return True


async def _generated(link: ManagerLink, folder: Path | None, plan: Plan | None) -> Finding:
    """What stands in the folder is what Asterisk has read."""
    if folder is None:
        return well("none are written: AIGUILLAGE_ASTERISK_DIR is not set")
    if plan is None:
        return bad("none are written before a plan is published", "publish a plan")
    try:
        text = (folder / "generated/extensions.conf").read_text("utf-8")
    except OSError as wrong:
        return bad(f"{wrong.filename} cannot be read: {wrong.strerror}", "start the service, which writes it")
    lacks = await read_back.missing(link, plan, mark_of({"extensions.conf": text}))
    if lacks:
        told = "; ".join(lacks[:_TOLD]) + ("; …" if len(lacks) > _TOLD else "")
        return bad(f"Asterisk has not what was written for it: {told}", "see its log, then restart Asterisk")
    return well("Asterisk has all that was written for it")


async def _operators(link: ManagerLink, plan: Plan | None, *, simulated: bool) -> Finding:
    wanted = list(plan.trunks) if plan else []
    silent = [trunk for trunk in wanted if not await trunks.answers(link, trunk)]
    if not silent:
        return well(f"all answer: {', '.join(wanted)}" if wanted else "the plan has none")
    told = f"no answer from {', '.join(silent)}"
    if simulated:
        return well(f"{told}; a simulated operator is there during calls only")
    remedy = (
        "see the trunk's server and the way to it; in the first minute of Asterisk, ask again. An operator that takes "
        "calls all the same ignores SIP OPTIONS: ask it to answer them"
    )
    return bad(told, remedy)


async def _clock(link: ManagerLink) -> Finding:
    told = (await link.action("Getvar", Variable="EPOCH")).get("Value", "")
    if not told.isdecimal():
        return bad("Asterisk does not say what time it is", "ask again; else restart Asterisk")
    apart = abs(time.time() - int(told))
    if apart > CLOCKS_APART:
        return bad(f"Asterisk's clock and ours are {apart:.0f} s apart", "let both machines follow NTP")
    return well("Asterisk's clock and ours agree")


async def _sounds(link: ManagerLink, plan: Plan | None) -> Finding:
    """Without a language's own, Asterisk plays English and says nothing of it."""
    data = (await link.action("Getvar", Variable="ASTDATADIR")).get("Value", "")
    folder = Path(data) / "sounds"
    if not data or not folder.is_dir():
        return well(f"not looked at: {folder} is not on this machine")
    languages = plan.organisation.languages if plan else ()
    lacks = [f"{language}/{name}" for language in languages for name in _lacking(folder / language)]
    if lacks:
        remedy = (
            f"install asterisk-core-sounds-LANGUAGE-wav, link its folder as {folder}/LANGUAGE (Debian's French is "
            "fr_CA_f_June), and our announcements in it as asterisk/process.py does"
        )
        return bad(f"missing in {folder}: {', '.join(lacks)}", remedy)
    return well(f"numbers and announcements are there in {', '.join(languages) or 'no language'}")


def _lacking(folder: Path) -> Iterator[str]:
    for name in ("digits/1", "aiguillage/queue-you-are-next"):
        where = folder / name
        if not any(where.parent.glob(f"{where.name}.*")):
            yield name
