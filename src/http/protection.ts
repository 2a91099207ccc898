import type { IncomingMessage, ServerResponse } from "node:http";
import helmet, { type HelmetOptions } from "helmet";

/**
 * Headers by which an answer protects whoever looks at it in a browser, the same for every answer.
 *
 * JSON that is opened as a page loads nothing and is framed by nobody; `/docs` and the pages have policies of their own. Not sent: what browsers
 * no longer read, and what forces https, which would lock out a laptop's plain http and is the business of the proxy that has the
 * certificate.
 */
const PROTECTION: Readonly<HelmetOptions> = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
  },
  strictTransportSecurity: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

/** The same headers by name: they do not depend on the request, so that they are made once and written with each head. */
export const PROTECTION_HEADERS: Readonly<Record<string, string>> = headersOf(PROTECTION);

function headersOf(options: Readonly<HelmetOptions>): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader(name: string, value: unknown) {
      headers[name] = String(value);
    },
    removeHeader() {},
  };
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error) throw error;
  });
  return headers;
}

/** The policy of `/docs`: scripts and styles from this server only, requests to this server only. */
export const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI puts a few style attributes into its elements; they can neither run anything nor load anything (img-src, font-src).
  "style-src-elem 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** What the pages may do, beside asking: load from this server, and show what they made themselves. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // The component library sets style attributes and writes a <style> element; scripts are never inline.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** The policy of the dashboard, which holds a key: it asks this server and nobody else. */
export const APP_POLICY = [...PAGE_POLICY, "connect-src 'self'"].join("; ");

/** The policy of the pages that need no key: whoever verifies chooses the endpoint of the chain that is asked. */
export const PUBLIC_POLICY = [...PAGE_POLICY, "connect-src 'self' http: https:"].join("; ");
