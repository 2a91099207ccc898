/** The Node-API version that SQLite's native part calls: an older Node is ended by a segmentation fault. */
const NODE_API = 10;
/** The first Node that has it; among the odd ones, 23.6. */
const LEAST_NODE = "22.14";

/** Why this Node cannot run the server and its database; undefined where it can. It asks without loading them. */
export function nodeRefusal(): string | undefined {
  const { node, napi = "0" } = process.versions;
  if (Number(napi) >= NODE_API) return undefined;
  return `the server and its database need Node ${LEAST_NODE} or newer, and this is ${node}`;
}
