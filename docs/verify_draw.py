#!/usr/bin/env python3
"""Verifies a published draw of Fairgate with nothing but Python 3 (docs/draw.md has the rule).

    curl -s https://gate.example/_fairgate/rooms/demo/draw > draw.json
    python3 verify_draw.py draw.json --entry 7

It checks the commitment, the round, the hash of the chain, that the randomness is the hash of the signature, the seed, and that
the positions are 1 to N, each once. It does NOT check the beacon's BLS signature, for which Python has no library of its own:
`npm run verify-draw` does, or compare randomness and signature with https://api.drand.sh/HASH/public/ROUND yourself.

Exit code: 0 everything that is checked holds, 1 something does not or the draw is not made yet, 2 what was given cannot be read.
"""

import argparse
import json
import re
import sys
from datetime import datetime
from hashlib import sha256

QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
ROUNDS = 90
# The whole list in plain Python: about half a minute for a million entries.
LIST_MAX = 100_000
ENTRIES_MAX = 20_000_000
DOCUMENT_BYTES_MAX = 256 * 1024


def octets(text, count):
    """Bytes of lower-case hex. Raises ValueError for any other spelling or length."""
    if not re.fullmatch(f"[0-9a-f]{{{2 * count}}}", text):
        raise ValueError(f"{text!r} is not {count} bytes in lower-case hex")
    return bytes.fromhex(text)


def whole_number(value, least, most):
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{value!r} is no whole number from {least} to {most}")
    return value


def shuffled_index(index, count, seed):
    """compute_shuffled_index of the Ethereum consensus specification."""
    for round_ in range(ROUNDS):
        pivot = int.from_bytes(sha256(seed + bytes([round_])).digest()[:8], "little") % count
        flip = (pivot + count - index) % count
        position = max(index, flip)
        source = sha256(seed + bytes([round_]) + (position // 256).to_bytes(4, "little")).digest()
        if (source[(position % 256) // 8] >> (position % 8)) % 2:
            index = flip
    return index


def all_positions(count, seed):
    """The positions of entries 1 to N, round by round over the whole list."""
    indices = list(range(count))
    for round_ in range(ROUNDS if count else 0):
        start = seed + bytes([round_])
        pivot = int.from_bytes(sha256(start).digest()[:8], "little") % count
        source = b"".join(sha256(start + block.to_bytes(4, "little")).digest() for block in range((count + 255) // 256))
        for entry, index in enumerate(indices):
            flip = (pivot + count - index) % count
            position = max(index, flip)
            if (source[position >> 3] >> (position & 7)) & 1:
                indices[entry] = flip
    return [index + 1 for index in indices]


def milliseconds(text):
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}([.][0-9]{1,9})?Z", text):
        raise ValueError(f"{text!r} is no time in UTC")
    seconds = datetime.strptime(text[:19] + "+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp()
    fraction = text[19:].rstrip("Z").lstrip(".")
    return int(seconds) * 1000 + int(fraction[:3].ljust(3, "0"))


def is_first_round(chain, round_, opens_at):
    def due(number):
        return (chain["genesisTime"] + (number - 1) * chain["period"]) * 1000

    start = milliseconds(opens_at) + 3000
    return due(round_) >= start and (round_ == 1 or due(round_ - 1) < start)


def chain_hash(chain):
    if chain["scheme"] != "bls-unchained-g1-rfc9380":
        raise ValueError(f"its chain has the scheme {chain['scheme']!r}")
    name = "" if chain["beaconId"] == "default" else chain["beaconId"]
    times = whole_number(chain["period"], 1, 86_400).to_bytes(4, "big")
    times += whole_number(chain["genesisTime"], 1, 253_402_300_799).to_bytes(8, "big")
    return sha256(times + octets(chain["publicKey"], 96) + octets(chain["groupHash"], 32) + name.encode()).hexdigest()


def check(draw, trusted, entries, whole):
    """Yields (holds, text) for each check."""
    commitments, beacon, count = draw["commitments"], draw["beacon"], draw["entries"]
    if count is not None:
        whole_number(count, 0, ENTRIES_MAX)
    yield len(commitments) == 1, "there is one commitment for this opening"
    made = milliseconds(commitments[-1]["at"])
    yield made <= milliseconds(draw["opensAt"]) or count == 0, "the commitment was made before the opening"
    drawn = draw["state"] == "drawn"
    if draw["secret"] is None:
        if drawn:
            yield False, "the secret is published"
            return
        secret = b""
    else:
        secret = octets(draw["secret"], 32)
        yield sha256(secret).hexdigest() == commitments[-1]["commitment"], "SHA-256(secret) is the commitment"
    randomness = bytes(32)
    if beacon is None:
        yield True, "the room was scheduled without a beacon: who knew the secret before the opening could have steered the order"
    else:
        yield chain_hash(beacon["chain"]) == beacon["chain"]["hash"], "the chain's hash follows from its parameters"
        yield beacon["chain"]["hash"] == trusted, "the chain is the trusted one"
        yield is_first_round(beacon["chain"], whole_number(beacon["round"], 1, 2**53 - 1), draw["opensAt"]), "the round is the first one at least 3 s after the opening"
        known = beacon["randomness"] is not None and beacon["signature"] is not None
        if drawn:
            yield known, "the beacon was used, not left out after its deadline"
        if known:
            randomness = octets(beacon["randomness"], 32)
            yield sha256(octets(beacon["signature"], 48)).digest() == randomness, "the randomness is SHA-256(signature)"
    if count is None or draw["seed"] is None:
        if drawn:
            yield False, "N and the seed are published"
        return
    seed = sha256(b"fairgate/draw/v1" + secret + randomness + count.to_bytes(8, "big")).digest()
    yield seed.hex() == draw["seed"], "the seed follows from secret, beacon and N"
    seed = octets(draw["seed"], 32)
    if whole or count <= LIST_MAX:
        positions = all_positions(count, seed)
        yield sorted(positions) == list(range(1, count + 1)), f"the positions are 1 to {count}, each once"
    else:
        print(f"note  all {count} positions take a while here: --all recomputes them too")
    for entry in entries:
        if not 1 <= entry <= count:
            yield False, f"entry {entry} took part; N is {count}"
        else:
            yield True, f"entry {entry} has position {shuffled_index(entry - 1, count, seed) + 1}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="the document, or - for the standard input")
    parser.add_argument("--entry", type=int, action="append", default=[], help="prints the position of an entry")
    parser.add_argument("--chain", default=QUICKNET, help="the drand chain that you trust (quicknet)")
    parser.add_argument("--all", action="store_true", help=f"recomputes all positions of more than {LIST_MAX} entries too")
    options = parser.parse_args()
    try:
        with sys.stdin if options.file == "-" else open(options.file, encoding="utf-8") as file:
            draw = json.loads(file.read(DOCUMENT_BYTES_MAX))
        if draw["format"] != "fairgate/draw/v1":
            raise ValueError(f"its format is {draw['format']}")
        results = []
        for holds, text in check(draw, options.chain, options.entry, options.all):
            results.append(holds)
            print(f"{'ok  ' if holds else 'FAIL'}  {text}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        print(f"{options.file} is not a published draw, or it is damaged: {error!r}", file=sys.stderr)
        return 2
    if not all(results):
        print("\nNOT PROVEN")
        return 1
    if draw["state"] != "drawn":
        print(f"\nNOT PROVEN YET: the draw is not made, and nothing is wrong so far. The opening is at {draw['opensAt']}; fetch the document again after it.")
        return 1
    if draw["beacon"] is None:
        print("\nProven, without public randomness.")
    else:
        print("\nEverything that is checked here holds. NOT CHECKED: the beacon's BLS signature. npm run verify-draw checks it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
