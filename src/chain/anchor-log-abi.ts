import { parseAbi } from "viem";

/**
 * The ABI of the contract `AnchorLog`, written out so that nothing at run time needs a compiler's artifact.
 * `contracts/IAnchorLog.sol` documents every line; a test compares both. `through`: 0 is a head, 1 a checkpoint.
 */
export const anchorLogAbi = parseAbi([
  "struct Delta { address ledger; uint64 sequence; int256 amount; int256 balance; uint64 recordedAt; bytes32 commitment; }",
  "struct Head { address ledger; uint64 count; int256 balance; bytes32 root; }",
  "struct Checkpoint { address ledger; uint64 from; uint64 to; uint64 firstSequence; uint64 count; int256 openingBalance; int256 closingBalance; bytes32 root; }",
  "struct HeadEvidence { uint64 index; Head head; bytes32[] anchorProof; }",
  "struct CheckpointEvidence { uint64 index; Checkpoint checkpoint; bytes32[] anchorProof; }",
  "struct DeltaEvidence { Delta delta; bytes32[] proof; uint8 through; Head head; Checkpoint checkpoint; uint64 index; bytes32[] anchorProof; }",

  "function openLog(bytes32 salt) returns (bytes32 log)",
  "function offerPublisher(bytes32 log, address to)",
  "function acceptPublisher(bytes32 log)",
  "function append(bytes32 log, uint64 index, bytes32 newRoot, uint64 size)",

  "function proveFork(bytes32 log, DeltaEvidence a, DeltaEvidence b)",
  "function proveImbalance(bytes32 log, DeltaEvidence first, DeltaEvidence second)",
  "function proveFirstImbalance(bytes32 log, DeltaEvidence first)",
  "function proveHeadImbalance(bytes32 log, HeadEvidence statement, DeltaEvidence edge)",
  "function proveCheckpointImbalance(bytes32 log, CheckpointEvidence statement, DeltaEvidence contrary)",
  "function proveBareCheckpointImbalance(bytes32 log, CheckpointEvidence statement)",

  "function verifyDelta(bytes32 log, uint64 index, Delta delta, bytes32[] ledgerProof, Head head, bytes32[] anchorProof) view returns (bool)",
  "function verifyHead(bytes32 log, uint64 index, Head head, bytes32[] anchorProof) view returns (bool)",
  "function verifyCheckpoint(bytes32 log, uint64 index, Checkpoint checkpoint, bytes32[] anchorProof) view returns (bool)",

  "function logId(address opener, bytes32 salt) view returns (bytes32)",
  "function publisher(bytes32 log) view returns (address)",
  "function pendingPublisher(bytes32 log) view returns (address)",
  "function count(bytes32 log) view returns (uint64)",
  "function root(bytes32 log, uint64 index) view returns (bytes32)",
  "function latest(bytes32 log) view returns (uint64 index, bytes32 anchoredRoot)",
  "function marked(bytes32 log) view returns (bool)",
  "function markedSince(bytes32 log) view returns (uint64 blockNumber, uint64 blockTime)",

  "event LogOpened(bytes32 indexed log, address indexed publisher, bytes32 salt)",
  "event PublisherOffered(bytes32 indexed log, address indexed publisher, address indexed to)",
  "event PublisherChanged(bytes32 indexed log, address indexed previous, address indexed next)",
  "event Anchored(bytes32 indexed log, uint64 indexed index, bytes32 indexed root, uint64 size)",
  "event ForkProven(bytes32 indexed log, address indexed ledger, uint64 indexed sequence)",
  "event ImbalanceProven(bytes32 indexed log, address indexed ledger, uint64 indexed sequence)",
  "event LogMarked(bytes32 indexed log)",

  "error LogAlreadyOpen(bytes32 log)",
  "error NotPublisher(bytes32 log, address caller)",
  "error NotOffered(bytes32 log, address caller)",
  "error UnexpectedIndex(bytes32 log, uint64 expected, uint64 given)",
  "error EmptyRoot()",
  "error EmptyAnchor()",
  "error ProofTooLong(uint256 length)",
  "error NotAnchored(bytes32 log, uint64 index)",
  "error NotCovered(address ledger, uint64 sequence)",
  "error NotIncluded(address ledger, uint64 sequence)",
  "error DifferentLedgers(address a, address b)",
  "error DifferentSequences(uint64 a, uint64 b)",
  "error SameDelta(address ledger, uint64 sequence)",
  "error NotNeighbours(uint64 a, uint64 b)",
  "error NotAtEdge(uint64 expected, uint64 given)",
  "error NoContradiction()",
]);
