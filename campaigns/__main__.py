"""Run attacks: `python -m campaigns images --count 2000`; without a name all of them.

What was found is printed with the seed that repeats it; the exit code is 1 then.
"""

import argparse
import time
from collections.abc import Callable, Iterator

from campaigns import deaths, images, interrupts, opens, texts

ATTACKS: dict[str, tuple[int, Callable[[int, int], Iterator[str]]]] = {
    "lines": (1_000_000, texts.lines),
    "configurations": (100_000, texts.configurations),
    "histories": (100_000, texts.histories),
    "indexes": (2_000, texts.indexes),
    "images": (2_000, images.attack),
    "deaths": (200, deaths.attack),
    "interrupts": (200, interrupts.attack),
    "opens": (200, opens.attack),
}


def main() -> None:
    """Run the attacks that are named and say what each found."""
    parser = argparse.ArgumentParser(prog="python -m campaigns", description=__doc__)
    parser.add_argument("attack", nargs="*", choices=[*ATTACKS, []], help=", ".join(ATTACKS))
    parser.add_argument("--count", type=int, help="of variants, instead of each attack's own")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = 0
    for name in given.attack or ATTACKS:
        count, attack = ATTACKS[name]
        count = given.count or count
        started = time.monotonic()
        failures = 0
        for failure in attack(count, given.seed):
            failures += 1
            print(f"{name}: {failure}", flush=True)
        took = time.monotonic() - started
        print(f"{name}: {count:,} tried, {failures} found, {took:.0f} s", flush=True)
        found += failures
    raise SystemExit(1 if found else 0)


main()
