export function alone(
  path: string,
  say: (line: string) => void,
  work: (involve: (pid: number) => void) => Promise<void>,
): Promise<void>;
