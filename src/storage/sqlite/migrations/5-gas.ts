/**
 * The gas that an anchor's transaction used, as its receipt says. Anchors that were confirmed before have none, and it is not asked for
 * afterwards: the nodes of a public chain do not keep receipts for ever.
 */
export const GAS = "ALTER TABLE anchor_progress ADD COLUMN gas_used INTEGER";
