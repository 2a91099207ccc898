#!/usr/bin/env python3
"""A second verifier of Tallyroot evidence, sharing no code with the first.

It is written from src/core/FORMAT.md and needs Python 3.9 or later and nothing else: one file to read, copy and keep. It
checks delta receipts, checkpoint receipts and consistency files in six steps. Steps 1 to 5 need only the file; step 6 asks an
Ethereum node (any that speaks JSON-RPC) whether the contract holds the root that the file names.

    python3 scripts/verify.py receipt.json                       steps 1 to 5
    python3 scripts/verify.py receipt.json --policy policy.json  all six, with what the policy pins
    python3 scripts/verify.py - --rpc http://127.0.0.1:8545 --json < receipt.json
    python3 scripts/verify.py --vectors test/vectors/proofs-1.json

Exit codes: 0 VERIFIED; 1 a fault of this program; 2 wrong usage, unreadable file or invalid policy; 3 the chain was to be asked
and did not answer; 4 CONSISTENT: steps 1 to 5 hold and the chain was not to be asked; 11 to 16 REFUSED at step 1 to 6.

--batch reads one file per line of stdin, in base64, and answers each with one line: verdict, failure or "-", and one letter for
each step that was reached: p passed, s skipped, f failed. "CONSISTENT - psppps" is a blind receipt without a chain.
"""
from __future__ import annotations

import argparse
import base64
import http.client
import json
import math
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal
from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, NoReturn, Optional, Tuple

# ---------------------------------------------------------------------------------------------------------------- limits

MOST_BYTES = 64 * 1024 * 1024  # of a file
MOST_LEVELS = 64  # of nesting in a file
MOST_METADATA_LEVELS = 32  # of nesting in a content's metadata, itself the first
MOST_SIBLINGS = 64  # of a proof
MOST_DELTAS = 100_000  # listed in a checkpoint receipt
MOST_ENDPOINTS = 8
MOST_CONFIRMATIONS = 1_000_000
RPC_SECONDS = 20  # for one question to an endpoint
MOST_RPC_BYTES = 32 * 1024 * 1024  # of one answer

# ------------------------------------------------------------------------------------------------------------- keccak-256
# The sponge of the original Keccak submission: 1600 bits of state, 1088 of them per block, padding 0x01. Python's
# hashlib.sha3_256 pads with 0x06 and gives other hashes.

WORD = (1 << 64) - 1
RATE = 136


def _round_constants() -> List[int]:
    """The 24 constants of iota, from the linear feedback shift register of FIPS 202 §3.2.5."""
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


def _rho_and_pi() -> List[Tuple[int, int, int]]:
    """For each lane after rho and pi: which lane it comes from, and by how much it is rotated (left, and the rest)."""
    moved = [(0, 0, 64)] * 25
    x, y = 1, 0
    for t in range(24):
        turn = (t + 1) * (t + 2) // 2 % 64
        moved[y + 5 * ((2 * x + 3 * y) % 5)] = (x + 5 * y, turn, 64 - turn)
        x, y = y, (2 * x + 3 * y) % 5
    return moved


ROUND_CONSTANTS = _round_constants()
RHO_AND_PI = _rho_and_pi()
# For each lane, its two right-hand neighbours in its row, which chi reads.
CHI = [(i, i - i % 5 + (i + 1) % 5, i - i % 5 + (i + 2) % 5) for i in range(25)]


def _permute(a: List[int]) -> List[int]:
    for constant in ROUND_CONSTANTS:
        # theta
        c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20]
        c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21]
        c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22]
        c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23]
        c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]
        d = (
            c4 ^ (c1 << 1 & WORD | c1 >> 63),
            c0 ^ (c2 << 1 & WORD | c2 >> 63),
            c1 ^ (c3 << 1 & WORD | c3 >> 63),
            c2 ^ (c4 << 1 & WORD | c4 >> 63),
            c3 ^ (c0 << 1 & WORD | c0 >> 63),
        ) * 5
        t = [lane ^ mix for lane, mix in zip(a, d)]
        b = [t[source] << left & WORD | t[source] >> right for source, left, right in RHO_AND_PI]
        a = [b[i] ^ (~b[j] & b[k]) for i, j, k in CHI]
        a[0] ^= constant
    return a


@lru_cache(maxsize=1 << 16)
def keccak(data: bytes) -> bytes:
    """keccak-256. Remembered, because one verification asks for the same hash more than once, and a batch far more often."""
    padded = bytearray(data) + b"\x01" + bytes(-(len(data) + 1) % RATE)
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), RATE):
        for i in range(RATE // 8):
            state[i] ^= int.from_bytes(padded[start + 8 * i : start + 8 * i + 8], "little")
        state = _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


# ------------------------------------------------------------------------------------------------------------ strict JSON


class ShapeError(Exception):
    """The text is not of the form that FORMAT.md gives it; says where."""


def parse_strict_json(data: bytes) -> Any:
    """UTF-8 without byte order mark, RFC 8259, names unique in every object, bounded in bytes and levels. Numbers are doubles."""
    if len(data) > MOST_BYTES:
        raise ShapeError(f"longer than {MOST_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ShapeError(f"not UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise ShapeError("begins with a byte order mark")
    _check_levels(text)
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_int=_double, parse_float=_double, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise ShapeError(f"not JSON: {error}") from None


def _check_levels(text: str) -> None:
    """Before anything recursive reads the text. A text in which this miscounts is no JSON, and is refused for that after."""
    level, quoted = 0, False
    for match in re.finditer(r'\\.|["\[\]{}]', text, re.DOTALL):
        mark = match.group()
        if mark == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif mark in "[{":
            level += 1
            if level > MOST_LEVELS:
                raise ShapeError(f"nested deeper than {MOST_LEVELS} levels")
        elif mark in "]}":
            level -= 1


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ShapeError("an object has two members of one name")
    return members


def _double(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ShapeError("a number beyond every double")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ShapeError(f"not JSON: {name}")


# ----------------------------------------------------------------------------------------------- canonical JSON (RFC 8785)


def canonical_json(value: Any) -> str:
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return canonical_number(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # the shortest escapes, as RFC 8785 wants them
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_json, value)) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{canonical_json(name)}:{canonical_json(value[name])}" for name in names) + "}"


def canonical_number(value: float) -> str:
    """A double as ECMAScript writes it. Python's repr finds the same shortest digits, but places the point differently."""
    if value == 0:
        return "0"
    sign, digit_tuple, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, digit_tuple))
    point = len(digits) + int(exponent)  # the value is 0.digits times ten to this
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        fraction = "." + digits[1:] if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return "-" * sign + text


# ----------------------------------------------------------------------------------------------- amounts, addresses, hashes

UNIT_DECIMALS = 18


def canonical_amount(units: int) -> str:
    """Units of 10^-18 as the one decimal text of that amount."""
    whole, part = divmod(abs(units), 10**UNIT_DECIMALS)
    decimals = f".{part:018d}".rstrip("0").rstrip(".")
    return f"{'-' if units < 0 else ''}{whole}{decimals}"


def parse_amount(text: str) -> Optional[int]:
    """The units of any spelling of an amount; None where it is refused."""
    match = re.fullmatch(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,6}))?", text)
    if match is None or len(text) > 4000:
        return None
    sign, whole, fraction, exponent = match.group(1), match.group(2), match.group(3) or "", int(match.group(4) or 0)
    shift = UNIT_DECIMALS - len(fraction) + exponent
    digits = int(whole + fraction)
    if shift < 0 or (digits and shift > 100):
        return None
    units = digits * 10 ** min(shift, 100) * (-1 if sign else 1)
    return units if -(1 << 255) <= units < 1 << 255 else None


@lru_cache(maxsize=4096)
def checksummed(digits: str) -> str:
    """EIP-55: a letter is upper case where the hash of the 40 lower-case digits has a digit of 8 or more."""
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(d.upper() if mark >= "8" else d for d, mark in zip(digits, marks))


def utf8(text: str) -> bytes:
    return text.encode("utf-8")


def hex_of(data: bytes) -> str:
    return "0x" + data.hex()


def address_of(data: bytes) -> str:
    return checksummed(data.hex())


def word(value: Any) -> bytes:
    """One word of Solidity's abi.encode: an integer (two's complement), an address or 32 bytes."""
    if isinstance(value, int):
        return (value % (1 << 256)).to_bytes(32, "big")
    return bytes(32 - len(value)) + value


DELTA_WORDS = ("ledger", "sequence", "amount", "balance", "recordedAt", "commitment")
HEAD_WORDS = ("ledger", "count", "balance", "root")
CHECKPOINT_WORDS = (
    "ledger", "from", "to", "firstSequence", "count", "openingBalance", "closingBalance", "root",
)  # fmt: skip


def delta_fingerprint(delta: Dict[str, Any]) -> bytes:
    return _fingerprint("tallyroot.delta.v1", delta, DELTA_WORDS)


def head_fingerprint(head: Dict[str, Any]) -> bytes:
    return _fingerprint("tallyroot.head.v1", head, HEAD_WORDS)


def checkpoint_fingerprint(checkpoint: Dict[str, Any]) -> bytes:
    return _fingerprint("tallyroot.checkpoint.v1", checkpoint, CHECKPOINT_WORDS)


def _fingerprint(kind: str, fields: Dict[str, Any], names: Tuple[str, ...]) -> bytes:
    return keccak(keccak(utf8(kind)) + b"".join(word(fields[name]) for name in names))


def leaf_of(fingerprint: bytes) -> bytes:
    return keccak(fingerprint)


def namespace_of(secret: bytes) -> bytes:
    return keccak(secret)[-20:]


def ledger_address(namespace: bytes, customer_id: str) -> bytes:
    return keccak(b"\xff" + namespace + keccak(utf8(customer_id)) + keccak(b"tallyroot.ledger.v1"))[-20:]


def commitment_of(content: Dict[str, Any]) -> bytes:
    return keccak(utf8(canonical_json(content)))


# ------------------------------------------------------------------------------------------------------------------ trees


def node(a: bytes, b: bytes) -> bytes:
    return keccak(min(a, b) + max(a, b))


def folded(leaf: bytes, proof: Iterable[bytes]) -> bytes:
    """The root that an inclusion proof leads to from a leaf."""
    root = leaf
    for sibling in proof:
        root = node(root, sibling)
    return root


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """RFC 6962's tree: full subtrees are merged as they complete, and the rest from the right at the end."""
    peaks: List[bytes] = []
    for count, leaf in enumerate(leaves, 1):
        peaks.append(leaf)
        while count % 2 == 0:
            right, left = peaks.pop(), peaks.pop()
            peaks.append(node(left, right))
            count //= 2
    root = peaks.pop()
    while peaks:
        root = node(peaks.pop(), root)
    return root


def extends(first: int, second: int, first_root: bytes, second_root: bytes, proof: List[bytes]) -> bool:
    """RFC 9162 §2.1.4.2: whether the tree of `second` leaves begins with the `first` leaves of an earlier one."""
    if not 1 <= first <= second or len(proof) > MOST_SIBLINGS:
        return False
    if first == second:
        return first_root == second_root and not proof
    if not proof:
        return False
    path = [first_root] + proof if first & (first - 1) == 0 else proof
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn & 1 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


# ------------------------------------------------------------------------------------------------------- shapes (step 1)
# A reader takes a JSON value and its path and gives what it says: integers as int, byte strings and addresses as bytes.

Reader = Callable[[Any, str], Any]


def text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise ShapeError(f"{path} is not a text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ShapeError(f"{path} has a lone surrogate") from None
    return value


def constant(expected: str) -> Reader:
    def read(value: Any, path: str) -> str:
        if value != expected:
            raise ShapeError(f"{path} is not {expected!r}")
        return expected

    return read


def integer(least: int, most: int) -> Reader:
    def read(value: Any, path: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"0|-?[1-9][0-9]{0,77}", value):
            raise ShapeError(f"{path} is not an integer in decimal text")
        number = int(value)
        if not least <= number <= most:
            raise ShapeError(f"{path} is out of range")
        return number

    return read


uint64 = integer(0, (1 << 64) - 1)
int256 = integer(-(1 << 255), (1 << 255) - 1)


def bytes32(value: Any, path: str) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-f]{64}", value):
        raise ShapeError(f"{path} is not 32 bytes in lower-case hex")
    return bytes.fromhex(value[2:])


def salt(value: Any, path: str) -> str:
    """Stays a text: the commitment is over the text."""
    bytes32(value, path)
    return value


def address(value: Any, path: str) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        raise ShapeError(f"{path} is not an address")
    digits = value[2:].lower()
    if checksummed(digits) != value:
        raise ShapeError(f"{path} has not the case of EIP-55")
    return bytes.fromhex(digits)


def metadata(value: Any, path: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise ShapeError(f"{path} is not an object")
    _check_json(value, path, 1)
    return value


def _check_json(value: Any, path: str, level: int) -> None:
    """Refuses what RFC 8785 has no form for, and too many levels."""
    if isinstance(value, str):
        text(value, path)
    if not isinstance(value, (dict, list)):
        return
    if level > MOST_METADATA_LEVELS:
        raise ShapeError(f"{path} nests deeper than {MOST_METADATA_LEVELS} levels")
    for name in value if isinstance(value, dict) else ():
        text(name, path)
    for member in value.values() if isinstance(value, dict) else value:
        _check_json(member, path, level + 1)


def members(fields: Dict[str, Reader], optional: Tuple[str, ...] = ()) -> Reader:
    """An object of just these members, all required but the optional ones. `null` is not absence."""

    def read(value: Any, path: str) -> Dict[str, Any]:
        if not isinstance(value, dict):
            raise ShapeError(f"{path or 'the file'} is not an object")
        for name in value:
            if name not in fields:
                raise ShapeError(f"{path or 'the file'} has an unknown member {name!a}")
        result = {}
        for name, reader in fields.items():
            if name in value:
                result[name] = reader(value[name], f"{path}.{name}" if path else name)
            elif name not in optional:
                raise ShapeError(f"{path or 'the file'} has no {name}")
        return result

    return read


def list_of(reader: Reader, most: int) -> Reader:
    def read(value: Any, path: str) -> List[Any]:
        if not isinstance(value, list):
            raise ShapeError(f"{path} is not an array")
        if len(value) > most:
            raise ShapeError(f"{path} has more than {most} elements")
        return [reader(element, f"{path}.{i}") for i, element in enumerate(value)]

    return read


def adjusts(value: Any, path: str) -> Dict[str, Any]:
    result = members({"recordId": text, "referenceId": text}, ("recordId", "referenceId"))(value, path)
    if len(result) != 1:
        raise ShapeError(f"{path} names not exactly one of recordId and referenceId")
    return result


PROOF = list_of(bytes32, MOST_SIBLINGS)
DELTA = members({
    "ledger": address, "sequence": uint64, "amount": int256, "balance": int256, "recordedAt": uint64, "commitment": bytes32,
})  # fmt: skip
HEAD = members({"ledger": address, "count": uint64, "balance": int256, "root": bytes32})
CHECKPOINT = members({
    "ledger": address, "from": uint64, "to": uint64, "firstSequence": uint64, "count": uint64,
    "openingBalance": int256, "closingBalance": int256, "root": bytes32,
})  # fmt: skip
CONTENT = members({
    "customerId": text, "delta": text, "reason": text, "referenceId": text, "metadata": metadata, "adjusts": adjusts,
    "salt": salt,
}, ("referenceId", "metadata", "adjusts"))  # fmt: skip
ANCHOR = members({
    "chainId": uint64, "contract": address, "log": bytes32, "index": uint64, "root": bytes32, "size": uint64,
    "transactionHash": bytes32, "blockNumber": uint64, "blockHash": bytes32, "blockTime": uint64,
})  # fmt: skip
DELTA_RECEIPT = members({
    "format": constant("tallyroot-receipt/1"), "kind": constant("delta"), "receiptId": bytes32, "delta": DELTA,
    "content": CONTENT, "namespace": address, "ledgerProof": PROOF, "head": HEAD, "anchorProof": PROOF, "anchor": ANCHOR,
}, ("content", "namespace"))  # fmt: skip
CHECKPOINT_RECEIPT = members({
    "format": constant("tallyroot-receipt/1"), "kind": constant("checkpoint"), "receiptId": bytes32,
    "checkpoint": CHECKPOINT, "deltas": list_of(DELTA, MOST_DELTAS), "anchorProof": PROOF, "anchor": ANCHOR,
}, ("deltas",))  # fmt: skip
EDGE = members({"delta": DELTA, "windowProof": PROOF, "ledgerProof": PROOF})
STATEMENT = members({"checkpoint": CHECKPOINT, "anchorProof": PROOF, "anchor": ANCHOR, "edge": EDGE}, ("edge",))
SIDE = members({"head": HEAD, "anchorProof": PROOF, "anchor": ANCHOR, "statement": STATEMENT}, ("statement",))
CONSISTENCY = members({
    "format": constant("tallyroot-consistency/1"), "ledger": address, "earlier": SIDE, "later": SIDE, "proof": PROOF,
})  # fmt: skip


def read_evidence(data: bytes) -> Tuple[str, Dict[str, Any]]:
    """Step 1: the kind of the file and what it says. Raises ShapeError."""
    value = parse_strict_json(data)
    if not isinstance(value, dict):
        raise ShapeError("the file is not an object")
    if value.get("format") == "tallyroot-consistency/1":
        evidence = CONSISTENCY(value, "")
        for side in ("earlier", "later"):
            statement = evidence[side].get("statement")
            if statement and ("edge" in statement) != (statement["checkpoint"]["count"] > 0):
                raise ShapeError(f"{side}.statement has an edge exactly when its window has deltas")
        return "consistency", evidence
    if value.get("format") != "tallyroot-receipt/1":
        raise ShapeError("format is neither 'tallyroot-receipt/1' nor 'tallyroot-consistency/1'")
    if value.get("kind") == "checkpoint":
        return "checkpoint", CHECKPOINT_RECEIPT(value, "")
    evidence = DELTA_RECEIPT(value, "")
    if ("content" in evidence) != ("namespace" in evidence):
        raise ShapeError("namespace is there exactly when content is")
    return "delta", evidence


# ------------------------------------------------------------------------------------------------------------ steps 2 to 5


class Refused(Exception):
    """A check failed; carries the code that FORMAT.md gives it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def need(code: str, holds: bool, otherwise: str) -> None:
    if not holds:
        raise Refused(code, otherwise)


class Expected(NamedTuple):
    """What the verifier knew before it saw the file."""

    fingerprint: Optional[bytes] = None
    namespace: Optional[bytes] = None
    ledger: Optional[bytes] = None


class Step(NamedTuple):
    step: int
    outcome: str  # passed, skipped or failed
    detail: str
    failure: Optional[str] = None


STEP_NAMES = {1: "shape", 2: "content", 3: "fingerprint", 4: "ledger", 5: "anchor", 6: "chain"}
Outcome = Tuple[str, str]  # passed or skipped, and its detail


def content_step(kind: str, file: Dict[str, Any], expected: Expected) -> Outcome:
    if "content" not in file:
        return "skipped", "a blind receipt: who and why were left out" if kind == "delta" else f"no content in a {kind} file"
    content, delta, namespace = file["content"], file["delta"], file["namespace"]
    amount, ledger = canonical_amount(delta["amount"]), ledger_address(namespace, content["customerId"])
    need("COMMITMENT_MISMATCH", commitment_of(content) == delta["commitment"], "the content has another hash")
    need("CONTENT_AMOUNT_MISMATCH", content["delta"] == amount, f"the delta is of {amount}, the content of another amount")
    need("CUSTOMER_LEDGER_MISMATCH", ledger == delta["ledger"], f"the customer's ledger is {address_of(ledger)}")
    need("NAMESPACE_NOT_EXPECTED", expected.namespace in (None, namespace), f"the namespace is {address_of(namespace)}")
    return "passed", f"the content of customer {content['customerId']!a} is what was committed to"


def fingerprint_step(kind: str, file: Dict[str, Any], expected: Expected) -> Outcome:
    if kind == "consistency":
        return "skipped", "a consistency file has no fingerprint of its own"
    stated = file["receiptId"]
    made = delta_fingerprint(file["delta"]) if kind == "delta" else checkpoint_fingerprint(file["checkpoint"])
    need("FINGERPRINT_MISMATCH", made == stated, f"the fields of the {kind} have the fingerprint {hex_of(made)}")
    need("FINGERPRINT_NOT_EXPECTED", expected.fingerprint in (None, stated), f"the receipt is {hex_of(stated)}")
    return "passed", f"the fields of the {kind} have the fingerprint {hex_of(stated)}"


def ledger_step(kind: str, file: Dict[str, Any], expected: Expected) -> Outcome:
    ledger = file["ledger"] if kind == "consistency" else file[kind]["ledger"]
    need("LEDGER_NOT_EXPECTED", expected.ledger in (None, ledger), f"the ledger is {address_of(ledger)}")
    return {"delta": delta_in_ledger, "checkpoint": checkpoint_adds_up, "consistency": later_extends_earlier}[kind](file)


def delta_in_ledger(file: Dict[str, Any]) -> Outcome:
    delta, head = file["delta"], file["head"]
    sequence, count, balance = delta["sequence"], head["count"], delta["balance"]
    need("HEAD_OF_OTHER_LEDGER", head["ledger"] == delta["ledger"], f"the head is of {address_of(head['ledger'])}")
    need("SEQUENCE_BEYOND_HEAD", 1 <= sequence <= count, f"delta {sequence} of a head of {count}")
    root = folded(leaf_of(delta_fingerprint(delta)), file["ledgerProof"])
    need("LEDGER_PROOF_INVALID", root == head["root"], "the proof misses head.root")
    first, last = sequence != 1 or balance == delta["amount"], sequence != count or balance == head["balance"]
    need("BALANCE_CONTRADICTION", first, "the first delta's balance is not its amount")
    need("BALANCE_CONTRADICTION", last, "the last delta's balance is not the head's")
    return "passed", f"delta {sequence} of the {count} of ledger {address_of(delta['ledger'])}"


def checkpoint_adds_up(file: Dict[str, Any]) -> Outcome:
    code, checkpoint = "CHECKPOINT_CONTRADICTION", file["checkpoint"]
    refuse_contradiction(checkpoint)
    if "deltas" not in file:
        return "skipped", "the deltas are not listed: root and sums were not recomputed"
    deltas, balance, time = file["deltas"], checkpoint["openingBalance"], checkpoint["from"]
    need(code, len(deltas) == checkpoint["count"], f"{len(deltas)} deltas are listed, {checkpoint['count']} counted")
    for sequence, delta in enumerate(deltas, checkpoint["firstSequence"]):
        need(code, delta["ledger"] == checkpoint["ledger"], f"delta {sequence} is of another ledger")
        need(code, delta["sequence"] == sequence, f"delta {delta['sequence']} is in the place of {sequence}")
        need(code, time <= delta["recordedAt"] < checkpoint["to"], f"delta {sequence} is not in its place in time")
        balance, time = balance + delta["amount"], delta["recordedAt"]
        need(code, delta["balance"] == balance, f"the balance after delta {sequence} does not add up")
    need(code, balance == checkpoint["closingBalance"], "the closing balance does not add up")
    root = tree_root(leaf_of(delta_fingerprint(delta)) for delta in deltas) if deltas else bytes(32)
    need(code, root == checkpoint["root"], "the listed deltas have another root")
    return "passed", f"root and sums of the {len(deltas)} listed deltas, recomputed"


def refuse_contradiction(checkpoint: Dict[str, Any]) -> None:
    """What is impossible in a checkpoint on its own, whatever the deltas are."""
    code, opening = "CHECKPOINT_CONTRADICTION", checkpoint["openingBalance"]
    need(code, checkpoint["from"] <= checkpoint["to"], "the window ends before it begins")
    need(code, checkpoint["firstSequence"] >= 1, "sequences begin with 1")
    if checkpoint["count"] == 0:
        need(code, opening == checkpoint["closingBalance"], "an empty window changes the balance")
        need(code, checkpoint["root"] == bytes(32), "an empty window has a root")
    need(code, checkpoint["firstSequence"] != 1 or opening == 0, "the first window does not open with 0")


def later_extends_earlier(file: Dict[str, Any]) -> Outcome:
    ledger, proof = file["ledger"], file["proof"]
    one, two = file["earlier"]["head"], file["later"]["head"]
    first, second = one["count"], two["count"]
    for head in (one, two):
        need("HEAD_OF_OTHER_LEDGER", head["ledger"] == ledger, f"a head is of {address_of(head['ledger'])}")
    need("COUNT_DECREASES", 1 <= first <= second, f"from {first} deltas to {second}")
    need("BALANCE_CONTRADICTION", first != second or one["balance"] == two["balance"], f"two balances after delta {first}")
    shown = extends(first, second, one["root"], two["root"], proof)
    need("CONSISTENCY_PROOF_INVALID", shown, "the later root is not shown to begin with the earlier deltas")
    for name in ("earlier", "later"):
        if "statement" in file[name]:
            statement_fits(ledger, name, file[name]["head"], file[name]["statement"])
    return "passed", f"the {second} deltas of ledger {address_of(ledger)} begin with the {first} earlier ones"


def statement_fits(ledger: bytes, side: str, head: Dict[str, Any], statement: Dict[str, Any]) -> None:
    """The checkpoint that a side was asked for by belongs to its head: the last delta of its window is in both."""
    checkpoint, edge = statement["checkpoint"], statement.get("edge")
    first, count, closing = checkpoint["firstSequence"], checkpoint["count"], checkpoint["closingBalance"]
    last = first + count - 1
    need("HEAD_OF_OTHER_LEDGER", checkpoint["ledger"] == ledger, f"the {side} checkpoint is of another ledger")
    refuse_contradiction(checkpoint)
    if edge:
        code, delta = "CHECKPOINT_CONTRADICTION", edge["delta"]
        need("HEAD_OF_OTHER_LEDGER", delta["ledger"] == ledger, f"the {side} edge is of another ledger")
        need(code, delta["sequence"] == last, f"the {side} window ends with {last}, and the edge is {delta['sequence']}")
        need(code, delta["balance"] == closing, f"the {side} edge has not the closing balance")
        need(code, checkpoint["from"] <= delta["recordedAt"] < checkpoint["to"], f"the {side} edge is outside of the window")
        adds_up = count != 1 or checkpoint["openingBalance"] + delta["amount"] == closing
        need(code, adds_up, f"the only delta of the {side} window does not add up")
    need("SEQUENCE_BEYOND_HEAD", last <= head["count"], f"the {side} window ends with {last}, the head with {head['count']}")
    if edge:
        leaf = leaf_of(delta_fingerprint(edge["delta"]))
        in_window = folded(leaf, edge["windowProof"]) == checkpoint["root"]
        in_ledger = folded(leaf, edge["ledgerProof"]) == head["root"]
        need("WINDOW_PROOF_INVALID", in_window, f"the proof of the {side} edge misses the root of the window")
        need("LEDGER_PROOF_INVALID", in_ledger, f"the proof of the {side} edge misses the root of the head")
    same = last != head["count"] or closing == head["balance"]
    need("BALANCE_CONTRADICTION", same, f"the {side} head and checkpoint close with different balances")


def anchor_step(kind: str, file: Dict[str, Any], _expected: Expected) -> Outcome:
    for name, fingerprint, holder in anchored(kind, file):
        root = folded(leaf_of(fingerprint), holder["anchorProof"])
        need("ANCHOR_PROOF_INVALID", root == holder["anchor"]["root"], f"the proof of the {name} misses its anchor's root")
    anchors = anchors_of(kind, file)
    if kind == "consistency":
        logs = {(a["chainId"], a["contract"], a["log"]) for a in anchors}
        earlier, later = file["earlier"]["anchor"]["index"], file["later"]["anchor"]["index"]
        need("LOGS_DIFFER", len(logs) == 1, "the anchors are not all of one log")
        need("ANCHORS_REVERSED", earlier <= later, f"the earlier head is in anchor {earlier}, the later in {later}")
    indexes = ", ".join(str(anchor["index"]) for anchor in anchors)
    return "passed", f"the proofs lead to the roots of log {hex_of(anchors[0]['log'])} at {indexes}"


def anchored(kind: str, file: Dict[str, Any]) -> List[Tuple[str, bytes, Dict[str, Any]]]:
    """What the file says is in an anchor: its name, its fingerprint, and the object with its anchorProof and anchor."""
    if kind == "delta":
        return [("head", head_fingerprint(file["head"]), file)]
    if kind == "checkpoint":
        return [("checkpoint", checkpoint_fingerprint(file["checkpoint"]), file)]
    found = []
    for name in ("earlier", "later"):
        side = file[name]
        found.append((f"{name} head", head_fingerprint(side["head"]), side))
        if "statement" in side:
            statement = side["statement"]
            found.append((f"{name} checkpoint", checkpoint_fingerprint(statement["checkpoint"]), statement))
    return found


def anchors_of(kind: str, file: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The distinct anchors of a file, in order."""
    distinct: List[Dict[str, Any]] = []
    for _, _, holder in anchored(kind, file):
        if holder["anchor"] not in distinct:
            distinct.append(holder["anchor"])
    return distinct


# ----------------------------------------------------------------------------------------------------------------- policy


class Policy(NamedTuple):
    """What the verifier pins; every part may be missing, and what is missing is taken from the file on its word."""

    chain_id: Optional[int] = None
    contract: Optional[bytes] = None
    code_hash: Optional[bytes] = None
    log: Optional[bytes] = None
    confirmations: int = 1
    rpc: Tuple[str, ...] = ()
    namespace: Optional[bytes] = None


def rpc_url(value: Any, path: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[!-~]{1,2040}", value):
        raise ShapeError(f"{path} is not an http or https URL")
    try:
        usable = urllib.parse.urlsplit(value).hostname and urllib.parse.urlsplit(value).port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ShapeError(f"{path} is not an http or https URL")
    return value


POLICY = members({
    "format": constant("tallyroot-policy/1"), "chainId": uint64, "contract": address, "codeHash": bytes32, "log": bytes32,
    "confirmations": integer(1, MOST_CONFIRMATIONS), "rpc": list_of(rpc_url, MOST_ENDPOINTS), "namespace": address,
}, ("rpc", "namespace"))  # fmt: skip


def read_policy(data: bytes) -> Policy:
    """Raises ShapeError."""
    value = POLICY(parse_strict_json(data), "")
    if value.get("rpc") == []:
        raise ShapeError("rpc is empty")
    return Policy(
        value["chainId"], value["contract"], value["codeHash"], value["log"], value["confirmations"],
        tuple(value.get("rpc", ())), value.get("namespace"),
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------------------- step 6


class ChainUnavailable(Exception):
    """An endpoint did not answer, or not in the form of JSON-RPC's answers: nothing is known then."""


class CallFailed(Exception):
    """The contract reverted, or returned something of another length than an AnchorLog does."""


ANCHORED = hex_of(keccak(b"Anchored(bytes32,uint64,bytes32,uint64)"))


class Endpoint:
    """JSON-RPC over HTTP. Errors name the host alone, because the rest of such a URL is often a key."""

    def __init__(self, number: int, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self.name = f"endpoint {number} at {parts.scheme}://{host}"
        self.url = parts._replace(netloc=host).geturl()
        self.opener = urllib.request.build_opener(_NoRedirect)
        self.headers = {"content-type": "application/json", "accept": "application/json"}
        if parts.username is not None:
            login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            self.headers["authorization"] = "Basic " + base64.b64encode(utf8(login)).decode()

    def ask(self, method: str, *params: Any) -> Any:
        question = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = urllib.request.Request(self.url, utf8(question), self.headers, method="POST")
        try:
            refused, answer = self._post(request)
        except (OSError, http.client.HTTPException, ShapeError) as error:
            raise self.silent(method, str(error) or type(error).__name__) from None
        if not isinstance(answer, dict):
            raise self.silent(method, "no object")
        error = answer.get("error")
        if method == "eth_call" and isinstance(error, dict) and is_revert(error):
            raise CallFailed
        if refused or error is not None or "result" not in answer:
            raise self.silent(method, f"{refused or 'no result'}, {json.dumps(error)[:200]}")
        return answer["result"]

    def _post(self, request: urllib.request.Request) -> Tuple[Optional[str], Any]:
        """The status, where it is not that of success, and the JSON: some nodes answer both for a call that failed."""
        try:
            with self.opener.open(request, timeout=RPC_SECONDS) as response:
                return None, parse_strict_json(response.read(MOST_RPC_BYTES))
        except urllib.error.HTTPError as refusal:
            with refusal:
                return str(refusal), parse_strict_json(refusal.read(MOST_RPC_BYTES))

    def silent(self, method: str, reason: str) -> ChainUnavailable:
        return ChainUnavailable(f"{self.name} gave no answer to {method}: {reason}")

    def quantity(self, method: str, value: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-fA-F]{1,64}", value):
            raise self.silent(method, "not a number")
        return int(value, 16)

    def data(self, method: str, value: Any) -> bytes:
        if not isinstance(value, str) or not re.fullmatch(r"0x(?:[0-9a-fA-F]{2})*", value):
            raise self.silent(method, "not bytes")
        return bytes.fromhex(value[2:])

    def record(self, method: str, *params: Any) -> Optional[Dict[str, Any]]:
        value = self.ask(method, *params)
        if value is not None and not isinstance(value, dict):
            raise self.silent(method, "not an object")
        return value

    def call(self, contract: bytes, signature: str, words: int, *arguments: Any) -> List[int]:
        data = keccak(utf8(signature))[:4] + b"".join(map(word, arguments))
        answer = self.ask("eth_call", {"to": hex_of(contract), "data": hex_of(data)}, "latest")
        result = self.data("eth_call", answer)
        if len(result) != 32 * words:
            raise CallFailed
        return [int.from_bytes(result[32 * i : 32 * i + 32], "big") for i in range(words)]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A question to one endpoint is answered by that one."""

    def redirect_request(self, *_: Any) -> None:
        return None


def is_revert(error: Dict[str, Any]) -> bool:
    """Whether an error of eth_call is the contract's doing: code 3, or older nodes' words for it."""
    return error.get("code") == 3 or bool(re.search(r"revert|invalid opcode|invalid jump|stack (under|over)flow|out of gas", str(error.get("message")), re.I))


def check_pins(anchor: Dict[str, Any], policy: Policy) -> None:
    """What needs no endpoint: that the file names the witness that the verifier chose."""
    chain, contract, log = anchor["chainId"], anchor["contract"], anchor["log"]
    need("CHAIN_MISMATCH", policy.chain_id in (None, chain), f"the file names chain {chain}, the policy {policy.chain_id}")
    need("CONTRACT_NOT_EXPECTED", policy.contract in (None, contract), f"the file names {address_of(contract)}")
    need("LOG_NOT_EXPECTED", policy.log in (None, log), f"the file names log {hex_of(log)}")


def check_place(endpoint: Endpoint, anchor: Dict[str, Any], policy: Policy) -> None:
    """The endpoint's word on chain and code. All anchors that get here are of one contract, so that it is asked once."""
    chain = endpoint.quantity("eth_chainId", endpoint.ask("eth_chainId"))
    need("CHAIN_MISMATCH", chain == anchor["chainId"], f"the endpoint is of chain {chain}, the file of {anchor['chainId']}")
    code = endpoint.data("eth_getCode", endpoint.ask("eth_getCode", hex_of(anchor["contract"]), "latest"))
    need("CODE_MISMATCH", code != b"", "there is no contract at that address")
    code_hash = keccak(code)
    need("CODE_MISMATCH", policy.code_hash in (None, code_hash), f"the contract's code has the hash {hex_of(code_hash)}")


def check_log(endpoint: Endpoint, anchor: Dict[str, Any], policy: Policy) -> None:
    """The contract's word on the log."""
    contract, log, index = anchor["contract"], anchor["log"], anchor["index"]
    try:
        (root,) = endpoint.call(contract, "root(bytes32,uint64)", 1, log, index)
        need("LOG_UNKNOWN", root != 0, f"the log has no anchor {index}")
        need("ROOT_MISMATCH", word(root) == anchor["root"], f"anchor {index} of the log is {hex_of(word(root))}")
        (marked,) = endpoint.call(contract, "marked(bytes32)", 1, log)
        need("CODE_MISMATCH", marked <= 1, "the contract is no AnchorLog")
        if marked:
            block, time = endpoint.call(contract, "markedSince(bytes32)", 2, log)
            raise Refused("LOG_MARKED", f"a contradiction was proven in block {block}, at {time} (Unix seconds)")
    except CallFailed:
        # Where the code is the expected one it cannot have answered this, and the endpoint is at fault.
        if policy.code_hash is not None:
            raise endpoint.silent("eth_call", "not what this contract's code returns") from None
        raise Refused("CODE_MISMATCH", "the contract is no AnchorLog") from None


def check_block(endpoint: Endpoint, anchor: Dict[str, Any], policy: Policy) -> None:
    """That the transaction named wrote this anchor, in the block named, which is canonical and deep enough."""
    code, number = "NOT_CONFIRMED", anchor["blockNumber"]
    method = "eth_getTransactionReceipt"
    receipt = endpoint.record(method, hex_of(anchor["transactionHash"]))
    if receipt is None:
        raise Refused(code, "the transaction is not known")
    place = endpoint.quantity(method, receipt.get("blockNumber")), endpoint.data(method, receipt.get("blockHash"))
    need(code, place == (number, anchor["blockHash"]), f"the transaction is in block {place[0]}, {hex_of(place[1])}")
    topics = [ANCHORED, hex_of(anchor["log"]), hex_of(word(anchor["index"])), hex_of(anchor["root"])]
    wanted = (hex_of(anchor["contract"]), topics, hex_of(word(anchor["size"])))
    events = receipt.get("logs")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise endpoint.silent(method, "no list of events")
    found = [
        (str(e.get("address")).lower(), [str(t).lower() for t in e.get("topics") or ()], str(e.get("data")).lower())
        for e in events
    ]
    need(code, wanted in found, "the transaction anchored something else, or another number of leaves")
    method = "eth_getBlockByNumber"  # not by its hash: a block that was reorganised away is still known by that
    block = endpoint.record(method, hex(number), False)
    if block is None:
        raise Refused(code, "the block is not known")
    need(code, endpoint.data(method, block.get("hash")) == anchor["blockHash"], f"block {number} is another one now")
    need(code, endpoint.quantity(method, block.get("timestamp")) == anchor["blockTime"], f"block {number} is of another time")
    depth = endpoint.quantity("eth_blockNumber", endpoint.ask("eth_blockNumber")) - number + 1
    need(code, depth >= policy.confirmations, f"{max(depth, 0)} of {policy.confirmations} confirmations")


def chain_step(anchors: List[Dict[str, Any]], policy: Policy, endpoints: List[Endpoint]) -> Outcome:
    """Every endpoint is asked for every anchor on its own, and all must say the same."""
    for anchor in anchors:
        check_pins(anchor, policy)
    if not endpoints:
        return "skipped", "not done: no endpoint was given"
    for number, anchor in enumerate(anchors):
        checks = (check_place, check_log, check_block) if number == 0 else (check_log, check_block)
        said: List[Optional[Refused]] = [asked(endpoint, anchor, policy, checks) for endpoint in endpoints]
        if len({refusal and refusal.code for refusal in said}) > 1:
            words = [f"{e.name} says {r.code if r else 'that it is so'}" for e, r in zip(endpoints, said)]
            raise Refused("ENDPOINTS_DISAGREE", "; ".join(words))
        if said[0]:
            raise said[0]
    indexes = ", ".join(str(anchor["index"]) for anchor in anchors)
    pins = {"chain": policy.chain_id, "contract": policy.contract, "log": policy.log, "code": policy.code_hash}
    open_pins = [name for name, pin in pins.items() if pin is None]
    words = f"; not pinned, so the file's own word: {', '.join(open_pins)}" if open_pins else ""
    return "passed", f"{len(endpoints)} endpoint(s) confirm anchor {indexes}{words}"


def asked(endpoint: Endpoint, anchor: Dict[str, Any], policy: Policy, checks: Iterable[Callable[..., None]]) -> Optional[Refused]:
    """What one endpoint says about one anchor: the first check that fails, or nothing against it."""
    try:
        for check in checks:
            check(endpoint, anchor, policy)
    except Refused as refusal:
        return refusal
    return None


# ----------------------------------------------------------------------------------------------------------------- report


class Report(NamedTuple):
    kind: Optional[str]
    receipt_id: Optional[bytes]
    steps: List[Step]
    unavailable: bool = False

    @property
    def failure(self) -> Optional[str]:
        return self.steps[-1].failure

    @property
    def verdict(self) -> str:
        if self.failure:
            return "REFUSED"
        return "VERIFIED" if self.steps[-1].outcome == "passed" else "CONSISTENT"

    @property
    def exit_code(self) -> int:
        if self.failure:
            return 10 + self.steps[-1].step
        return 0 if self.verdict == "VERIFIED" else 3 if self.unavailable else 4


def verify(data: bytes, expected: Expected, policy: Policy, endpoints: List[Endpoint]) -> Report:
    """All six steps in order; the first that fails ends it."""
    steps: List[Step] = []
    try:
        kind, file = read_evidence(data)
    except ShapeError as error:
        return Report(None, None, [Step(1, "failed", str(error), "SHAPE_INVALID")])
    steps.append(Step(1, "passed", f"a {kind} file of {len(data)} bytes"))
    receipt_id = file.get("receiptId")
    try:
        for number, check in ((2, content_step), (3, fingerprint_step), (4, ledger_step), (5, anchor_step)):
            steps.append(Step(number, *check(kind, file, expected)))
        steps.append(Step(6, *chain_step(anchors_of(kind, file), policy, endpoints)))
    except Refused as refusal:
        steps.append(Step(len(steps) + 1, "failed", refusal.detail, refusal.code))
    except ChainUnavailable as error:
        steps.append(Step(6, "skipped", f"not done: {error}"))
        return Report(kind, receipt_id, steps, unavailable=True)
    return Report(kind, receipt_id, steps)


def json_report(report: Report) -> str:
    steps = []
    for step in report.steps:
        named: Dict[str, Any] = {"step": step.step, "name": STEP_NAMES[step.step], "outcome": step.outcome}
        if step.failure:
            named["failure"] = step.failure
        steps.append({**named, "detail": step.detail})
    receipt_id = hex_of(report.receipt_id) if report.receipt_id else None
    whole = {"verdict": report.verdict, "failure": report.failure, "kind": report.kind, "receiptId": receipt_id}
    return json.dumps({**whole, "steps": steps}, indent=2)


def printable(detail: str) -> str:
    """Without what could move a terminal's cursor: files and endpoints are anybody's."""
    return "".join(c if " " <= c <= "~" else ascii(c)[1:-1] for c in detail)


def human_report(report: Report) -> str:
    lines = []
    marks = {"passed": "ok", "skipped": "-", "failed": "FAIL"}
    for number, name in STEP_NAMES.items():
        step = report.steps[number - 1] if number <= len(report.steps) else None
        mark = marks[step.outcome] if step else ""
        detail = (f"{step.failure}: " if step.failure else "") + step.detail if step else "not reached"
        lines.append(f"{mark:<5}{number} {name:<12}{printable(detail)}")
    asked_chain = "did not answer" if report.unavailable else "was not asked"
    says = {
        "VERIFIED": "VERIFIED",
        "CONSISTENT": f"CONSISTENT: the file agrees with itself. The chain {asked_chain}, and anybody can make up an anchor",
        "REFUSED": f"REFUSED: {report.failure}",
    }
    return "\n".join(lines + [says[report.verdict]])


# ---------------------------------------------------------------------------------------------------------- shared vectors


def check_vectors(vectors: Dict[str, Any]) -> Tuple[int, Optional[str]]:
    """How many values agree, and the first that does not."""
    count = 0
    for where, made, wanted in vector_pairs(vectors):
        if made != wanted:
            return count, f"{where}: made {made!r}, the vectors say {wanted!r}"
        count += 1
    return count, None


def vector_pairs(v: Dict[str, Any]) -> Iterable[Tuple[str, Any, Any]]:
    """Each vector: where it stands, what this program makes of it, what it must be."""
    for name, kind in (("delta", "delta"), ("head", "head"), ("checkpoint", "checkpoint"), ("ledgerCode", "ledger")):
        yield f"constants.{name}", hex_of(keccak(utf8(f"tallyroot.{kind}.v1"))), v["constants"][name]
    namespace = namespace_of(bytes32(v["namespace"]["secret"], "namespace.secret"))
    yield "namespace.address", address_of(namespace), v["namespace"]["address"]
    for i, row in enumerate(v["ledgers"]):
        yield f"ledgers.{i}", address_of(ledger_address(namespace, row["customerId"])), row["ledger"]
    for i, row in enumerate(v["amounts"]):
        units = parse_amount(row["text"])
        yield f"amounts.{i}.units", str(units), row["units"]
        yield f"amounts.{i}.canonical", canonical_amount(int(row["units"])), row["canonical"]

    ledger, leaves = v["deltas"]["ledger"], []
    for i, row in enumerate(v["deltas"]["rows"]):
        delta = DELTA({"ledger": ledger, **{name: row[name] for name in DELTA_WORDS[1:]}}, f"deltas.{i}")
        content = CONTENT(row["content"], f"deltas.{i}.content")
        yield f"deltas.{i}.canonical", canonical_json(content), row["canonical"]
        yield f"deltas.{i}.commitment", hex_of(commitment_of(content)), row["commitment"]
        yield f"deltas.{i}.amount", canonical_amount(delta["amount"]), content["delta"]
        yield f"deltas.{i}.fingerprint", hex_of(delta_fingerprint(delta)), row["fingerprint"]
        leaves.append(leaf_of(delta_fingerprint(delta)))
        yield f"deltas.{i}.leaf", hex_of(leaves[i]), row["leaf"]
    for i, row in enumerate(v["heads"]):
        head = HEAD({"ledger": ledger, **{name: row[name] for name in HEAD_WORDS[1:]}}, f"heads.{i}")
        yield f"heads.{i}.root", hex_of(tree_root(leaves[: head["count"]])), row["root"]
        yield f"heads.{i}.fingerprint", hex_of(head_fingerprint(head)), row["fingerprint"]
        yield f"heads.{i}.leaf", hex_of(leaf_of(head_fingerprint(head))), row["leaf"]
    for i, row in enumerate(v["inclusion"]):
        root = folded(leaves[int(row["sequence"]) - 1], PROOF(row["proof"], f"inclusion.{i}"))
        yield f"inclusion.{i}", hex_of(root), hex_of(tree_root(leaves[: int(row["size"])]))
    for i, row in enumerate(v["consistency"]):
        first, second, proof = int(row["from"]), int(row["to"]), PROOF(row["proof"], f"consistency.{i}")
        roots = tree_root(leaves[:first]), tree_root(leaves[:second])
        yield f"consistency.{i}", extends(first, second, *roots, proof), True
        if first != second:
            yield f"consistency.{i} cut short", extends(first, second, *roots, proof[:-1]), False
    for i, row in enumerate(v["checkpoints"]):
        fields = {"ledger": ledger, **{name: row[name] for name in CHECKPOINT_WORDS[1:]}}
        checkpoint = CHECKPOINT(fields, f"checkpoints.{i}")
        first, size = checkpoint["firstSequence"], checkpoint["count"]
        root = tree_root(leaves[first - 1 : first - 1 + size]) if size else bytes(32)
        yield f"checkpoints.{i}.root", hex_of(root), row["root"]
        yield f"checkpoints.{i}.fingerprint", hex_of(checkpoint_fingerprint(checkpoint)), row["fingerprint"]
        yield f"checkpoints.{i}.leaf", hex_of(leaf_of(checkpoint_fingerprint(checkpoint))), row["leaf"]
    anchor_leaves = [bytes32(leaf, "anchor.leaves") for leaf in v["anchor"]["leaves"]]
    yield "anchor.root", hex_of(tree_root(anchor_leaves)), v["anchor"]["root"]
    for i, proof in enumerate(v["anchor"]["proofs"]):
        root = folded(anchor_leaves[i], PROOF(proof, f"anchor.proofs.{i}"))
        yield f"anchor.proofs.{i}", hex_of(root), v["anchor"]["root"]


# ----------------------------------------------------------------------------------------------------------- command line


class UsageError(Exception):
    """Wrong usage, an unreadable file or an invalid policy."""


def read_file(name: str) -> bytes:
    """At most one byte more than a file may have: enough to refuse it."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with open(name, "rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None


def run_batch(expected: Expected, policy: Policy, endpoints: List[Endpoint]) -> int:
    for line in sys.stdin.buffer:
        report = verify(base64.b64decode(line), expected, policy, endpoints)
        letters = "".join(step.outcome[0] for step in report.steps)
        sys.stdout.write(f"{report.verdict} {report.failure or '-'} {letters}\n")
        sys.stdout.flush()
    return 0


def run_vectors(name: str) -> int:
    try:
        vectors = parse_strict_json(read_file(name))
    except ShapeError as error:
        raise UsageError(f"cannot read {name}: {error}") from None
    agreed, difference = check_vectors(vectors)
    print(difference or f"{agreed} vectors agree")
    return 1 if difference else 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("file", nargs="?", help="a receipt or consistency file; - for stdin")
    parser.add_argument("--policy", help="policy file: chain, contract, code, log, confirmations, endpoints, namespace")
    parser.add_argument("--rpc", action="append", metavar="URL", help="endpoint to ask in place of the policy's; repeatable")
    parser.add_argument("--code-hash", metavar="HEX", help="keccak-256 that the contract's code must have")
    parser.add_argument("--confirmations", metavar="N", help="blocks that the anchor must have, its own included")
    parser.add_argument("--fingerprint", metavar="HEX", help="the receipt must be this one")
    parser.add_argument("--ledger", metavar="HEX", help="the evidence must be about this ledger")
    parser.add_argument("--customer", metavar="ID", help="the same, of this customer, with the policy's namespace")
    parser.add_argument("--json", action="store_true", help="report as JSON")
    parser.add_argument("--batch", action="store_true", help="one file per line of stdin, in base64; one line each")
    parser.add_argument("--vectors", metavar="FILE", help="compare this program with the shared vectors")
    return parser


def typed_address(value: str) -> bytes:
    """An address in the case of EIP-55, or all in lower case."""
    return address(checksummed(value[2:]) if re.fullmatch(r"0x[0-9a-f]{40}", value) else value, "--ledger")


def read_choices(args: argparse.Namespace) -> Tuple[Expected, Policy, List[Endpoint]]:
    """What the flags and the policy file ask for. A flag replaces what the policy says."""
    try:
        policy = read_policy(read_file(args.policy)) if args.policy is not None else Policy()
    except ShapeError as error:
        raise UsageError(f"{args.policy} is not a policy: {error}") from None
    try:
        if args.rpc:
            policy = policy._replace(rpc=tuple(list_of(rpc_url, MOST_ENDPOINTS)(args.rpc, "--rpc")))
        if args.code_hash is not None:
            policy = policy._replace(code_hash=bytes32(args.code_hash, "--code-hash"))
        if args.confirmations is not None:
            policy = policy._replace(confirmations=integer(1, MOST_CONFIRMATIONS)(args.confirmations, "--confirmations"))
        fingerprint = bytes32(args.fingerprint, "--fingerprint") if args.fingerprint is not None else None
        ledger = typed_address(args.ledger) if args.ledger is not None else None
        if args.customer is not None:
            if policy.namespace is None:
                raise UsageError("--customer needs a policy with a namespace")
            named = ledger_address(policy.namespace, text(args.customer, "--customer"))
            if ledger not in (None, named):
                raise UsageError("--ledger is not the ledger of --customer")
            ledger = named
    except ShapeError as error:
        raise UsageError(str(error)) from None
    return Expected(fingerprint, policy.namespace, ledger), policy, [Endpoint(i, url) for i, url in enumerate(policy.rpc, 1)]


def main() -> int:
    parser = arguments()
    args = parser.parse_args()
    try:
        if args.vectors is not None:
            return run_vectors(args.vectors)
        expected, policy, endpoints = read_choices(args)
        if args.batch:
            return run_batch(expected, policy, endpoints)
        if args.file is None:
            raise UsageError("name a file, or - for stdin")
        report = verify(read_file(args.file), expected, policy, endpoints)
        if args.fingerprint is not None and report.kind == "consistency":
            raise UsageError("a consistency file has no fingerprint that --fingerprint could be compared with")
    except UsageError as error:
        parser.error(str(error))  # exits with 2
    print(json_report(report) if args.json else human_report(report))
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
