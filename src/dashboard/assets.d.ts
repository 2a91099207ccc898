/** What Vite makes of imports that are no code. */
declare module "*.css";

declare module "*.module.css" {
  const names: Readonly<Record<string, string>>;

  export { names as default };
}

/** A file's text. */
declare module "*?raw" {
  const text: string;

  export { text as default };
}
