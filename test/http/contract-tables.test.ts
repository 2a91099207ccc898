import { readFileSync } from "node:fs";
import { expect } from "chai";
import { SETTING_NAMES } from "#src/config.ts";
import { ERRORS, type ErrorCode } from "#src/core/errors.ts";
import { nameOf, openApiOf } from "#src/http/openapi.ts";
import { PAGE_LINES } from "#src/http/pages.ts";
import { codesOf } from "#src/http/route-codes.ts";
import { ROUTES } from "#src/http/route-table.ts";
import { STATUSES } from "#src/http/statuses.ts";
import { type Document, operationsOf } from "./operations.ts";

/** What is written down in several places says the same in each. */

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const document = JSON.parse(JSON.stringify(openApiOf(ROUTES))) as Document;

/** The rows of README's table whose first column has this heading, cell by cell; code marks are dropped. */
function readmeTable(heading: string): string[][] {
  const [, rows] = new RegExp(`^\\| ${heading} \\|.*\\n\\|[ -|]+\\|\\n((?:\\|.*\\n)+)`, "m").exec(README) ?? [];
  expect(rows, `README's table of each ${heading}`).to.be.a("string");
  return rows!
    .trimEnd()
    .split("\n")
    .map((row) =>
      row
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
    );
}

/** An operation's name as the route table has it. */
function routeOf({ method, path }: { method: string; path: string }): string {
  return `${method} ${path.replace(/\{(\w+)\}/g, ":$1")}`;
}

describe("the routes", () => {
  const names = ROUTES.map(nameOf);

  it("are in the table once each", () => {
    expect(names.filter((name, i) => names.indexOf(name) !== i)).to.deep.equal([]);
  });

  it("are those of README", () => {
    expect(readmeTable("route").map(([name]) => name)).to.have.members(names);
  });

  it("are those of the OpenAPI document", () => {
    expect(operationsOf(document).map(routeOf)).to.have.members(names);
  });

  it("that README calls public are those that need no key", () => {
    const said = readmeTable("route").filter(([, text]) => text!.startsWith("public:"));
    const open = ROUTES.filter(({ access, path }) => access === "public" && !/^\/(healthz|readyz|metrics)$/.test(path));
    expect(said.map(([name]) => name)).to.have.members(open.map(nameOf));
  });

  it("need a key in the document exactly where the table asks for one", () => {
    const open = operationsOf(document).filter(({ operation }) => operation.security.length === 0);
    expect(open.map(routeOf)).to.have.members(ROUTES.filter(({ access }) => access === "public").map(nameOf));
  });

  it("take a body in the document exactly where they have a schema for one", () => {
    const taking = operationsOf(document).filter(({ operation }) => operation.requestBody !== undefined);
    expect(taking.map(routeOf)).to.have.members(ROUTES.filter(({ body }) => body !== undefined).map(nameOf));
  });
});

describe("the pages", () => {
  it("are those of README", () => {
    const said = readmeTable("page").flatMap(([paths]) => paths!.split("`, `"));
    expect(said).to.have.members(PAGE_LINES.map(({ path }) => path));
  });

  it("are at paths that no route of the API has", () => {
    const taken = new Set(ROUTES.map(({ path }) => path));
    expect(PAGE_LINES.filter(({ path }) => taken.has(path))).to.deep.equal([]);
  });
});

describe("the error codes", () => {
  const codes = Object.keys(ERRORS) as ErrorCode[];

  it("have a status each", () => {
    expect(Object.keys(STATUSES)).to.have.members(codes);
  });

  it("are in README with their status and meaning", () => {
    const said = readmeTable("code");
    expect(said).to.have.deep.members(codes.map((code) => [code, String(STATUSES[code]), ERRORS[code].meaning]));
  });

  it("are in the document, each with what to do next", () => {
    const { enum: listed, description } = document.components.schemas.ErrorCode as {
      enum: string[];
      description: string;
    };
    expect(listed).to.have.members(codes);
    for (const code of codes)
      expect(description).to.include(`\`${code}\`: ${ERRORS[code].meaning} ${ERRORS[code].next}`);
  });

  it("of a route are under their status in the document", () => {
    for (const line of ROUTES) {
      const { operation } = operationsOf(document).find((one) => routeOf(one) === nameOf(line))!;
      const said = Object.entries(operation.responses)
        .filter(([status]) => Number(status) >= 400)
        .flatMap(([status, { content }]) => {
          const { properties } = content["application/json"]!.schema as {
            properties: { error: { properties: { code: { enum: ErrorCode[] } } } };
          };
          return properties.error.properties.code.enum.map((code) => [code, Number(status)]);
        });
      expect(said, nameOf(line)).to.have.deep.members(codesOf(line).map((code) => [code, STATUSES[code]]));
    }
  });

  it("that may be tried again are those of 429 and 503", () => {
    const retryable = codes.filter((code) => ERRORS[code].retryable);
    expect(retryable).to.have.members(codes.filter((code) => [429, 503].includes(STATUSES[code])));
  });
});

describe("the settings", () => {
  it("are those of README", () => {
    expect(readmeTable("setting").map(([name]) => name)).to.have.members(SETTING_NAMES);
  });
});
