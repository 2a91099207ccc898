/** What the person at the terminal can understand and mend: shown as its message, without a stack. */
export class DemoFailure extends Error {
  override readonly name = "DemoFailure";
}
