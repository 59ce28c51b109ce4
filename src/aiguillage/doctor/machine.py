"""The machine: ports, programmes, disk, clock, certificates."""

import os
import shutil
import smtplib
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiguillage.asterisk.provisioning.prompts import lacking
from aiguillage.doctor.finding import Finding, bad, well
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings

FREE_BYTES = 500_000_000
FREE_FILES = 1_000
CLOCK_BACK = timedelta(minutes=1)
"""The journal may not be further ahead of the clock than that."""
EXPIRES_SOON = timedelta(days=14)
SMTP_SECONDS = 3.0


def sip(settings: Settings) -> Finding:
    """Asterisk holds the SIP port, so it must be taken: where Asterisk has this machine's network."""
    place = f"{settings.sip_host}:{settings.sip_port}/udp"
    if settings.asterisk_is_elsewhere:
        return well(f"not looked at from here: Asterisk is at {settings.ami_host}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((settings.sip_host, settings.sip_port))
        except PermissionError as wrong:
            return bad(f"{place}: {wrong.strerror}", "choose AIGUILLAGE_SIP_PORT above 1023")
        except OSError:
            return well(f"{place} is in use, as it should be")
    return bad(f"nobody listens on {place}", "start Asterisk, or correct AIGUILLAGE_SIP_PORT")


def synthesiser(_: Settings) -> Finding:
    missing = [name for name in ("espeak-ng", "sox") if shutil.which(name) is None]
    if missing:
        return bad(f"{' and '.join(missing)} missing", f"apt-get install {' '.join(missing)}")
    return well("espeak-ng and sox are there")


def prompts(settings: Settings, plan: Plan | None) -> Finding:
    """Every announcement that the service makes, in every language."""
    if plan is None:
        return bad("none are made before a plan is published", "publish a plan")
    lacks = lacking(plan, settings.prompts_dir)
    if lacks:
        told = ", ".join(lacks[:5]) + (", …" if len(lacks) > 5 else "")
        return bad(
            f"missing in {settings.prompts_dir}: {told}", "start the service, which makes them; its log says why not"
        )
    return well(f"all are made in {', '.join(plan.organisation.languages)}")


def written_folder(settings: Settings) -> Finding:
    """Where the service writes what Asterisk reads."""
    if settings.asterisk_dir is None:
        return well("not written to: AIGUILLAGE_ASTERISK_DIR is not set")
    folder = settings.asterisk_dir / "generated"
    if not os.access(folder, os.W_OK):
        return bad(f"{folder} cannot be written by this user", "mend its owner or mode")
    return well(f"{folder} can be written")


def disk(settings: Settings) -> Finding:
    """Room where the database, the announcements and the messages are kept."""
    folders = {settings.state, settings.voicemail, *([settings.asterisk_dir] if settings.asterisk_dir else [])}
    short = [told for folder in sorted(folders) if (told := _short(_there(folder)))]
    if short:
        return bad("; ".join(short), "make room, or give it a larger disk: messages and the journal are lost otherwise")
    free = min(shutil.disk_usage(_there(folder)).free for folder in folders)
    return well(f"{free / 1e9:,.1f} GB are free")


def _short(folder: Path) -> str:
    usage = shutil.disk_usage(folder)
    if usage.free < FREE_BYTES:
        return f"{usage.free / 1e6:,.0f} MB are free for {folder}, {FREE_BYTES / 1e6:,.0f} MB are wanted"
    files = os.statvfs(folder)
    if files.f_files and files.f_favail < FREE_FILES:
        return f"the disk of {folder} has room for {files.f_favail:,} more files only"
    return ""


def _there(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def clock(plan: Plan | None, newest: datetime | None) -> Finding:
    """Opening hours are told by the organisation's own clock."""
    name = plan.organisation.timezone if plan else "UTC"
    try:
        local = datetime.now(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError):
        return bad(f"no data of time zone {name}", "apt-get install tzdata")
    if newest is not None and newest - datetime.now(UTC) > CLOCK_BACK:
        return bad(
            f"the clock says {local:%Y-%m-%d %H:%M}, the journal has a call of {newest:%Y-%m-%d %H:%M} UTC",
            "let the machine follow NTP",
        )
    return well(f"{local:%Y-%m-%d %H:%M} in {name}")


def certificates(settings: Settings) -> Finding:
    """The mail server's is the only one that calls or people depend on: Asterisk is asked on this machine."""
    if not settings.smtp_host or settings.smtp_tls == "none":
        return well("none is used")
    place = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        expires = datetime.fromtimestamp(_expiry(settings), UTC)
    except ssl.SSLError as wrong:
        return bad(f"the certificate of {place} is refused: {wrong}", "renew it, or correct AIGUILLAGE_SMTP_HOST")
    except (OSError, smtplib.SMTPException) as wrong:
        return bad(f"{place} does not speak TLS with us: {wrong}", "see the mail server, and AIGUILLAGE_SMTP_TLS")
    if expires - datetime.now(UTC) < EXPIRES_SOON:
        return bad(f"the certificate of {place} ends on {expires:%Y-%m-%d}", "renew it before that day")
    return well(f"the certificate of {place} is good until {expires:%Y-%m-%d}")


def _expiry(settings: Settings) -> int:
    """Seconds since 1970. Raises OSError, ssl.SSLError or SMTPException."""
    context = ssl.create_default_context()
    host, port = settings.smtp_host, settings.smtp_port
    if settings.smtp_tls == "tls":
        with (
            socket.create_connection((host, port), SMTP_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return _ends(secure)
    with smtplib.SMTP(host, port, timeout=SMTP_SECONDS) as server:
        server.starttls(context=context)
        if not isinstance(server.sock, ssl.SSLSocket):
            raise smtplib.SMTPException("it offers no TLS")
        return _ends(server.sock)


def _ends(secure: ssl.SSLSocket) -> int:
    certificate = secure.getpeercert() or {}
    return ssl.cert_time_to_seconds(str(certificate["notAfter"]))
