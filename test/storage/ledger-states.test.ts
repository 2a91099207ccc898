import { expect } from "chai";
import { MAX_BALANCE, MIN_BALANCE } from "#src/core/amount.ts";
import { EMPTY_FRONTIER } from "#src/core/tree.ts";
import { composeDelta, type LedgerState } from "#src/ledger/compose.ts";
import { freshKey, saltOf, sealingKey } from "#src/ledger/seal.ts";
import { openLedgerStates } from "#src/storage/sqlite/ledger-states.ts";

function stateOf(id: number, deltas: number, balance = 0n): LedgerState {
  const ledger = { id, tenantId: 7, address: Buffer.alloc(20, id), openedAt: 1_700_000_000_000 };
  let state: LedgerState = {
    ledger,
    balance,
    recordedAt: 0,
    frontier: EMPTY_FRONTIER,
    generation: 3,
    key: sealingKey(freshKey()),
  };
  for (let i = 0; i < deltas; i++)
    state = composeDelta(state, { customerId: `c${id}`, amount: 1n, reason: "usage" }, 1_700_000_000_000 + i).next;
  return state;
}

/** All of a state as text. */
function plain({ key, ledger, frontier, balance, ...rest }: LedgerState) {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return {
    ...rest,
    ledger: { ...ledger, address: hex(ledger.address) },
    balance: balance.toString(),
    frontier: { count: frontier.count, peaks: frontier.peaks.map(hex) },
    salt: hex(saltOf(key, 1)),
  };
}

describe("the states of ledgers in memory", () => {
  it("are the same packed and unpacked, for every shape of tree and the widest balances", () => {
    const states = openLedgerStates({ open: 1, packed: 100 });
    const given = [0, 1, 2, 3, 7, 8, 100].map((deltas, i) => stateOf(i + 1, deltas));
    given.push(stateOf(20, 0, MAX_BALANCE), stateOf(21, 0, MIN_BALANCE), stateOf(22, 0, -1n));
    for (const state of given) states.put(`c${state.ledger.id}`, state);
    for (const state of given) expect(plain(states.get(`c${state.ledger.id}`)!)).to.deep.equal(plain(state));
  });

  it("stay what they are when what they were unpacked from is forgotten", () => {
    const states = openLedgerStates({ open: 1, packed: 100 });
    const given = Array.from({ length: 9 }, (_, i) => stateOf(i + 1, 3));
    for (const state of given) states.put(`c${state.ledger.id}`, state);
    const unpacked = states.get("c1")!;
    states.delete("c1");
    expect(states.get("c1")).to.equal(undefined);
    expect(plain(unpacked)).to.deep.equal(plain(given[0]!));
  });

  it("are forgotten oldest first, and never more of them kept than the bound allows", () => {
    const states = openLedgerStates({ open: 2, packed: 10 });
    for (let id = 1; id <= 200; id++) {
      states.put(`c${id}`, stateOf(id, 1));
      if (id > 1) states.put("c1", states.get("c1")!);
    }
    const kept = Array.from({ length: 200 }, (_, i) => i + 1).filter((id) => states.get(`c${id}`));
    expect(kept.length).to.be.within(10, 16);
    expect(kept[0], "used again and again").to.equal(1);
    expect(kept.slice(1)).to.deep.equal(Array.from({ length: kept.length - 1 }, (_, i) => 202 - kept.length + i));
  });
});
