"""Document -> plan: where calls can go."""

import re
from collections.abc import Mapping

from aiguillage.routing import plan as p
from aiguillage.routing.document.load_steps import read_steps
from aiguillage.routing.document.node import Node
from aiguillage.routing.document.readers import (
    LANGUAGE,
    read_email,
    read_extension,
    read_person_key,
    read_prompt_key,
    read_ring_seconds,
)

_MENU_KEY = re.compile(r"[0-9*#]")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def read_ring_group(key: str, node: Node) -> p.RingGroup:
    fields = node.fields("extension", "name", "strategy", "members", "for", required=("name", "members"))
    return p.RingGroup(
        key=key,
        name=fields.get("name", Node.text, ""),
        members=fields.get("members", lambda found: found.one_or_more(read_person_key), ()),
        strategy=fields.get("strategy", lambda found: found.one_of(p.STRATEGIES), "ringall"),
        extension=fields.get("extension", read_extension, None),
        seconds=fields.get("for", read_ring_seconds, p.DEFAULT_RING_SECONDS),
    )


def read_queue(key: str, node: Node) -> p.Queue:
    fields = node.fields(
        "name",
        "strategy",
        "members",
        "extension",
        "max_wait",
        "max_callers",
        "announce_position",
        "offer_callback",
        required=("name", "members"),
    )
    return p.Queue(
        key=key,
        name=fields.get("name", Node.text, ""),
        members=fields.get("members", lambda found: found.one_or_more(read_person_key), ()),
        strategy=fields.get("strategy", lambda found: found.one_of(p.STRATEGIES), "ringall"),
        extension=fields.get("extension", read_extension, None),
        max_wait=fields.get("max_wait", lambda found: found.integer(1, 7200, "seconds"), p.DEFAULT_QUEUE_SECONDS),
        max_callers=fields.get("max_callers", lambda found: found.integer(1, 1000, "callers"), None),
        announce_position=fields.get("announce_position", Node.boolean, default=False),
        offer_callback=fields.get("offer_callback", Node.boolean, default=False),
    )


def read_prompt(key: str, node: Node) -> p.Prompt:
    variants: dict[str, p.Spoken | p.Recorded] = {}
    for language, variant in node.entries():
        if not LANGUAGE.fullmatch(language):
            variant.fault(f'"{language}" is no language code; write two letters, as in fr')
        variants[language] = _variant(variant)
    if isinstance(node.value, Mapping) and not variants:
        node.fault("is empty; write at least one language, as in fr: {say: …}")
    return p.Prompt(key, variants)


def _variant(node: Node) -> p.Spoken | p.Recorded:
    fields = node.fields("say", "file")
    if isinstance(node.value, Mapping) and ("say" in fields) == ("file" in fields):
        node.fault("write either say, a text to be spoken, or file, a recording")
    if "file" in fields:
        return p.Recorded(fields.found["file"].matching(_FILE, "a file name; no folders, as in welcome.wav"))
    return p.Spoken(fields.get("say", lambda found: found.text(most=2000), ""))


def read_menu(key: str, node: Node) -> p.Menu:
    fields = node.fields(
        "prompt",
        "wait",
        "attempts",
        "keys",
        "otherwise",
        "extensions",
        required=("prompt", "keys"),
    )
    return p.Menu(
        key=key,
        prompt=fields.get("prompt", read_prompt_key, ""),
        keys=fields.get("keys", _menu_keys, {}),
        otherwise=fields.get("otherwise", read_steps, ()),
        wait=fields.get("wait", lambda found: found.integer(1, 60, "seconds"), 4),
        attempts=fields.get("attempts", lambda found: found.integer(1, 10, "attempts"), 2),
        extensions=fields.get("extensions", Node.boolean, default=False),
    )


def _menu_keys(node: Node) -> dict[str, tuple[p.Step, ...]]:
    keys = {}
    for key, found in node.entries():
        if not _MENU_KEY.fullmatch(key):
            found.fault(f'"{key}" is no key of a telephone; write one of 0 to 9, * and #')
        keys[key] = read_steps(found)
    return keys


def read_voicemail_box(key: str, node: Node) -> p.VoicemailBox:
    fields = node.fields("extension", "name", "email", "greeting", required=("name",))
    return p.VoicemailBox(
        key=key,
        name=fields.get("name", Node.text, ""),
        extension=fields.get("extension", read_extension, None),
        email=fields.get("email", read_email, None),
        greeting=fields.get("greeting", read_prompt_key, None),
    )
