"""What a wrong document is told: one line for each kind of fault, with its path, the fault and the remedy."""
# ruff: noqa: E501  a row of the table is a line

import copy
from typing import Any

import pytest

from aiguillage.errors import DocumentRefused, Fault
from aiguillage.routing.document import load
from aiguillage.text_formats import MAX_CHARACTERS, read_json, read_yaml
from tests.unit.examples import PLAN_TEXT

REMOVED = object()

# fmt: off
FAULTS: list[tuple[str, Any, str]] = [
    # names that point nowhere, in every place where a name may stand
    ('dids/sales/trunk', 'operater', 'dids.sales.trunk: trunk "operater" does not exist; did you mean "operator"?'),
    ('schedules/office/except/0/calendar', 'asembly', 'schedules.office.except[0].calendar: calendar "asembly" does not exist; did you mean "assembly"?'),
    ('units/hainaut/parent', 'federatio', 'units.hainaut.parent: unit "federatio" does not exist; did you mean "federation"?'),
    ('units/hainaut/mandates/0/person', 'clare', 'units.hainaut.mandates[0].person: person "clare" does not exist; did you mean "claire"?'),
    ('people/marc/reach/0/ring', ['dsk'], 'people.marc.reach[0].ring[0]: phone "dsk" is not among this person\'s phones; did you mean "desk"?'),
    ('people/claire/reach/1/when', 'ofice', 'people.claire.reach[1].when: schedule "ofice" does not exist; did you mean "office"?'),
    ('people/claire/reach/1/unless', ['rsh'], 'people.claire.reach[1].unless[0]: schedule "rsh" does not exist; did you mean "rush"?'),
    ('people/marc/outbound', 'nationl', 'people.marc.outbound: permission "nationl" does not exist; did you mean "national"?'),
    ('ring_groups/shop/members', ['tomm'], 'ring_groups.shop.members[0]: person "tomm" does not exist; did you mean "tom"?'),
    ('queues/front-desk/members/0', 'sophi', 'queues.front-desk.members[0]: person "sophi" does not exist; did you mean "sophie"?'),
    ('menus/main/prompt', 'choice', 'menus.main.prompt: prompt "choice" does not exist; did you mean "choices"?'),
    ('menus/main/keys/1/0/ring', 'group:x', 'menus.main.keys.1[0].ring: group "x" does not exist'),
    ('menus/main/otherwise/0/ring', 'group:receptio', 'menus.main.otherwise[0].ring: group "receptio" does not exist; did you mean "reception"?'),
    ('voicemail_boxes/reception/greeting', 'clsed', 'voicemail_boxes.reception.greeting: prompt "clsed" does not exist; did you mean "closed"?'),
    ('inbound_routes/1/to', ['camp'], 'inbound_routes[1].to[0]: number of ours "camp" does not exist; did you mean "camps"?'),
    ('inbound_routes/2/when', 'offices', 'inbound_routes[2].when: schedule "offices" does not exist; did you mean "office"?'),
    ('inbound_routes/5/when', ['rush', 'offic'], 'inbound_routes[5].when[1]: schedule "offic" does not exist; did you mean "office"?'),
    ('inbound_routes/5/unless', 'night', 'inbound_routes[5].unless: schedule "night" does not exist; did you mean "night-duty"?'),
    ('inbound_routes/3/from/categories', ['presidents'], 'inbound_routes[3].from.categories[0]: category "presidents" does not exist; did you mean "president"?'),
    ('inbound_routes/3/from/units', ['hainau'], 'inbound_routes[3].from.units[0]: unit "hainau" does not exist; did you mean "hainaut"?'),
    ('inbound_routes/3/steps/0/ring', 'group:shoop', 'inbound_routes[3].steps[0].ring: group "shoop" does not exist; did you mean "shop"?'),
    ('inbound_routes/3/steps/0/ring', 'person:clair', 'inbound_routes[3].steps[0].ring: person "clair" does not exist; did you mean "claire"?'),
    ('inbound_routes/3/steps/2/voicemail', 'receptoin', 'inbound_routes[3].steps[2].voicemail: voicemail box "receptoin" does not exist; did you mean "reception"?'),
    ('inbound_routes/3/steps/2/voicemail', 'person:clair', 'inbound_routes[3].steps[2].voicemail: person "clair" does not exist; did you mean "claire"?'),
    ('inbound_routes/3/steps/2/voicemail', 'person:marc', 'inbound_routes[3].steps[2].voicemail: person "marc" has no voicemail; write voicemail: {} at people.marc'),
    ('inbound_routes/5/steps/1/queue', 'frontdesk', 'inbound_routes[5].steps[1].queue: queue "frontdesk" does not exist; did you mean "front-desk"?'),
    ('inbound_routes/6/steps/1/menu', 'man', 'inbound_routes[6].steps[1].menu: menu "man" does not exist; did you mean "main"?'),
    ('inbound_routes/7/steps/0/play', 'close', 'inbound_routes[7].steps[0].play: prompt "close" does not exist; did you mean "closed"?'),
    ('outbound_routes/1/trunks', ['operato'], 'outbound_routes[1].trunks[0]: trunk "operato" does not exist; did you mean "operator"?'),
    ('outbound_routes/1/show', 'centrl', 'outbound_routes[1].show: number of ours "centrl" does not exist; did you mean "central"?'),
    ('last_resort/steps/0/ring', 'group:recption', 'last_resort.steps[0].ring: group "recption" does not exist; did you mean "reception"?'),
    # unknown and missing fields, unknown words
    ('peeple', {}, 'peeple: unknown field; did you mean "people"?'),
    ('people/marc/phone', {}, 'people.marc.phone: unknown field; did you mean "phones"?'),
    ('inbound_routes/3/from', {'category': ['president']}, 'inbound_routes[3].from.category: unknown field; did you mean "categories"?'),
    ('inbound_routes/0/steps/0', {'plya': 'closed'}, 'inbound_routes[0].steps[0].plya: unknown field; did you mean "play"?'),
    ('organisation/name', REMOVED, 'organisation: name is missing'),
    ('schedules/office/open', REMOVED, 'schedules.office: open is missing'),
    ('last_resort', REMOVED, 'last_resort is missing'),
    ('inbound_routes/0/steps/0/hangup', 'reject', 'inbound_routes[0].steps[0].hangup: "reject" is not known; did you mean "rejected"?'),
    ('inbound_routes/3/steps/1/ring', 'responsable', 'inbound_routes[3].steps[1].ring: "responsable" cannot be rung; did you mean "responsible"?'),
    ('inbound_routes/3/steps/1/ring', 'reception', 'inbound_routes[3].steps[1].ring: "reception" cannot be rung; write person:…, group:…, responsible or last-colleague'),
    ('people/marc/phones/desk/kind', 'mobile', 'people.marc.phones.desk.kind: "mobile" is not known; choose one of fixed, gsm'),
    ('ring_groups/shop/strategy', 'ring-all', 'ring_groups.shop.strategy: "ring-all" is not known; did you mean "ringall"?'),
    ('trunks/operator/forwarded_caller_id', 'our', 'trunks.operator.forwarded_caller_id: "our" is not known; did you mean "ours"?'),
    ('inbound_routes/0/steps/0', {'hangup': 'busy', 'play': 'closed'}, 'inbound_routes[0].steps[0]: a step is one of play, ring, dial, queue, menu, voicemail, hangup; found play and hangup'),
    ('inbound_routes/0/steps/0', {}, 'inbound_routes[0].steps[0]: a step is one of play, ring, dial, queue, menu, voicemail, hangup; found none'),
    ('inbound_routes/0/steps/0', {'for': 10}, 'inbound_routes[0].steps[0]: a step is one of play, ring, dial, queue, menu, voicemail, hangup; found none'),
    # times and days
    ('schedules/office/open/0/hours', '09:00-25:00', 'schedules.office.open[0].hours: "25:00" is no time of day; write 00:00 to 24:00'),
    ('schedules/office/open/0/hours', '09:60-10:00', 'schedules.office.open[0].hours: "09:60" is no time of day; write 00:00 to 24:00'),
    ('schedules/office/open/0/hours', '9-12', 'schedules.office.open[0].hours: "9" is no time of day; write 00:00 to 24:00'),
    ('schedules/office/open/0/hours', '09:00', 'schedules.office.open[0].hours: "09:00" is no span of time; write 09:00-12:30'),
    ('schedules/office/open/0/hours', '09:00-09:00', 'schedules.office.open[0].hours: "09:00-09:00" begins and ends at once; write 00:00-24:00 for a whole day'),
    ('schedules/office/open/0/hours', '24:00-06:00', 'schedules.office.open[0].hours: "24:00-06:00" begins at 24:00; write 00:00 of the next day'),
    ('schedules/office/open/0/days', 'mon-fry', 'schedules.office.open[0].days: "mon-fry" is no weekday; write mon, tue, wed, thu, fri, sat, sun or a range as mon-thu'),
    ('calendars/closures/dates/0/from', '2026-13-01', 'calendars.closures.dates[0].from: "2026-13-01" is no date; write year-month-day, as in 2026-12-24'),
    ('calendars/closures/dates/0/from', '20261224', 'calendars.closures.dates[0].from: "20261224" is no date; write year-month-day, as in 2026-12-24'),
    ('calendars/closures/dates/0/until', '2026-12-01', 'calendars.closures.dates[0]: ends on 2026-12-01, before it begins on 2026-12-24'),
    ('calendars/closures/dates/0/until', REMOVED, 'calendars.closures.dates[0]: write either day, or from and until'),
    ('calendars/assembly', {}, 'calendars.assembly: is empty; write dates, or public_holidays with a country'),
    ('calendars/public-holidays/public_holidays', 'Belgium', 'calendars.public-holidays.public_holidays: the public holidays of "Belgium" are not known; write a country code, as in BE'),
    ('units/hainaut/mandates/0/until', '2026-08-31', 'units.hainaut.mandates[0]: ends on 2026-08-31, before it begins on 2026-09-01'),
    ('units/hainaut/mandates/0/from', '1 sept', 'units.hainaut.mandates[0].from: "1 sept" is no date; write year-month-day, as in 2026-12-24'),
    ('inbound_routes/2/from/returning_call', '7 days', 'inbound_routes[2].from.returning_call: "7 days" is no duration; write P7D for seven days or PT12H for twelve hours'),
    ('inbound_routes/2/from/returning_call', 'P0D', 'inbound_routes[2].from.returning_call: "P0D" is out of range; one minute (PT1M) to 999 weeks (P999W)'),
    ('inbound_routes/2/from/returning_call', 'P999W1D', 'inbound_routes[2].from.returning_call: "P999W1D" is out of range; one minute (PT1M) to 999 weeks (P999W)'),
    ('inbound_routes/2/from/returning_call', 'P٧D', 'inbound_routes[2].from.returning_call: "P٧D" is no duration; write P7D for seven days or PT12H for twelve hours'),
    ('organisation/timezone', 'Europe/Brussel', 'organisation.timezone: "Europe/Brussel" is no time zone; did you mean "Europe/Brussels"?'),
    # numbers
    ('dids/sales/number', '071/00.00.02', "dids.sales.number: '071/00.00.02' is no E.164 number; write + and the country code, as in +3271000001"),
    ('dids/sales/number', 3271000002, 'dids.sales.number: expected a text, found 3271000002; put it in quotes'),
    ('dids/sales/number', '+999000002', "dids.sales.number: '+999000002' is no telephone number in any country"),
    ('inbound_routes/1/steps/2/dial', '0470000199', "inbound_routes[1].steps[2].dial: '0470000199' is no E.164 number; write + and the country code, as in +3271000001"),
    ('people/marc/phones/gsm/number', '+320470000102', "people.marc.phones.gsm.number: '+320470000102' holds a trunk prefix; write +32470000102"),
    ('inbound_routes/0/from/numbers', ['+32*99'], "inbound_routes[0].from.numbers[0]: '+32*99' is no number pattern; write + and digits, * at the end only: +3265999*"),
    ('inbound_routes/0/from/numbers', ['112'], "inbound_routes[0].from.numbers[0]: '112' is no number pattern; write + and digits, * at the end only: +3265999*"),
    ('outbound_routes/1/numbers', ['0*'], "outbound_routes[1].numbers[0]: '0*' is no number pattern; write + and digits, * at the end only: +3265999*"),
    ('permissions/national', ['32*'], "permissions.national[0]: '32*' is no number pattern; write + and digits, * at the end only: +3265999*"),
    ('never_dial/0', '+3290', "never_dial[0]: '+3290' is no number pattern; write + and digits, * at the end only: +3265999*"),
    ('inbound_routes/1/steps/2/for', 0, 'inbound_routes[1].steps[2].for: 0 is out of range; 1 to 600 seconds'),
    ('people/marc/reach/0/for', 601, 'people.marc.reach[0].for: 601 is out of range; 1 to 600 seconds'),
    ('trunks/operator/channels', 1.5, 'trunks.operator.channels: expected a whole number of channels, found 1.5'),
    ('trunks/operator/server', 'host:99999', 'trunks.operator.server: port 99999 is out of range; 1 to 65535'),
    # conditions that would turn into their opposite
    ('inbound_routes/0/from/numbers', [], 'inbound_routes[0].from.numbers: is an empty list; name at least one'),
    ('inbound_routes/3/from/categories', [], 'inbound_routes[3].from.categories: is an empty list; name at least one'),
    ('inbound_routes/1/to', [], 'inbound_routes[1].to: is an empty list; name at least one'),
    ('inbound_routes/2/when', [], 'inbound_routes[2].when: is an empty list; name at least one'),
    ('inbound_routes/2/from', {}, 'inbound_routes[2].from: is empty; leave it out where every caller is meant'),
    ('inbound_routes/2/from', {'withheld': True, 'known': False}, 'inbound_routes[2].from: withheld: true stands alone; nothing else is known of a caller without a number'),
    ('people/marc/reach/0/ring', [], 'people.marc.reach[0].ring: is an empty list; name at least one'),
    ('ring_groups/shop/members', [], 'ring_groups.shop.members: is an empty list; name at least one'),
    ('outbound_routes/1/trunks', [], 'outbound_routes[1].trunks: is an empty list; name at least one'),
    ('organisation/languages', [], 'organisation.languages: is an empty list; name at least one'),
    ('last_resort/steps', [], 'last_resort.steps: is empty; name where a call goes when nothing else took it'),
    # what is used twice, or stands above itself
    ('dids/sales/number', '+3271000001', 'dids.sales.number: number "+3271000001" is already used at dids.central.number'),
    ('people/marc/extension', '201', 'people.marc.extension: extension "201" is already used at people.claire.extension'),
    ('queues/front-desk/extension', '200', 'queues.front-desk.extension: extension "200" is already used at ring_groups.reception.extension'),
    ('people/marc/extension', '112', 'people.marc.extension: extension "112" is kept free for emergency numbers; choose another'),
    ('people/marc/phones/desk/endpoint', 'claire', 'people.marc.phones.desk.endpoint: endpoint "claire" is already used at people.claire.phones.desk.endpoint'),
    ('inbound_routes/4/name', 'nuisance', 'inbound_routes[4].name: name "nuisance" is already used at inbound_routes[0].name'),
    ('outbound_routes/1/name', 'emergency', 'outbound_routes[1].name: name "emergency" is already used at outbound_routes[0].name'),
    ('units/federation/parent', 'federation', 'units.federation.parent: unit "federation" stands above itself; one of the parents is wrong'),
    # wrong types and shapes
    ('format', 2, 'format: this release reads format 1 only; write format: 1'),
    ('format', True, 'format: this release reads format 1 only; write format: 1'),
    ('format', '1', 'format: this release reads format 1 only; write format: 1'),
    ('inbound_routes', {}, 'inbound_routes: expected a list, found a mapping'),
    ('people/marc', None, 'people.marc: expected a mapping, found nothing'),
    ('never_dial', '+32900*', 'never_dial: expected a list, found a text'),
    ('inbound_routes/0/steps', 'closed', 'inbound_routes[0].steps: expected a list, found a text'),
    ('inbound_routes/0/steps/0', 'closed', 'inbound_routes[0].steps[0]: expected a mapping, found a text'),
    ('inbound_routes/0/steps/0/hangup', [], 'inbound_routes[0].steps[0].hangup: expected a text, found a list'),
    ('inbound_routes/3/steps/1/ring', {'group': 'reception'}, 'inbound_routes[3].steps[1].ring: expected a text, found a mapping'),
    ('inbound_routes/3/to', {'central': True}, 'inbound_routes[3].to: expected a text, found a mapping'),
    ('inbound_routes/1/steps/2/confirm', 'yes', 'inbound_routes[1].steps[2].confirm: expected true or false, found a text'),
    ('units/hainaut/mandates/1/deputy', 'true', 'units.hainaut.mandates[1].deputy: expected true or false, found a text'),
    ('queues/front-desk/max_wait', '180', 'queues.front-desk.max_wait: expected a whole number of seconds, found a text'),
    ('queues/front-desk/offer_callback', 1, 'queues.front-desk.offer_callback: expected true or false, found 1'),
    ('units/hainaut/name', 12, 'units.hainaut.name: expected a text, found 12; put it in quotes'),
    ('units/hainaut/name', ' ', 'units.hainaut.name: is empty'),
    ('units/hainaut/name', 'a\nb', 'units.hainaut.name: holds a control character'),
    ('units/hainaut/name', '\ud800', 'units.hainaut.name: holds a control character'),
    ('units/hainaut/name', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'units.hainaut.name: is longer than 500 characters'),
    ('people/marc/extension', '20x', 'people.marc.extension: "20x" is not an extension; write two to six digits'),
    ('people/marc/email', 'marc', 'people.marc.email: "marc" is not an e-mail address'),
    ('people/marc/languages', ['français'], 'people.marc.languages[0]: "français" is not a language code; write two letters, as in fr'),
    ('people/Marc', {'name': 'x'}, 'people.Marc: "Marc" is no key; use lower-case letters, digits and hyphens, as in front-desk'),
    ('people/marc/phones/desk/endpoint', 'a b', 'people.marc.phones.desk.endpoint: "a b" is not an endpoint; use letters, digits, - and _'),
    ('people/marc/phones/desk/confirm', True, 'people.marc.phones.desk: confirm goes with number: whoever answers a phone that registers with us is not asked to press 1'),
    ('people/marc/phones/desk/number', '+32470000102', 'people.marc.phones.desk: write either endpoint, for a phone that registers with us, or number, for an outside line'),
    ('people/marc/voicemail', True, 'people.marc.voicemail: expected a mapping, found true'),
    ('menus/main/keys/12', [{'hangup': 'busy'}], 'menus.main.keys.12: "12" is no key of a telephone; write one of 0 to 9, * and #'),
    ('prompts/welcome/french', {'say': 'x'}, 'prompts.welcome.french: "french" is no language code; write two letters, as in fr'),
    ('prompts/welcome/fr', {'say': 'x', 'file': 'y.wav'}, 'prompts.welcome.fr: write either say, a text to be spoken, or file, a recording'),
    ('prompts/welcome/fr', {'file': '../y.wav'}, 'prompts.welcome.fr.file: "../y.wav" is not a file name; no folders, as in welcome.wav'),
    ('prompts/welcome', {}, 'prompts.welcome: is empty; write at least one language, as in fr: {say: …}'),
    ('trunks/operator/registers_as', 'a b', 'trunks.operator.registers_as: "a b" is not a user name; use letters, digits and . _ + -'),
    ('trunks/operator/server', 'sip:host', 'trunks.operator.server: "sip:host" is not a server; write host or host:port, as in sip.operator.example:5060'),
    ('trunks/operator/server', 'host:a', 'trunks.operator.server: "host:a" is not a server; write host or host:port, as in sip.operator.example:5060'),
    ('organisation/country', 'Belgium', 'organisation.country: "Belgium" is no country code; write two capital letters, as in BE'),
    ('categories/a b', {'name': 'x'}, 'categories."a b": "a b" is no key; use lower-case letters, digits and hyphens, as in front-desk'),
]
# fmt: on


def example_with(changes: dict[str, Any]) -> Any:
    """The example document with other values at some places, such as `people/marc/extension`."""
    document = copy.deepcopy(read_yaml(PLAN_TEXT))
    for place, value in changes.items():
        *path, last = place.split("/")
        container = document
        for step in path:
            container = container[int(step) if isinstance(container, list) else step]
        key: int | str = int(last) if isinstance(container, list) else last
        if value is REMOVED:
            del container[key]
        else:
            container[key] = value
    return document


def faults_of(document: Any) -> tuple[Fault, ...]:
    with pytest.raises(DocumentRefused) as refused:
        load(document)
    return refused.value.faults


@pytest.mark.parametrize("place, value, fault", FAULTS)
def test_one_fault_is_told_in_one_line(place: str, value: Any, fault: str) -> None:
    assert [str(each) for each in faults_of(example_with({place: value}))] == [fault]


def test_all_faults_are_told_at_once() -> None:
    faults = faults_of(
        example_with(
            {
                "organisation/timezone": "Brussels",
                "people/marc/extension": "201",
                "people/marc/phon": {},
                "schedules/office/open/0/hours": "09:00-25:00",
                "units/federation/parent": "hainaut",
                "inbound_routes/3/steps/0/ring": "group:shoop",
                "last_resort": REMOVED,
            }
        )
    )
    assert {fault.path for fault in faults} == {
        "",
        "organisation.timezone",
        "people.marc.extension",
        "people.marc.phon",
        "schedules.office.open[0].hours",
        "units.federation.parent",
        "units.hainaut.parent",
        "inbound_routes[3].steps[0].ring",
    }


def test_the_refusal_reads_as_a_list_of_its_faults() -> None:
    with pytest.raises(DocumentRefused, match=r"^format: this release .*\npeople\.marc\.extension: extension .*$"):
        load(example_with({"format": 2, "people/marc/extension": "201"}))


def test_what_an_author_wrote_cannot_forge_a_line_of_the_refusal() -> None:
    (fault,) = faults_of(example_with({"peo\nple": {}}))
    assert str(fault).startswith('"peo\\nple": unknown field')


def test_an_unquoted_extension_or_menu_key_is_as_good_as_a_quoted_one() -> None:
    text = PLAN_TEXT.replace('extension: "201"', "extension: 201").replace('"1": [', "1: [")
    assert text != PLAN_TEXT
    assert load(read_yaml(text)) == load(read_yaml(PLAN_TEXT))


def test_a_short_number_may_be_dialled_and_be_forbidden() -> None:
    assert load(example_with({"never_dial": ["1722"], "permissions/national": ["1722", "+32*"]}))


# --- text ---


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "n", "True", "12:30", "010", "0x1F", "1e3", "1_000"])
def test_yaml_words_stay_what_they_look_like(word: str) -> None:
    assert read_yaml(f"- {word}") == [word]
    assert read_yaml(f"{word}: 1") == {word: 1}


def test_yaml_dates_stay_texts_and_the_few_true_types_remain() -> None:
    assert read_yaml("[2026-12-24, 22:00-06:00, <<]") == ["2026-12-24", "22:00-06:00", "<<"]
    assert read_yaml("[true, false, null, ~, 0, -3, 180]") == [True, False, None, None, 0, -3, 180]


@pytest.mark.parametrize(
    "text, fault",
    [
        ("a: 1\nb:\n  c: 1\n  c: 2", "line 4, column 3: not readable as YAML: 'c' stands here twice"),
        ('1: x\n"1": y', "line 2, column 1: not readable as YAML: '1' stands here twice"),
        ("a: &x [1]\nb: *x", "line 2, column 4: not readable as YAML: aliases (*name) are not read here"),
        ("a: !!python/name:os.system", "line 1, column 4: not readable as YAML: tags (!name) are not read here"),
        ("a: !!int ''", "line 1, column 4: not readable as YAML: tags (!name) are not read here"),
        ("? [a]\n: 1", "line 1, column 3: not readable as YAML: a key must be a plain word"),
        ("a: [1", "line 1, column 6: not readable as YAML: expected ',' or ']', but got '<stream end>'"),
        ("a\n---\nb", "line 2, column 1: not readable as YAML: but found another document"),
        ("- " * 50_000, "not readable as YAML: it is nested too deeply"),
        (" " * (MAX_CHARACTERS + 1), "the document is longer than 4,000,000 characters"),
    ],
)
def test_yaml_that_a_person_cannot_have_meant_is_refused(text: str, fault: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read_yaml(text)
    assert str(refused.value) == fault


def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30))
    with pytest.raises(DocumentRefused, match="aliases"):
        read_yaml(f"l0: &l0 x\n{levels}")


@pytest.mark.parametrize(
    "text, fault",
    [
        ('{"a": 1, "a": 2}', "not readable as JSON: 'a' stands here twice"),
        ('{"a": NaN}', "not readable as JSON: NaN is no number"),
        ("[" * 100_000, "not readable as JSON: it is nested too deeply"),
        ("{", "not readable as JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_json_that_a_person_cannot_have_meant_is_refused(text: str, fault: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read_json(text)
    assert str(refused.value) == fault
