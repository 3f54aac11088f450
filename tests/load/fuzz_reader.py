"""Feed mutated dose objects to the reader and see that each ends in a record or a reason.

    python -m tests.load.fuzz_reader --inputs 200000 [--seed N] [--corpus DIR]

Exits 1 on a crash, on an input that takes more than two seconds, or above 200 MB of resident memory.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from dosebus.domain.contribution import Contribution
from dosebus_extract.merge import combine
from dosebus_extract.read import Ignored, Rejected, read_object
from tests.unit.extract import dose_objects as make

LONGEST_SECONDS = 2.0
MOST_MEGABYTES = 200
LARGEST_SEED = 60_000
TELLING = (
    b"\xff\xff\xff\xff",
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\x0d\xe0",
    b"\xfe\xff\xdd\xe0\0\0\0\0",
    b"SQ\0\0",
    b"UN\0\0",
    b"\xff\xff",
    b"1e999",
    b"nan",
    b"-99999999",
    b"\x1b$B",
    b"99991231",
    b"\\\\\\",
)


def seeds(corpus: Path | None) -> list[bytes]:
    """The objects of a folder, or some that are made here."""
    if corpus is not None:
        return [path.read_bytes()[:LARGEST_SEED] for path in sorted(corpus.rglob("*.dcm"))]
    made = (make.ct_report, lambda uids: make.projection_report(*(make.projection_event(u) for u in uids)))
    syntaxes = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")
    return [
        make.encoded(build(["1.2.3.4", "1.2.3.5"]), syntax, undefined=undefined)
        for build in made
        for syntax in syntaxes
        for undefined in (False, True)
    ]


def mutated(seed: bytes, rng: random.Random) -> bytes:
    """The seed with one to twenty of its places changed, cut, doubled or filled with telling bytes."""
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        if len(data) < 200:
            break
        chance, at = rng.random(), rng.randrange(132, len(data))
        if chance < 0.35:
            data[at] = rng.randrange(256)
        elif chance < 0.6:
            word = rng.choice(TELLING)
            data[at : at + len(word)] = word
        elif chance < 0.7:
            del data[at : at + rng.randrange(1, 40)]
        elif chance < 0.8:
            data[at:at] = rng.randbytes(rng.randrange(1, 20))
        elif chance < 0.9:
            start = rng.randrange(len(data))
            data[at:at] = data[start : start + rng.randrange(1, 400)]
        else:
            data = data[:at]
    return bytes(data)


def outcome(data: bytes) -> str:
    """What becomes of one input: recorded, a reason's code, or the crash."""
    try:
        contribution = read_object(data)
        if Contribution.model_validate_json(contribution.model_dump_json()) != contribution:
            return "CRASH: the contribution does not survive JSON"
        combine([contribution])
    except (Ignored, Rejected) as refused:
        return refused.code if refused.reason else "CRASH: no reason"
    except Exception as error:  # noqa: BLE001 - any other error is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"CRASH: {type(error).__name__} at {place.filename}:{place.lineno}"
    return "recorded"


def main() -> int:
    """Run, print the outcomes, and say by the exit code whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rng, corpus = random.Random(arguments.seed), seeds(arguments.corpus)
    outcomes: Counter[str] = Counter()
    longest = 0.0
    for _ in range(arguments.inputs):
        data = mutated(rng.choice(corpus), rng)
        start = time.process_time()
        outcomes[outcome(data)] += 1
        longest = max(longest, time.process_time() - start)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for name, number in outcomes.most_common():
        print(f"{number:8} {name}")
    print(f"longest {longest:.2f} s, resident memory {megabytes} MB")
    crashed = any(name.startswith("CRASH") for name in outcomes)
    return 1 if crashed or longest > LONGEST_SECONDS or megabytes > MOST_MEGABYTES else 0


if __name__ == "__main__":
    sys.exit(main())
