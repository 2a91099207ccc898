// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoint, Delta, Head} from "./LeafFormat.sol";

/// @title Append-only logs of Merkle roots, and the court for evidence against them
/// @notice A publisher commits to ledgers by appending roots to its log. Anyone can then ask whether a delta, a head or
///         a checkpoint is under a root, and anyone can prove with two contradictory statements that a publisher lied.
/// @dev No owner, no upgrade, no rewind, no ether: there is no function that takes any of that back.
///      A proof shows membership, not position or size. Position is bound because the sequence is inside every delta,
///      size because the count is inside every head and checkpoint. Trees fold with OpenZeppelin's commutative hash.
interface IAnchorLog {
    /// @notice Which kind of statement a delta is proven through.
    enum Through {
        Head,
        Checkpoint
    }

    /// @notice A head and its way into the log.
    /// @param index The anchor whose root holds the head.
    /// @param anchorProof Siblings from the head's leaf up to that root.
    struct HeadEvidence {
        uint64 index;
        Head head;
        bytes32[] anchorProof;
    }

    /// @notice A checkpoint and its way into the log.
    /// @param index The anchor whose root holds the checkpoint.
    /// @param anchorProof Siblings from the checkpoint's leaf up to that root.
    struct CheckpointEvidence {
        uint64 index;
        Checkpoint checkpoint;
        bytes32[] anchorProof;
    }

    /// @notice A delta and its way into the log, in two hops.
    /// @param proof Siblings from the delta's leaf up to `head.root` or `checkpoint.root`.
    /// @param through Which of the two statements below is meant; the other one is ignored.
    /// @param index The anchor whose root holds that statement.
    /// @param anchorProof Siblings from the statement's leaf up to that root.
    struct DeltaEvidence {
        Delta delta;
        bytes32[] proof;
        Through through;
        Head head;
        Checkpoint checkpoint;
        uint64 index;
        bytes32[] anchorProof;
    }

    /// @notice A log was opened; `salt` lets anyone recompute its id.
    event LogOpened(bytes32 indexed log, address indexed publisher, bytes32 salt);

    /// @notice The publisher offered the log to `to`; the zero address withdraws the offer.
    event PublisherOffered(bytes32 indexed log, address indexed publisher, address indexed to);

    /// @notice The log has another publisher from here on.
    event PublisherChanged(bytes32 indexed log, address indexed previous, address indexed next);

    /// @notice A root became anchor `index` of the log. `size`, the number of leaves, is the publisher's word only.
    event Anchored(bytes32 indexed log, uint64 indexed index, bytes32 indexed root, uint64 size);

    /// @notice Two different deltas at one (ledger, sequence) are under the log's anchors.
    event ForkProven(bytes32 indexed log, address indexed ledger, uint64 indexed sequence);

    /// @notice Statements under the log's anchors contradict each other; `sequence` is where.
    event ImbalanceProven(bytes32 indexed log, address indexed ledger, uint64 indexed sequence);

    /// @notice The log was marked by its first accepted evidence. Emitted once per log.
    event LogMarked(bytes32 indexed log);

    /// @notice This opener has opened a log with this salt already.
    error LogAlreadyOpen(bytes32 log);
    /// @notice Only the log's publisher may do that; nobody may in a log that was never opened.
    error NotPublisher(bytes32 log, address caller);
    /// @notice The log was not offered to the caller.
    error NotOffered(bytes32 log, address caller);
    /// @notice The index is not exactly the next one.
    error UnexpectedIndex(bytes32 log, uint64 expected, uint64 given);
    /// @notice Zero stands for "no root", so it can not be appended.
    error EmptyRoot();
    /// @notice An anchor holds at least one leaf.
    error EmptyAnchor();

    /// @notice A proof has more siblings than a tree of 2^64 leaves is deep.
    error ProofTooLong(uint256 length);
    /// @notice The head or checkpoint does not fold to the root at that index of that log.
    error NotAnchored(bytes32 log, uint64 index);
    /// @notice The delta is of another ledger than its statement, or its sequence is outside of what that covers.
    error NotCovered(address ledger, uint64 sequence);
    /// @notice The delta does not fold to its statement's root.
    error NotIncluded(address ledger, uint64 sequence);
    /// @notice The two pieces of evidence are about different ledgers.
    error DifferentLedgers(address a, address b);
    /// @notice A fork needs two deltas at one sequence.
    error DifferentSequences(uint64 a, uint64 b);
    /// @notice One delta, proven twice, is no fork.
    error SameDelta(address ledger, uint64 sequence);
    /// @notice The second delta does not follow immediately after the first.
    error NotNeighbours(uint64 a, uint64 b);
    /// @notice The delta is not the one at the edge of the head, or not the first of its ledger.
    error NotAtEdge(uint64 expected, uint64 given);
    /// @notice All of it is under the log's anchors, and nothing in it contradicts.
    error NoContradiction();

    /// @notice Opens a log of which the caller is the publisher.
    /// @param salt Any value the caller has not used yet.
    /// @return log Its id, see `logId`.
    function openLog(bytes32 salt) external returns (bytes32 log);

    /// @notice Offers the log to another publisher, who has to accept. Replaces an earlier offer.
    /// @param to The new publisher; the zero address withdraws.
    function offerPublisher(bytes32 log, address to) external;

    /// @notice Takes over a log that was offered to the caller.
    function acceptPublisher(bytes32 log) external;

    /// @notice Appends a root as anchor `index`.
    /// @dev A marked log goes on appending: the mark is evidence, and evidence must not take the service of everybody
    ///      else in that log down. `size` is not checked against anything; a verifier takes counts from heads only.
    /// @param index Exactly `count(log) + 1`: a repeated transaction can therefore not anchor twice.
    /// @param newRoot The root over the anchor's leaves, not zero.
    /// @param size The number of leaves, not zero.
    function append(bytes32 log, uint64 index, bytes32 newRoot, uint64 size) external;

    /// @notice Proves that two different deltas at one (ledger, sequence) are under the log, and marks it.
    /// @dev The same delta through two heads, or through a head and a checkpoint, is what an honest log looks like and
    ///      is refused. Reverts unless the evidence holds, with the error that says what is missing.
    function proveFork(bytes32 log, DeltaEvidence calldata a, DeltaEvidence calldata b) external;

    /// @notice Proves that two neighbouring deltas contradict each other, and marks the log.
    /// @dev They do if first.balance + second.amount is not second.balance, or if the second was recorded earlier.
    ///      The sum is taken exactly: one outside of int256 equals no balance, so a balance that wrapped around is a
    ///      contradiction, and not a revert that would protect it.
    /// @param first The delta at sequence n.
    /// @param second The delta at sequence n + 1 of the same ledger.
    function proveImbalance(bytes32 log, DeltaEvidence calldata first, DeltaEvidence calldata second) external;

    /// @notice Proves that the first delta of a ledger has a balance other than its amount, and marks the log.
    function proveFirstImbalance(bytes32 log, DeltaEvidence calldata first) external;

    /// @notice Proves that a head's balance is not that of its last delta, and marks the log.
    /// @param edge The delta at sequence `head.count`, proven through that head or anything else in the log.
    function proveHeadImbalance(bytes32 log, HeadEvidence calldata statement, DeltaEvidence calldata edge) external;

    /// @notice Proves that a checkpoint contradicts a delta, and marks the log.
    /// @dev It does if the delta
    ///      - is the one before the window and its balance is not the opening balance,
    ///      - is the window's first and opening balance + amount is not its balance,
    ///      - is the window's last and its balance is not the closing balance,
    ///      - or is counted in the window and recordedAt is outside of [from, to).
    ///      A delta inside of [from, to) that is not counted proves nothing: a window may be stated while it is open.
    /// @param contrary The delta, proven through that checkpoint or anything else in the log.
    function proveCheckpointImbalance(
        bytes32 log,
        CheckpointEvidence calldata statement,
        DeltaEvidence calldata contrary
    ) external;

    /// @notice Proves that a checkpoint contradicts itself, and marks the log.
    /// @dev It does if it counts no deltas and opening and closing balance differ, or if it starts at sequence 1 with
    ///      an opening balance other than zero.
    function proveBareCheckpointImbalance(bytes32 log, CheckpointEvidence calldata statement) external;

    /// @notice Whether the delta is under anchor `index` of the log, through that head.
    /// @dev True says: head.ledger is the delta's, 1 <= sequence <= count, the delta's leaf folds to head.root and the
    ///      head's to the anchored root. A delta at sequence = count whose balance is not the head's is answered false:
    ///      the two contradict each other, which is evidence for `proveHeadImbalance` and no proof of either.
    ///      Never reverts on well-formed input; a proof of more than 64 siblings is answered false. The mark of the log
    ///      is not looked at; ask `marked`.
    /// @param ledgerProof Siblings from the delta's leaf up to head.root.
    /// @param anchorProof Siblings from the head's leaf up to the anchored root.
    function verifyDelta(
        bytes32 log,
        uint64 index,
        Delta calldata delta,
        bytes32[] calldata ledgerProof,
        Head calldata head,
        bytes32[] calldata anchorProof
    ) external view returns (bool);

    /// @notice Whether the head is a leaf under anchor `index` of the log.
    function verifyHead(bytes32 log, uint64 index, Head calldata head, bytes32[] calldata anchorProof)
        external
        view
        returns (bool);

    /// @notice Whether the checkpoint is a leaf under anchor `index` of the log.
    function verifyCheckpoint(
        bytes32 log,
        uint64 index,
        Checkpoint calldata checkpoint,
        bytes32[] calldata anchorProof
    ) external view returns (bool);

    /// @notice The id of the log that `opener` opens with `salt`.
    /// @dev keccak256(abi.encode(chain id, this contract, opener, salt)): evidence or a receipt of one deployment
    ///      means nothing in another.
    function logId(address opener, bytes32 salt) external view returns (bytes32);

    /// @notice Who may append; zero for a log that was never opened.
    function publisher(bytes32 log) external view returns (address);

    /// @notice Whom the log is offered to; zero if nobody.
    function pendingPublisher(bytes32 log) external view returns (address);

    /// @notice The number of anchors, hence the latest index; 0 if there is none.
    function count(bytes32 log) external view returns (uint64);

    /// @notice The root of anchor `index`; zero if there is none. The first index is 1.
    function root(bytes32 log, uint64 index) external view returns (bytes32);

    /// @notice The latest anchor; zeros if there is none.
    function latest(bytes32 log) external view returns (uint64 index, bytes32 anchoredRoot);

    /// @notice Whether evidence against the log was ever accepted. Once true, true for ever.
    function marked(bytes32 log) external view returns (bool);

    /// @notice The block, and its time in Unix seconds, in which the log was marked; zeros if it is not.
    function markedSince(bytes32 log) external view returns (uint64 blockNumber, uint64 blockTime);
}
