import { TallyrootApiError } from "../../sdk/errors.ts";

/** Why the server refused one member of what was sent; null where it was not about that member. */
export function refusedMember(error: unknown, member: string): string | null {
  if (!(error instanceof TallyrootApiError) || error.code !== "VALIDATION_ERROR") return null;
  const { issues } = error.details;
  if (!Array.isArray(issues)) return null;
  const about = issues.find((issue): issue is { path: string; message: string } => issue?.path === member);
  return about === undefined ? null : about.message;
}
