"""Any contact that a file may leave in the directory, for properties."""

from hypothesis import strategies as st

from aiguillage.desk.contacts.found import clean
from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from tests.unit.examples import PLAN

TEXTS = st.text(max_size=30) | st.text(",;:\\'\"=+-@éß \n", max_size=8) | st.just("Ægidius, " * 60)
NUMBERS = st.one_of(
    st.integers(0, 9999).map(lambda number: f"+3247100{number:04}"),
    st.integers(0, 9999).map(lambda number: f"+3271{number:06}"),
    st.sampled_from(["+33123456789", "+493012345678", "+12015550123", "+390612345678", "+35226123456", "+4532123456"]),
).map(E164)

ANY_CONTACT = st.builds(
    Contact,
    TEXTS.map(clean).filter(bool),
    st.lists(NUMBERS, min_size=1, max_size=3, unique=True).map(tuple),
    st.none() | st.sampled_from(list(PLAN.units)),
    st.none() | st.sampled_from(list(PLAN.categories)),
    st.none() | st.sampled_from(PLAN.organisation.languages),
    TEXTS.map(clean),
)
