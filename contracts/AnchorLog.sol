// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IAnchorLog} from "./IAnchorLog.sol";
import {Checkpoint, Delta, Head, LeafFormat} from "./LeafFormat.sol";

/// @title AnchorLog
/// @dev Described, function by function, in `IAnchorLog`.
contract AnchorLog is IAnchorLog {
    using LeafFormat for Delta;
    using LeafFormat for Head;
    using LeafFormat for Checkpoint;

    /// @dev Counts are uint64, so an honest tree is at most 64 deep.
    uint256 private constant MAX_PROOF_LENGTH = 64;

    /// @dev One slot: an append reads and rewrites it once.
    struct Log {
        address publisher;
        uint64 count;
    }

    struct Mark {
        uint64 blockNumber;
        uint64 blockTime;
    }

    mapping(bytes32 log => Log) private _logs;
    mapping(bytes32 log => mapping(uint64 index => bytes32)) private _roots;
    mapping(bytes32 log => address) private _offers;
    mapping(bytes32 log => Mark) private _marks;

    modifier onlyPublisher(bytes32 log) {
        require(_logs[log].publisher == msg.sender, NotPublisher(log, msg.sender));
        _;
    }

    // Publishing

    function openLog(bytes32 salt) external returns (bytes32 log) {
        log = logId(msg.sender, salt);
        require(_logs[log].publisher == address(0), LogAlreadyOpen(log));
        _logs[log].publisher = msg.sender;
        emit LogOpened(log, msg.sender, salt);
    }

    function offerPublisher(bytes32 log, address to) external onlyPublisher(log) {
        _offers[log] = to;
        emit PublisherOffered(log, msg.sender, to);
    }

    function acceptPublisher(bytes32 log) external {
        require(_offers[log] == msg.sender, NotOffered(log, msg.sender));
        address previous = _logs[log].publisher;
        delete _offers[log];
        _logs[log].publisher = msg.sender;
        emit PublisherChanged(log, previous, msg.sender);
    }

    function append(bytes32 log, uint64 index, bytes32 newRoot, uint64 size) external onlyPublisher(log) {
        uint64 next = _logs[log].count + 1;
        require(index == next, UnexpectedIndex(log, next, index));
        require(newRoot != 0, EmptyRoot());
        require(size != 0, EmptyAnchor());
        _logs[log].count = next;
        _roots[log][next] = newRoot;
        emit Anchored(log, next, newRoot, size);
    }

    // Evidence

    function proveFork(bytes32 log, DeltaEvidence calldata a, DeltaEvidence calldata b) external {
        _requireSameLedger(a.delta.ledger, b.delta.ledger);
        uint64 sequence = a.delta.sequence;
        require(sequence == b.delta.sequence, DifferentSequences(sequence, b.delta.sequence));
        require(a.delta.fingerprint() != b.delta.fingerprint(), SameDelta(a.delta.ledger, sequence));
        _requireDelta(log, a);
        _requireDelta(log, b);
        _mark(log);
        emit ForkProven(log, a.delta.ledger, sequence);
    }

    function proveImbalance(bytes32 log, DeltaEvidence calldata first, DeltaEvidence calldata second) external {
        _requireSameLedger(first.delta.ledger, second.delta.ledger);
        // In uint256, where the successor of the largest sequence does not overflow.
        bool neighbours = uint256(first.delta.sequence) + 1 == second.delta.sequence;
        require(neighbours, NotNeighbours(first.delta.sequence, second.delta.sequence));
        _requireDelta(log, first);
        _requireDelta(log, second);
        bool addsUp = _addsUp(first.delta.balance, second.delta.amount, second.delta.balance);
        _requireContradiction(!addsUp || second.delta.recordedAt < first.delta.recordedAt);
        _markImbalance(log, second.delta);
    }

    function proveFirstImbalance(bytes32 log, DeltaEvidence calldata first) external {
        require(first.delta.sequence == 1, NotAtEdge(1, first.delta.sequence));
        _requireDelta(log, first);
        _requireContradiction(first.delta.balance != first.delta.amount);
        _markImbalance(log, first.delta);
    }

    function proveHeadImbalance(bytes32 log, HeadEvidence calldata statement, DeltaEvidence calldata edge) external {
        _requireSameLedger(statement.head.ledger, edge.delta.ledger);
        require(edge.delta.sequence == statement.head.count, NotAtEdge(statement.head.count, edge.delta.sequence));
        _requireAnchored(log, statement.index, statement.head.leaf(), statement.anchorProof);
        _requireDelta(log, edge);
        _requireContradiction(edge.delta.balance != statement.head.balance);
        _markImbalance(log, edge.delta);
    }

    function proveCheckpointImbalance(
        bytes32 log,
        CheckpointEvidence calldata statement,
        DeltaEvidence calldata contrary
    ) external {
        _requireSameLedger(statement.checkpoint.ledger, contrary.delta.ledger);
        _requireAnchored(log, statement.index, statement.checkpoint.leaf(), statement.anchorProof);
        _requireDelta(log, contrary);
        _requireContradiction(_contradicts(statement.checkpoint, contrary.delta));
        _markImbalance(log, contrary.delta);
    }

    function proveBareCheckpointImbalance(bytes32 log, CheckpointEvidence calldata statement) external {
        Checkpoint calldata checkpoint = statement.checkpoint;
        _requireAnchored(log, statement.index, checkpoint.leaf(), statement.anchorProof);
        _requireContradiction(
            (checkpoint.count == 0 && checkpoint.openingBalance != checkpoint.closingBalance)
                || (checkpoint.firstSequence == 1 && checkpoint.openingBalance != 0)
        );
        _mark(log);
        emit ImbalanceProven(log, checkpoint.ledger, checkpoint.firstSequence);
    }

    // Answers

    function verifyDelta(
        bytes32 log,
        uint64 index,
        Delta calldata delta,
        bytes32[] calldata ledgerProof,
        Head calldata head,
        bytes32[] calldata anchorProof
    ) external view returns (bool) {
        bool atEdge = delta.sequence == head.count;
        return _headCovers(head, delta) && (!atEdge || delta.balance == head.balance)
            && _folds(ledgerProof, delta.leaf(), head.root) && _folds(anchorProof, head.leaf(), _roots[log][index]);
    }

    function verifyHead(bytes32 log, uint64 index, Head calldata head, bytes32[] calldata anchorProof)
        external
        view
        returns (bool)
    {
        return _folds(anchorProof, head.leaf(), _roots[log][index]);
    }

    function verifyCheckpoint(
        bytes32 log,
        uint64 index,
        Checkpoint calldata checkpoint,
        bytes32[] calldata anchorProof
    ) external view returns (bool) {
        return _folds(anchorProof, checkpoint.leaf(), _roots[log][index]);
    }

    function logId(address opener, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), opener, salt));
    }

    function publisher(bytes32 log) external view returns (address) {
        return _logs[log].publisher;
    }

    function pendingPublisher(bytes32 log) external view returns (address) {
        return _offers[log];
    }

    function count(bytes32 log) external view returns (uint64) {
        return _logs[log].count;
    }

    function root(bytes32 log, uint64 index) external view returns (bytes32) {
        return _roots[log][index];
    }

    function latest(bytes32 log) external view returns (uint64 index, bytes32 anchoredRoot) {
        index = _logs[log].count;
        anchoredRoot = _roots[log][index];
    }

    function marked(bytes32 log) external view returns (bool) {
        return _marks[log].blockNumber != 0;
    }

    function markedSince(bytes32 log) external view returns (uint64 blockNumber, uint64 blockTime) {
        Mark storage mark = _marks[log];
        return (mark.blockNumber, mark.blockTime);
    }

    // What evidence has to hold

    function _requireSameLedger(address a, address b) private pure {
        require(a == b, DifferentLedgers(a, b));
    }

    function _requireContradiction(bool contradicts) private pure {
        require(contradicts, NoContradiction());
    }

    function _requireAnchored(bytes32 log, uint64 index, bytes32 leaf, bytes32[] calldata proof) private view {
        require(proof.length <= MAX_PROOF_LENGTH, ProofTooLong(proof.length));
        require(_folds(proof, leaf, _roots[log][index]), NotAnchored(log, index));
    }

    function _requireDelta(bytes32 log, DeltaEvidence calldata e) private view {
        Delta calldata delta = e.delta;
        bool throughHead = e.through == Through.Head;
        bool covered = throughHead ? _headCovers(e.head, delta) : _checkpointCovers(e.checkpoint, delta);
        require(covered, NotCovered(delta.ledger, delta.sequence));
        require(e.proof.length <= MAX_PROOF_LENGTH, ProofTooLong(e.proof.length));
        bytes32 statementRoot = throughHead ? e.head.root : e.checkpoint.root;
        require(_folds(e.proof, delta.leaf(), statementRoot), NotIncluded(delta.ledger, delta.sequence));
        _requireAnchored(log, e.index, throughHead ? e.head.leaf() : e.checkpoint.leaf(), e.anchorProof);
    }

    function _headCovers(Head calldata head, Delta calldata delta) private pure returns (bool) {
        return head.ledger == delta.ledger && delta.sequence != 0 && delta.sequence <= head.count;
    }

    function _checkpointCovers(Checkpoint calldata checkpoint, Delta calldata delta) private pure returns (bool) {
        return checkpoint.ledger == delta.ledger && delta.sequence != 0 && _counts(checkpoint, delta.sequence);
    }

    /// @dev In uint256, where a first sequence and a count of any size add up without overflow.
    function _counts(Checkpoint calldata checkpoint, uint256 sequence) private pure returns (bool) {
        uint256 first = checkpoint.firstSequence;
        return sequence >= first && sequence < first + checkpoint.count;
    }

    function _contradicts(Checkpoint calldata checkpoint, Delta calldata delta) private pure returns (bool) {
        uint256 sequence = delta.sequence;
        uint256 first = checkpoint.firstSequence;
        if (sequence + 1 == first) return delta.balance != checkpoint.openingBalance;
        if (!_counts(checkpoint, sequence)) return false;
        bool outOfWindow = delta.recordedAt < checkpoint.from || delta.recordedAt >= checkpoint.to;
        bool opensWrong = sequence == first && !_addsUp(checkpoint.openingBalance, delta.amount, delta.balance);
        bool closesWrong = sequence + 1 == first + checkpoint.count && delta.balance != checkpoint.closingBalance;
        return outOfWindow || opensWrong || closesWrong;
    }

    /// @dev Whether before + amount = afterwards as integers. Two's complement on purpose: a checked sum would revert
    ///      and so protect a publisher whose balance wrapped around. A sum wrapped if and only if both operands have
    ///      the sign that the sum has not; the true sum then fits no int256, so it equals no balance.
    function _addsUp(int256 before, int256 amount, int256 afterwards) private pure returns (bool) {
        unchecked {
            int256 sum = before + amount;
            bool wrapped = ((before ^ sum) & (amount ^ sum)) < 0;
            return !wrapped && sum == afterwards;
        }
    }

    /// @dev No leaf folds to zero, so a missing anchor (root 0) and an empty window (root 0) hold nothing.
    function _folds(bytes32[] calldata proof, bytes32 leaf, bytes32 expected) private pure returns (bool) {
        return proof.length <= MAX_PROOF_LENGTH && MerkleProof.processProofCalldata(proof, leaf) == expected;
    }

    function _markImbalance(bytes32 log, Delta calldata delta) private {
        _mark(log);
        emit ImbalanceProven(log, delta.ledger, delta.sequence);
    }

    function _mark(bytes32 log) private {
        if (_marks[log].blockNumber != 0) return;
        _marks[log] = Mark({blockNumber: uint64(block.number), blockTime: uint64(block.timestamp)});
        emit LogMarked(log);
    }
}
