# make run     set everything up and run the service beside a real Asterisk, with the example federation
# make call    FROM=+32471000201 [TO=+3271000001] [AT="2026-11-24 10:00"] [ANSWER=claire.gsm] [KEYS="5=2"]: a real SIP call
# make test    set everything up and run all tests; TESTS=tests/unit for some of them
# make lint    types, style, format
# make chaos   the long form of what must not happen to a caller: faults, restarts and load, with figures (some minutes)
# make fuzz    look for bytes that break a parser, 20 seconds for each; SECONDS_EACH=600 for longer
# make compose-test  the Compose files as operators use them: built, called, killed, restored, with SQLite and PostgreSQL (about 10 minutes)
# make bench   figures and ratios of this machine
# make openapi write docs/openapi.json again, after a change of the REST API
# make lock    write requirements.lock again from pyproject.toml (needs uv)

export FROM TO AT ANSWER KEYS SECONDS_EACH

.PHONY: run call test chaos fuzz compose-test lint bench openapi lock

run:
	@tools/run

call:
	@tools/call

test:
	@tools/test $(TESTS)

chaos:
	@tools/chaos

fuzz:
	@tools/fuzz

compose-test:
	@tools/compose-test

lint:
	@tools/lint

bench:
	@tools/bench

openapi:
	@tools/aiguillage openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

lock:
	uv pip compile pyproject.toml --universal --generate-hashes --no-header --group dev --python-version 3.11 -o requirements.lock
