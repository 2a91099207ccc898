import type { Checked, Verifier } from "./checking.ts";
import type { CallOptions, Query, Transport, TransportRequest } from "./transport.ts";

/** The transport with its answers typed, and checked where nothing is trusted. */
export type Api = {
  /**
   * @param checked what the answer means, for the verifier; without it the answer is nothing that evidence could be held against.
   * @throws what the transport throws; TallyrootVerificationError
   */
  ask<T>(request: TransportRequest, checked?: (data: T) => Checked): Promise<T>;
  get<T>(path: string, query: Query, options?: CallOptions, checked?: (data: T) => Checked): Promise<T>;
  post<T>(path: string, body: unknown, options?: CallOptions, checked?: (data: T) => Checked): Promise<T>;
};

/** @param verifier gives what checks every answer, where nothing is trusted. */
export function openApi(transport: Transport, verifier: (() => Promise<Verifier>) | undefined): Api {
  async function ask<T>(request: TransportRequest, checked?: (data: T) => Checked): Promise<T> {
    if (!verifier || !checked) return (await transport.send(request)).data as T;
    const { moment, check } = await verifier();
    const sent = moment();
    const data = (await transport.send(request)).data as T;
    await check(checked(data), sent, { signal: request.signal });
    return data;
  }
  return {
    ask,
    get: (path, query, options, checked) => ask({ ...options, method: "GET", path, query }, checked),
    post: (path, body, options, checked) => ask({ ...options, method: "POST", path, body }, checked),
  };
}

/** One segment of a path, whatever is in it. */
export const segment = encodeURIComponent;
