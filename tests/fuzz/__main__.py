"""`python -m tests.fuzz TARGET SECONDS FOLDER`: atheris looks for bytes that a parser neither reads nor refuses.

FOLDER keeps what it has found on the way, and the input that broke something. Run by tools/fuzz.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]  # tools/fuzz installs it

with atheris.instrument_imports(include=["aiguillage", "panoramisk"]):
    from tests.fuzz.targets import SEEDS, TARGETS


def main() -> None:
    name, seconds, folder = sys.argv[1:]
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = [
        f"-max_total_time={seconds}",
        "-max_len=4096",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/{name}-", str(corpus)], TARGETS[name])
    atheris.Fuzz()


main()
