// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice One signed change of one ledger's balance.
/// @param ledger The customer's derived address.
/// @param sequence 1, 2, 3 … without holes.
/// @param amount The change, in units of 10^-18.
/// @param balance The running balance after this delta, in units of 10^-18.
/// @param recordedAt Unix milliseconds; never decreases within a ledger.
/// @param commitment Salted hash of the private content.
struct Delta {
    address ledger;
    uint64 sequence;
    int256 amount;
    int256 balance;
    uint64 recordedAt;
    bytes32 commitment;
}

/// @notice The state of one ledger: what an anchor commits of it.
/// @param count The number of deltas, hence the sequence of the last one.
/// @param balance The balance after delta `count`, in units of 10^-18.
/// @param root Over the leaves of deltas 1 to `count`, in order.
struct Head {
    address ledger;
    uint64 count;
    int256 balance;
    bytes32 root;
}

/// @notice The statement of one ledger over the window [from, to).
/// @param from First millisecond of the window (Unix milliseconds).
/// @param to First millisecond after the window.
/// @param firstSequence Sequence of the window's first delta. For an empty window: one more than the number of deltas
///        recorded before the window's end.
/// @param count The number of deltas in the window.
/// @param openingBalance The balance after delta `firstSequence - 1`; 0 if there is none.
/// @param closingBalance The balance after delta `firstSequence + count - 1`.
/// @param root Over the leaves of just the window's deltas, in order; zero for an empty window.
struct Checkpoint {
    address ledger;
    uint64 from;
    uint64 to;
    uint64 firstSequence;
    uint64 count;
    int256 openingBalance;
    int256 closingBalance;
    bytes32 root;
}

/// @title The bytes of a leaf, version 1
/// @notice Rebuilds fingerprints and leaves from plain fields.
/// @dev Every member of the three structs is one static 32-byte word, so `abi.encode(word, struct)` is the version word
///      followed by the members in order. The version words differ, so that a hash of one kind is never a hash of
///      another. A leaf is the hash of a fingerprint: 32 bytes go into it, 64 go into an inner node, and so no inner
///      node can pass for a leaf.
library LeafFormat {
    bytes32 internal constant DELTA_V1 = keccak256("tallyroot.delta.v1");
    bytes32 internal constant HEAD_V1 = keccak256("tallyroot.head.v1");
    bytes32 internal constant CHECKPOINT_V1 = keccak256("tallyroot.checkpoint.v1");

    /// @notice The fingerprint of a delta: its receiptId.
    function fingerprint(Delta memory delta) internal pure returns (bytes32) {
        return keccak256(abi.encode(DELTA_V1, delta));
    }

    /// @notice The fingerprint of a head.
    function fingerprint(Head memory head) internal pure returns (bytes32) {
        return keccak256(abi.encode(HEAD_V1, head));
    }

    /// @notice The fingerprint of a checkpoint: its proofRoot.
    function fingerprint(Checkpoint memory checkpoint) internal pure returns (bytes32) {
        return keccak256(abi.encode(CHECKPOINT_V1, checkpoint));
    }

    /// @notice The leaf of a delta in a ledger tree or a window tree.
    function leaf(Delta memory delta) internal pure returns (bytes32) {
        return _leaf(fingerprint(delta));
    }

    /// @notice The leaf of a head in an anchor tree.
    function leaf(Head memory head) internal pure returns (bytes32) {
        return _leaf(fingerprint(head));
    }

    /// @notice The leaf of a checkpoint in an anchor tree.
    function leaf(Checkpoint memory checkpoint) internal pure returns (bytes32) {
        return _leaf(fingerprint(checkpoint));
    }

    function _leaf(bytes32 print) private pure returns (bytes32) {
        return keccak256(abi.encode(print));
    }
}
