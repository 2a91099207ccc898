/** Something cannot be deployed where it belongs; the message says why, and what to do. */
export class DeploymentError extends Error {
  override readonly name = "DeploymentError";
}
