// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoint, Delta, Head, LeafFormat} from "../../../contracts/LeafFormat.sol";

/// @notice Opens the library to tests that compare it with the golden vectors.
contract LeafFormatHarness {
    function words() external pure returns (bytes32 delta, bytes32 head, bytes32 checkpoint) {
        return (LeafFormat.DELTA_V1, LeafFormat.HEAD_V1, LeafFormat.CHECKPOINT_V1);
    }

    function ofDelta(Delta calldata delta) external pure returns (bytes32 fingerprint, bytes32 leaf) {
        return (LeafFormat.fingerprint(delta), LeafFormat.leaf(delta));
    }

    function ofHead(Head calldata head) external pure returns (bytes32 fingerprint, bytes32 leaf) {
        return (LeafFormat.fingerprint(head), LeafFormat.leaf(head));
    }

    function ofCheckpoint(Checkpoint calldata checkpoint) external pure returns (bytes32 fingerprint, bytes32 leaf) {
        return (LeafFormat.fingerprint(checkpoint), LeafFormat.leaf(checkpoint));
    }
}
