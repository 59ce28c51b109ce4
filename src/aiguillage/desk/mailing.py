"""A voicemail message as an e-mail: in its reader's language, with the sound attached."""

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from zoneinfo import ZoneInfo

import aiosmtplib

from aiguillage.errors import MailUnavailable, NumberRefused, Refused
from aiguillage.routing.mailboxes import Mailbox, mailboxes
from aiguillage.routing.numbers import parse_e164, written_nationally
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings
from aiguillage.store.messages import StoredMessage

SEND_SECONDS = 60.0
STEP_SECONDS = 20.0
MAX_ERROR = 300
"""Characters of what a server answered that are kept."""

_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class _Words:
    """`moment` is what strftime makes of it; `shared` and `personal` say which box."""

    subject: str
    body: str
    nobody: str
    moment: str
    shared: str
    personal: str


WORDS: Mapping[str, _Words] = {
    "fr": _Words(
        "Message vocal de {who} ({long})",
        "Vous avez un nouveau message vocal.\n\nDe : {who}\nReçu le : {when}\nDurée : {long}\nBoîte : {box}\n\n"
        "L'enregistrement est joint à cet e-mail.\n",
        "numéro masqué",
        "%d/%m/%Y à %H:%M",
        "{name}",
        "votre messagerie ({name})",
    ),
    "nl": _Words(
        "Voicemailbericht van {who} ({long})",
        "U hebt een nieuw voicemailbericht.\n\nVan: {who}\nOntvangen op: {when}\nDuur: {long}\nBox: {box}\n\n"
        "De opname zit als bijlage bij deze e-mail.\n",
        "afgeschermd nummer",
        "%d/%m/%Y om %H:%M",
        "{name}",
        "uw voicemail ({name})",
    ),
    "de": _Words(
        "Sprachnachricht von {who} ({long})",
        "Sie haben eine neue Sprachnachricht.\n\nVon: {who}\nEingegangen am: {when}\nDauer: {long}\nBox: {box}\n\n"
        "Die Aufnahme ist dieser E-Mail beigefügt.\n",
        "unterdrückte Nummer",
        "%d.%m.%Y um %H:%M Uhr",
        "{name}",
        "Ihre Sprachbox ({name})",
    ),
    "en": _Words(
        "Voice message from {who} ({long})",
        "You have a new voice message.\n\nFrom: {who}\nReceived: {when}\nLength: {long}\nBox: {box}\n\n"
        "The recording is attached to this e-mail.\n",
        "number withheld",
        "%Y-%m-%d at %H:%M",
        "{name}",
        "your voicemail ({name})",
    ),
}


def compose(settings: Settings, plan: Plan, message: StoredMessage, sound: bytes) -> EmailMessage:
    """The e-mail for a message; the same Message-ID whenever it is composed. Raises Refused for a bad address."""
    mailbox = mailboxes(plan).get(message.mailbox)
    language = _language(plan, mailbox)
    words = WORDS[language]
    at = message.at.astimezone(ZoneInfo(plan.organisation.timezone))
    name = mailbox.name if mailbox else message.mailbox
    facts = {
        "who": _caller(message, plan) or words.nobody,
        "when": at.strftime(words.moment),
        "long": f"{message.seconds // 60}:{message.seconds % 60:02}",
        "box": (words.shared if mailbox is None or mailbox.shared else words.personal).format(name=_one_line(name)),
    }
    sender = _address(parseaddr(settings.mail_from)[1], plan.organisation.name)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = _address(message.mail_to, name)
    mail["Subject"] = words.subject.format(**facts)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.id.replace('@', '.')}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(words.body.format(**facts))
    file = f"{at:%Y-%m-%d_%H-%M-%S}.wav"
    mail.add_attachment(sound, maintype="audio", subtype="wav", filename=file)
    mail["Content-Language"] = language
    return mail


async def send(settings: Settings, mail: EmailMessage) -> None:
    """Returns once the server has accepted it for its recipient. Raises MailUnavailable."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await aiosmtplib.send(
                mail,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user or None,
                password=settings.smtp_password.get_secret_value() or None,
                use_tls=settings.smtp_tls == "tls",
                start_tls=settings.smtp_tls == "starttls",
                timeout=STEP_SECONDS,
            )
    except (aiosmtplib.SMTPException, OSError, ValueError) as wrong:
        place = f"{settings.smtp_host}:{settings.smtp_port}"
        told = _one_line(str(wrong) or type(wrong).__name__)[:MAX_ERROR]
        raise MailUnavailable(f"the mail server {place} did not take it: {told}") from None


def _language(plan: Plan, mailbox: Mailbox | None) -> str:
    """The first language of the reader that we have words for."""
    wished = [mailbox.language] if mailbox else []
    return next((each for each in (*wished, *plan.organisation.languages) if each in WORDS), "en")


def _caller(message: StoredMessage, plan: Plan) -> str:
    """Name and number, as far as they are known; a caller chooses the bytes of both."""
    number = _one_line(message.caller or "")
    with contextlib.suppress(NumberRefused):
        number = written_nationally(parse_e164(number), plan.organisation.country)
    name = _one_line(message.caller_name)
    return f"{name}, {number}" if name and number else name or number


def _one_line(text: str) -> str:
    """Without anything that ends a header, is read as an encoded word of one, or turns the direction of reading.

    Python's e-mail package decodes `=?utf-8?q?=0A?=` in a value that it is given, and writes the line end into the
    header.
    """
    return " ".join(_NOT_IN_A_LINE.sub(" ", text).replace("=?", "= ?").split())


def _address(address: str, name: str) -> Address:
    try:
        return Address(_one_line(name), addr_spec=address if _one_line(address) == address else "")
    except (MessageError, ValueError, IndexError):
        raise Refused(f'"{_one_line(address)}" is no e-mail address; correct it in the plan, or MAIL_FROM') from None
