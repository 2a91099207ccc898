// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AnchorLog} from "../../../contracts/AnchorLog.sol";
import {IAnchorLog} from "../../../contracts/IAnchorLog.sol";
import {Checkpoint, Delta, Head, LeafFormat} from "../../../contracts/LeafFormat.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @notice Speaks for an account of its own, so that a test has somebody who is not the publisher.
contract Stranger {
    function tryAppend(AnchorLog target, bytes32 log, uint64 index, bytes32 root) external returns (bool done) {
        (done,) = address(target).call(abi.encodeCall(IAnchorLog.append, (log, index, root, 1)));
    }
}

/// @notice Claims about the contract that hold for every input.
contract AnchorLogFuzz {
    AnchorLog private target;
    Stranger private stranger;
    bytes32 private log;
    bytes32[] private none;

    function setUp() external {
        target = new AnchorLog();
        stranger = new Stranger();
        log = target.openLog("fuzz");
    }

    function testFuzz_fingerprintsAreTheFieldsInOrder(Delta memory d, Head memory h, Checkpoint memory c)
        external
        pure
    {
        bytes memory delta = abi.encode(
            keccak256("tallyroot.delta.v1"), d.ledger, d.sequence, d.amount, d.balance, d.recordedAt, d.commitment
        );
        bytes memory head = abi.encode(keccak256("tallyroot.head.v1"), h.ledger, h.count, h.balance, h.root);
        bytes memory checkpoint = bytes.concat(
            abi.encode(keccak256("tallyroot.checkpoint.v1"), c.ledger, c.from, c.to, c.firstSequence),
            abi.encode(c.count, c.openingBalance, c.closingBalance, c.root)
        );
        require(LeafFormat.fingerprint(d) == keccak256(delta), "delta");
        require(LeafFormat.fingerprint(h) == keccak256(head), "head");
        require(LeafFormat.fingerprint(c) == keccak256(checkpoint), "checkpoint");
        require(LeafFormat.leaf(d) == keccak256(abi.encodePacked(keccak256(delta))), "leaf");
    }

    function testFuzz_onlyTheNextIndexIsTaken(uint64 index, bytes32 root, uint64 size, uint8 before) external {
        uint64 anchors = before % 4;
        for (uint64 i = 1; i <= anchors; i++) target.append(log, i, bytes32(uint256(i)), 1);
        bool expected = index == anchors + 1 && root != 0 && size != 0;
        require(_call(abi.encodeCall(IAnchorLog.append, (log, index, root, size))) == expected, "unexpected");
        require(target.count(log) == (expected ? anchors + 1 : anchors), "count");
        for (uint64 i = 1; i <= anchors; i++) require(target.root(log, i) == bytes32(uint256(i)), "rewritten");
    }

    function testFuzz_aStrangerNeverAppends(uint64 index, bytes32 root) external {
        require(!stranger.tryAppend(target, log, index, root), "appended");
        require(!stranger.tryAppend(target, log, 1, root), "appended");
        require(target.count(log) == 0, "count");
    }

    function testFuzz_everyFieldOfADeltaCounts(Delta memory d, bytes32 sibling, uint256 field, uint64 count) external {
        d.sequence = uint64(_bound(d.sequence, 1, type(uint64).max - 1));
        count = uint64(_bound(count, d.sequence, type(uint64).max - 1));
        Head memory h = Head({
            ledger: d.ledger,
            count: count,
            balance: d.balance,
            root: Hashes.commutativeKeccak256(LeafFormat.leaf(d), sibling)
        });
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = sibling;
        target.append(log, 1, LeafFormat.leaf(h), 1);
        require(target.verifyDelta(log, 1, d, proof, h, none), "the honest one");

        field = field % 6;
        if (field == 0) d.ledger = address(uint160(d.ledger) ^ 1);
        if (field == 1) d.sequence ^= 1;
        if (field == 2) d.amount ^= 1;
        if (field == 3) d.balance ^= 1;
        if (field == 4) d.recordedAt ^= 1;
        if (field == 5) d.commitment ^= bytes32(uint256(1));
        require(!target.verifyDelta(log, 1, d, proof, h, none), "a changed one");
    }

    /// @dev The sums of an honest ledger, whatever its amounts: neither its neighbours, nor its first delta, nor its
    ///      head, nor its checkpoint can be turned into evidence.
    function testFuzz_anHonestLogCannotBeMarked(int128[3] memory amounts, uint32[3] memory pauses) external {
        Delta[3] memory deltas;
        int256 balance;
        uint64 time = 1;
        for (uint256 i = 0; i < 3; i++) {
            balance += amounts[i];
            time += pauses[i];
            deltas[i] = Delta(address(0xbeef), uint64(i + 1), amounts[i], balance, time, bytes32(i));
        }
        (Head memory h, Checkpoint memory c) = _statements(deltas);
        target.append(log, 1, Hashes.commutativeKeccak256(LeafFormat.leaf(h), LeafFormat.leaf(c)), 2);
        IAnchorLog.HeadEvidence memory he = IAnchorLog.HeadEvidence(1, h, _one(LeafFormat.leaf(c)));
        IAnchorLog.CheckpointEvidence memory ce = IAnchorLog.CheckpointEvidence(1, c, _one(LeafFormat.leaf(h)));

        require(!_call(abi.encodeCall(IAnchorLog.proveBareCheckpointImbalance, (log, ce))), "bare checkpoint");
        for (uint256 i = 0; i < 3; i++) {
            IAnchorLog.DeltaEvidence memory a = _evidence(deltas, i, h, c, IAnchorLog.Through.Head);
            require(target.verifyDelta(log, 1, a.delta, a.proof, h, a.anchorProof), "not under the log");
            require(!_call(abi.encodeCall(IAnchorLog.proveFirstImbalance, (log, a))), "first");
            require(!_call(abi.encodeCall(IAnchorLog.proveHeadImbalance, (log, he, a))), "head");
            require(!_call(abi.encodeCall(IAnchorLog.proveCheckpointImbalance, (log, ce, a))), "checkpoint");
            for (uint256 j = 0; j < 3; j++) {
                IAnchorLog.DeltaEvidence memory b = _evidence(deltas, j, h, c, IAnchorLog.Through.Checkpoint);
                require(!_call(abi.encodeCall(IAnchorLog.proveFork, (log, a, b))), "fork");
                require(!_call(abi.encodeCall(IAnchorLog.proveImbalance, (log, a, b))), "imbalance");
            }
        }
        require(!target.marked(log), "marked");
    }

    /// @dev The contract's test for a sum that wraps, against a second method: widen to int512 by hand, as the sum of
    ///      halves and the sum of low bits.
    function testFuzz_neighboursAreEvidenceExactlyIfTheirSumIsWrong(int256 start, int256 amount, int256 end, bool right)
        external
    {
        unchecked {
            // Random triples never add up, so half of the runs take the wrapped sum, which is right unless it wrapped.
            if (right) end = start + amount;
        }
        bool addsUp = _halvesAddUp(start, amount, end);
        Delta[3] memory deltas;
        deltas[0] = Delta(address(0xbeef), 1, start, start, 1, 0);
        deltas[1] = Delta(address(0xbeef), 2, amount, end, 1, 0);
        deltas[2] = Delta(address(0xbeef), 3, 0, end, 1, 0);
        (Head memory h, Checkpoint memory c) = _statements(deltas);
        target.append(log, 1, Hashes.commutativeKeccak256(LeafFormat.leaf(h), LeafFormat.leaf(c)), 2);
        IAnchorLog.DeltaEvidence memory a = _evidence(deltas, 0, h, c, IAnchorLog.Through.Head);
        IAnchorLog.DeltaEvidence memory b = _evidence(deltas, 1, h, c, IAnchorLog.Through.Checkpoint);
        require(_call(abi.encodeCall(IAnchorLog.proveImbalance, (log, a, b))) == !addsUp, "sum");
        require(target.marked(log) == !addsUp, "mark");
    }

    function _halvesAddUp(int256 x, int256 y, int256 z) private pure returns (bool) {
        // x + y = z  <=>  2 * (x>>1 + y>>1) + (x&1) + (y&1) = 2 * (z>>1) + (z&1); halves can not overflow.
        int256 low = (x & 1) + (y & 1) - (z & 1);
        return low % 2 == 0 && (x >> 1) + (y >> 1) + low / 2 == (z >> 1);
    }

    function _statements(Delta[3] memory d) private pure returns (Head memory h, Checkpoint memory c) {
        bytes32 root = Hashes.commutativeKeccak256(
            Hashes.commutativeKeccak256(LeafFormat.leaf(d[0]), LeafFormat.leaf(d[1])), LeafFormat.leaf(d[2])
        );
        h = Head(d[0].ledger, 3, d[2].balance, root);
        c = Checkpoint(d[0].ledger, 0, type(uint64).max, 1, 3, 0, d[2].balance, root);
    }

    function _evidence(Delta[3] memory d, uint256 i, Head memory h, Checkpoint memory c, IAnchorLog.Through through)
        private
        pure
        returns (IAnchorLog.DeltaEvidence memory)
    {
        bytes32[] memory proof;
        if (i == 2) {
            proof = _one(Hashes.commutativeKeccak256(LeafFormat.leaf(d[0]), LeafFormat.leaf(d[1])));
        } else {
            proof = new bytes32[](2);
            proof[0] = LeafFormat.leaf(d[1 - i]);
            proof[1] = LeafFormat.leaf(d[2]);
        }
        bytes32 sibling = through == IAnchorLog.Through.Head ? LeafFormat.leaf(c) : LeafFormat.leaf(h);
        return IAnchorLog.DeltaEvidence(d[i], proof, through, h, c, 1, _one(sibling));
    }

    function _one(bytes32 sibling) private pure returns (bytes32[] memory proof) {
        proof = new bytes32[](1);
        proof[0] = sibling;
    }

    function _bound(uint64 value, uint64 low, uint64 high) private pure returns (uint64) {
        return value < low || value > high ? low + value % (high - low + 1) : value;
    }

    function _call(bytes memory data) private returns (bool done) {
        (done,) = address(target).call(data);
    }
}
